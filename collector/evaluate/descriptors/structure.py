"""Whether texts are well-formed, and equal to what they should be."""

import ast
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from collector.errors import Invalid
from collector.evaluate.derived import DerivedType
from collector.evaluate.descriptors.base import PairDescriptor, TextDescriptor

TYPES: Mapping[str, type] = {each.__name__: each for each in (str, int, float, bool, list, dict)}
_NOT_JSON = object()


def _parsed(text: object) -> Any:
    """What the JSON text means, or _NOT_JSON."""
    try:
        return json.loads(text) if isinstance(text, str) else _NOT_JSON
    except (ValueError, RecursionError):
        return _NOT_JSON


@dataclass(frozen=True, kw_only=True)
class IsValidJSON(TextDescriptor):
    """Whether the text is JSON; false of a missing text.

    >>> IsValidJSON().of('{"a": 1}'), IsValidJSON().of("[1, 2")
    (True, False)
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = False

    def title(self, column: str) -> str:
        return f"JSON valid for {column}"

    def of(self, text: str) -> bool:
        return _parsed(text) is not _NOT_JSON


@dataclass(frozen=True, kw_only=True)
class IsValidPython(TextDescriptor):
    """Whether the text is a Python program, the empty one included; false of a missing text. Nothing is executed.

    >>> IsValidPython().of("x = 1 + 2"), IsValidPython().of("x = = 1")
    (True, False)
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = False

    def title(self, column: str) -> str:
        return f"Valid Python for {column}"

    def of(self, text: str) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # odd escapes are valid
                ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True


@dataclass(frozen=True)
class ExactMatch(PairDescriptor):
    """Whether the text equals the cell beside it; a missing cell equals nothing.

    >>> ExactMatch(with_column="answer").of("yes", "yes")
    True
    """

    def title(self, column: str) -> str:
        return f"Exact Match for {column} {self.with_column}."

    def of(self, left: object, right: object) -> bool:
        return left is not None and right is not None and bool(left == right)


@dataclass(frozen=True)
class JSONMatch(PairDescriptor):
    """Whether the text and the cell beside it are JSON of the same meaning, in whatever order of keys.

    >>> JSONMatch(with_column="answer").of('{"a": 1, "b": 2}', '{"b": 2, "a": 1}')
    True
    """

    def title(self, column: str) -> str:
        return f"JSON match for columns {column} and {self.with_column}"

    def of(self, left: object, right: object) -> bool:
        first, second = _parsed(left), _parsed(right)
        return first is not _NOT_JSON and second is not _NOT_JSON and bool(first == second)


@dataclass(frozen=True)
class JSONSchemaMatch(TextDescriptor):
    """Whether the text is a JSON object with the expected keys, none of them null; false of a missing text.

    `expected_schema`: a type for each key (in configuration its name: str, int, float, bool, list, dict).
    `validate_types`: values must be of these types. `exact_match`: and there are no other keys.

    >>> JSONSchemaMatch({"a": int}, exact_match=True).of('{"a": 1}'), JSONSchemaMatch({"a": int}).of('{"a": null}')
    (True, False)
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = False

    expected_schema: Mapping[str, type | str]
    validate_types: bool = False
    exact_match: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.expected_schema, Mapping):
            raise Invalid(f"expected_schema is {self.expected_schema!r}: expected a type for each key")
        object.__setattr__(self, "expected_schema", {key: _type(key, of) for key, of in self.expected_schema.items()})

    def title(self, column: str) -> str:  # noqa: ARG002 - so the peers call it
        return f"JSONSchemaMatch {'exact' if self.exact_match else 'minimal'} match"

    def of(self, text: str) -> bool:
        found = _parsed(text)
        if not isinstance(found, dict):
            return False
        if self.exact_match and found.keys() != self.expected_schema.keys():
            return False
        strict = self.validate_types or self.exact_match
        return all(
            found.get(key) is not None and (not strict or isinstance(found[key], wanted))
            for key, wanted in self.expected_schema.items()
            if isinstance(wanted, type)
        )


def _type(key: str, wanted: object) -> type:
    found = TYPES.get(wanted) if isinstance(wanted, str) else wanted
    if not isinstance(found, type):
        raise Invalid(f"expected_schema: {key!r} is {wanted!r}: expected one of {', '.join(TYPES)}")
    return found
