"""Descriptors of texts that need no download: one list that names them all.

`TextLength().on("review")` stands wherever a metric or test takes the name of a column.
"""

from collections.abc import Mapping
from typing import Any

from collector.errors import Invalid
from collector.evaluate.descriptors.base import Descriptor
from collector.evaluate.descriptors.counts import (
    NonLetterCharacterPercentage,
    SentenceCount,
    TextLength,
    WordCount,
)
from collector.evaluate.descriptors.custom import CustomColumnEval
from collector.evaluate.descriptors.patterns import (
    BeginsWith,
    Contains,
    ContainsLink,
    DoesNotContain,
    EndsWith,
    RegExp,
)
from collector.evaluate.descriptors.structure import (
    ExactMatch,
    IsValidJSON,
    IsValidPython,
    JSONMatch,
    JSONSchemaMatch,
)
from collector.evaluate.descriptors.words import (
    ExcludesWords,
    IncludesWords,
    TriggerWordsPresence,
    WordsPresence,
)
from collector.strict import near_miss

__all__ = [
    "DESCRIPTORS",
    "BeginsWith",
    "Contains",
    "ContainsLink",
    "CustomColumnEval",
    "Descriptor",
    "DoesNotContain",
    "EndsWith",
    "ExactMatch",
    "ExcludesWords",
    "IncludesWords",
    "IsValidJSON",
    "IsValidPython",
    "JSONMatch",
    "JSONSchemaMatch",
    "NonLetterCharacterPercentage",
    "RegExp",
    "SentenceCount",
    "TextLength",
    "TriggerWordsPresence",
    "TriggerWordsPresent",
    "WordCount",
    "WordsPresence",
    "descriptor_of",
]

TriggerWordsPresent = TriggerWordsPresence

DESCRIPTORS: tuple[type[Descriptor], ...] = (
    TextLength,
    WordCount,
    SentenceCount,
    NonLetterCharacterPercentage,
    RegExp,
    Contains,
    DoesNotContain,
    BeginsWith,
    EndsWith,
    WordsPresence,
    IncludesWords,
    ExcludesWords,
    TriggerWordsPresence,
    ContainsLink,
    IsValidJSON,
    IsValidPython,
    ExactMatch,
    JSONMatch,
    JSONSchemaMatch,
)


def descriptor_of(wish: object) -> Descriptor:
    """A descriptor, from itself or as configuration states it: its name, or `{name: {parameter: value}}`.

    >>> descriptor_of({"BeginsWith": {"prefix": "I am"}}) == BeginsWith("I am")
    True
    """
    if isinstance(wish, Descriptor):
        return wish
    known = {each.__name__: each for each in DESCRIPTORS}
    name, parameters = _named(wish)
    if name not in known:
        raise Invalid(f"unknown descriptor {name!r}{near_miss(str(name), list(known))}; known: {', '.join(known)}")
    try:
        return known[name](**parameters)
    except TypeError as error:
        raise Invalid(f"descriptor {name} does not take these parameters: {error}") from error


def _named(wish: object) -> tuple[Any, Mapping[str, Any]]:
    if isinstance(wish, Mapping) and len(wish) == 1:
        ((name, parameters),) = wish.items()
        if parameters is None or isinstance(parameters, Mapping):
            return name, parameters or {}
    if isinstance(wish, str):
        return wish, {}
    raise Invalid(f"expected a descriptor's name, or {{name: {{parameter: value}}}}, got {wish!r}")
