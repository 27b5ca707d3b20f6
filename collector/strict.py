"""What all models of a configuration have in common: they are frozen, and a wrong key is told with the nearest right one."""

import difflib
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

_UNKNOWN_KEY: Literal["unknown_key"] = "unknown_key"
_INCONSISTENT: Literal["inconsistent"] = "inconsistent"


class Model(BaseModel):
    """Frozen, and strict about keys: an unknown one is an error that names the nearest known key."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_keys(cls, value: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(value)
        except ValidationError as error:
            known = [field.alias or name for name, field in cls.model_fields.items()]
            raise ValidationError.from_exception_data(
                error.title, [_with_near_miss(each, known) for each in error.errors()]
            ) from None


def _with_near_miss(error: ErrorDetails, known: Sequence[str]) -> InitErrorDetails:
    """The same error; one that says that a key is unknown gets the known keys. Errors from further in come through
    here once for each model around them, so those that were made here are made again.
    """
    kind: str | PydanticCustomError = error["type"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden" and len(error["loc"]) == 1:
        key = str(error["loc"][0])
        context = {"sentence": f"unknown key {key!r}{near_miss(key, known)}; known keys: {', '.join(known)}"}
        kind = _UNKNOWN_KEY
    if kind == _UNKNOWN_KEY or kind == _INCONSISTENT:  # noqa: PLR1714, SIM109 - mypy narrows it so
        kind = PydanticCustomError(kind, "{sentence}", context)
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"], ctx=context)


def inconsistent(sentence: str, *place: str | int) -> ValidationError:
    """Two values that do not fit together, told at the place of the one to change."""
    kind = PydanticCustomError(_INCONSISTENT, "{sentence}", {"sentence": sentence})
    return ValidationError.from_exception_data("", [InitErrorDetails(type=kind, loc=place, input=None)])


def near_miss(word: str, known: Sequence[str]) -> str:
    """` (did you mean 'x'?)`, or nothing when no known word is near.

    >>> near_miss("colums", ["columns", "window"])
    " (did you mean 'columns'?)"
    """
    nearest = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
