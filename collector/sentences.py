"""Validation errors as sentences: what stands there, and what was expected. No library's words, no library's links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from collector.document import KeyPath
from collector.monitor import DestinationSettings
from collector.strict import near_miss

SECRET_KEYS = frozenset({"secret", "token", "buffer_url", "hash_key"})
"""Keys whose values are never shown, not even wrong ones."""

_LONGEST_SHOWN = 60
_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of at most 4300 digits",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "path_type": "a path",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "at most {le}",
}
_NAME_EXPECTED = (
    "a name of letters, digits, '.', '_' and '-', at most 128 of them, that begins with a letter or a digit"
)

_DESTINATION_TYPES = tuple(
    get_args(destination.model_fields["type"].annotation)[0]
    for destination in get_args(get_args(DestinationSettings)[0])
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong: the key path in the document, and the sentence about it."""

    path: KeyPath
    sentence: str
    of_key: bool = False
    """The key is wrong, not its value."""

    def __str__(self) -> str:
        place = dotted(self.path)
        return f"{place}: {self.sentence}" if place else self.sentence


def complaints(error: ValidationError, value: object) -> list[Complaint]:
    """What is wrong with `value`, in the order of the document. Alternatives for one place become one sentence."""
    places: dict[KeyPath, list[dict[str, Any]]] = {}
    for each in error.errors(include_url=False):
        places.setdefault(_in_document(each["loc"], value, each["type"]), []).append(dict(each))
    found = [_complaint(path, errors) for path, errors in places.items()]
    return [each for each in found if not (each.sentence.startswith("expected") and _is_explained(each.path, found))]


def dotted(path: Sequence[str | int]) -> str:
    """A key path as people write it.

    >>> dotted(("monitors", 0, "window", "every"))
    'monitors[0].window.every'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def shown(value: object) -> str:
    """A value as an error may show it: short, and what it is when it is not a scalar.

    >>> shown("banana"), shown([1, 2]), shown(None)
    ("'banana'", 'a list', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | int | float) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _in_document(location: tuple[str | int, ...], value: Any, kind: str) -> KeyPath:
    """The error's place without the steps that the library adds for its own alternatives."""
    path: list[str | int] = []
    step: Any
    for position, step in enumerate(location):
        if (isinstance(value, Mapping) and step in value) or (
            isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
        ):
            value = value[step]
        elif not (kind == "missing" and position == len(location) - 1):
            continue
        path.append(step)
    return tuple(path)


def _is_explained(path: KeyPath, found: Sequence[Complaint]) -> bool:
    """Whether an alternative came further: `{a: {}}` is no list, but more is said by what is wrong at `a`."""
    return any(len(other.path) > len(path) and other.path[: len(path)] == path for other in found)


def _complaint(path: KeyPath, errors: Sequence[dict[str, Any]]) -> Complaint:
    first = errors[0]
    kind, context, value = first["type"], first.get("ctx", {}), first["input"]
    if kind == "unknown_key":
        return Complaint(path, context["sentence"], of_key=True)
    if kind == "inconsistent":
        return Complaint(path, context["sentence"])
    if kind == "missing":
        return Complaint(path[:-1], f"the key {path[-1]!r} is missing")
    if kind == "union_tag_not_found":
        return Complaint(path, f"the key 'type' is missing: expected one of {', '.join(_DESTINATION_TYPES)}")
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        known = ", ".join(_DESTINATION_TYPES)
        sentence = f"expected one of {known}, not {tag!r}{near_miss(tag, _DESTINATION_TYPES)}"
        return Complaint((*path, "type"), sentence)
    if kind == "string_pattern_mismatch":
        return Complaint(path, f"expected {_NAME_EXPECTED}, not {shown(value)}", of_key=first["loc"][-1] == "[key]")
    if kind == "value_error":
        return Complaint(path, str(context["error"]))
    expected = list(dict.fromkeys(_expected(each) for each in errors))
    sentence = f"expected {' or '.join(expected)}"
    if any(step in SECRET_KEYS for step in path):
        return Complaint(path, sentence)
    sentence += f", not {shown(value)}"
    if kind == "literal_error" and isinstance(value, str):
        sentence += near_miss(value, context["expected"].replace(" or ", ", ").replace("'", "").split(", "))
    if "text" in expected and not isinstance(value, Mapping | list | tuple) and value is not None:
        sentence += ": put it in quotes"
    return Complaint(path, sentence)


def _expected(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**context)
    if kind == "literal_error":
        return f"one of {context['expected']}"
    message: str = error["msg"]
    return message.removeprefix("Input should be ").removeprefix("Value error, ")
