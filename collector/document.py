"""A YAML file as plain values, without losing where each of them stands.

PyYAML composes the nodes, which know their line; the values are made from them here, so that a duplicate key, a tag
that we do not know or a missing environment variable is an error with a line, and every later complaint about a value
can name its line too. Nothing here knows what the values mean.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from collector.errors import Invalid

KeyPath = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Document:
    """The values of a file, and the way back from a key path to a line.

    `secrets` are the values that came from the environment: `veil` takes them out of a sentence.
    """

    origin: str
    value: object
    root: yaml.Node
    problems: Sequence[tuple[int, str]]
    secrets: Mapping[str, str] = field(repr=False)

    def line(self, path: KeyPath, *, of_key: bool = False) -> int:
        """The line of a value, or of its key; of the nearest thing that contains it when it is not there."""
        node, line = self.root, self.root.start_mark.line
        for position, step in enumerate(path):
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            last = position == len(path) - 1
            line = (key if last and of_key else node).start_mark.line
        return line + 1

    def veil(self, sentence: str) -> str:
        """The sentence with every value that came from the environment replaced by its `${NAME}`."""
        for value, name in self.secrets.items():
            for text in {value, repr(value)[1:-1]}:
                if len(text) >= _ALWAYS_VEILED:
                    sentence = sentence.replace(text, name)
                else:
                    sentence = sentence.replace(f"'{text}'", f"'{name}'")
        return sentence


_ALWAYS_VEILED = 4
"""A shorter value, such as `1`, is only replaced where it stands in quotes: it may be a part of any word."""


def read(path: Path, environment: Mapping[str, str]) -> Document:
    """Read a YAML file. Raises Invalid when there is no document to speak of; what is wrong inside the document
    stands in `problems`, with its line, so that it can be told together with everything else.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise Invalid(f"{path}: there is no such file") from error
    except IsADirectoryError as error:
        raise Invalid(f"{path}: this is a directory, expected a YAML file") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 text (byte {error.start}), expected a YAML file") from error
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}") from error
    return parse(text, origin=str(path), environment=environment)


def parse(text: str, *, origin: str, environment: Mapping[str, str]) -> Document:
    """The same for text; `origin` is the name that errors begin with."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Invalid(
            f"{origin}:{line}: not YAML: a character that is not allowed (#x{error.character:04x})"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{origin}:{mark.line + 1}" if mark else origin
        raise Invalid(f"{place}: not YAML: {error.problem or error.context}") from error
    except RecursionError as error:
        raise Invalid(f"{origin}: nested too deeply") from error
    if root is None:
        raise Invalid(f"{origin}: empty, expected at least one monitor under the key 'monitors'")
    reader = _Reader(loader, environment)
    try:
        value = reader.value(root)
    except RecursionError as error:
        raise Invalid(f"{origin}: nested too deeply") from error
    return Document(origin, value, root, reader.problems, reader.secrets)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        return (node.value[step],) * 2 if isinstance(step, int) and step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return key, value
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        for other in merged:
            found = _child(other, step)
            if found is not None:
                return found
    return None


class _Reader:
    """Makes values from nodes and collects what is wrong. It has state because aliases meet the same node again."""

    def __init__(self, loader: yaml.SafeLoader, environment: Mapping[str, str]) -> None:
        self._loader = loader
        self._environment = environment
        self._made: dict[int, object] = {}
        self._open: set[int] = set()
        self.problems: list[tuple[int, str]] = []
        self.secrets: dict[str, str] = {}

    def value(self, node: yaml.Node) -> object:
        known = id(node)
        if known in self._open:
            self._wrong(node, "an alias contains itself")
            return None
        if known not in self._made:
            self._open.add(known)
            self._made[known] = self._make(node)
            self._open.discard(known)
        return self._made[known]

    def _make(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item) for item in node.value]
        if isinstance(node, yaml.ScalarNode) and node.tag == _STRING:
            return self._expanded(node)
        try:
            return self._loader.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError) as error:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            reason = str(error) if isinstance(error, ValueError) else f"the tag {tag!r} has no meaning here"
            self._wrong(node, reason)
            return None

    def _mapping(self, node: yaml.MappingNode) -> dict[Hashable, object]:
        own: dict[Hashable, object] = {}
        merged: list[yaml.Node] = []
        lines: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            key = self._loader.construct_object(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str | int) or isinstance(key, bool):
                shown = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or mapping"
                self._wrong(key_node, f"the key {shown} is not text: put it in quotes")
                continue
            if key in lines:
                self._wrong(key_node, f"the key {key!r} is given twice: first in line {lines[key]}")
            lines[key] = key_node.start_mark.line + 1
            own[key] = self.value(value_node)
        for other in merged:
            values = self.value(other)
            if not isinstance(values, dict):
                self._wrong(other, "<< takes a mapping, or a list of mappings")
                continue
            own = {**values, **own}
        return own

    def _expanded(self, node: yaml.ScalarNode) -> str:
        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name is None:
                return "${"
            if not match.group(2) or not _VARIABLE_NAME.fullmatch(name):
                self._wrong(node, f"{match.group()!r} is no variable: expected ${{NAME}}, or $${{ for a plain ${{")
            elif name not in self._environment:
                self._wrong(node, f"the environment variable {name} is not set")
            else:
                value = self._environment[name]
                if value:
                    self.secrets[value] = f"${{{name}}}"
                return value
            return match.group()

        return _VARIABLE.sub(replace, str(node.value))

    def _wrong(self, node: yaml.Node, sentence: str) -> None:
        self.problems.append((node.start_mark.line + 1, sentence))
