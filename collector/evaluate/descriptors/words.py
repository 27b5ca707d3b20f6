"""Which words texts hold. Words are lower case, of Latin letters and digits; other characters are taken out first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from collector.errors import Invalid
from collector.evaluate.derived import DerivedType
from collector.evaluate.descriptors.base import TextDescriptor, check_mode, strings

_OTHERS = re.compile(r"[^A-Za-z0-9 ]+")
WordsMode = Literal["includes_any", "includes_all", "excludes_any", "excludes_all"]


def words_of(text: str) -> list[str]:
    """The words of a text.

    >>> words_of("It's 5 o'clock, Jim")
    ['its', '5', 'oclock', 'jim']
    """
    return _OTHERS.sub("", text).lower().split()


@dataclass(frozen=True)
class _Words(TextDescriptor):
    """`parts`: an item may also be a part of a word. `lemmatize` is accepted as false only: it needs a download."""

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = False

    words_list: Sequence[str]

    def _check(self, *, lemmatize: bool) -> None:
        object.__setattr__(self, "words_list", strings("words_list", self.words_list))
        if lemmatize:
            raise Invalid(f"{type(self).__name__}: lemmatize needs a download; it can only be false")

    def included(self, text: str, how: str, *, parts: bool) -> bool:
        """Whether any, or all, of the words are there."""
        words = words_of(text)
        known = set(words)
        there = (any(item in word for word in words) if parts else item in known for item in self.words_list)
        return any(there) if how == "any" else all(there)


@dataclass(frozen=True)
class WordsPresence(_Words):
    """Whether the text includes any or all of the words, or excludes them; false of a missing text.

    "excludes_any": at least one is not there. "excludes_all": none is there.

    >>> WordsPresence(["cat", "dog"], mode="excludes_any").of("A dog!")
    True
    """

    mode: WordsMode = "includes_any"
    lemmatize: bool = False
    parts: bool = False

    def __post_init__(self) -> None:
        self._check(lemmatize=self.lemmatize)
        check_mode(self.mode, ("includes_any", "includes_all", "excludes_any", "excludes_all"))

    def title(self, column: str) -> str:
        return f"{column} words presence"

    def of(self, text: str) -> bool:
        deed, how = self.mode.split("_")
        if deed == "includes":
            return self.included(text, how, parts=self.parts)
        return not self.included(text, "all" if how == "any" else "any", parts=self.parts)


@dataclass(frozen=True)
class IncludesWords(_Words):
    """Whether the text includes any, or all, of the words; false of a missing text.

    >>> IncludesWords(["hell"]).of("Hello!"), IncludesWords(["hell"], parts=True).of("Hello!")
    (False, True)
    """

    mode: Literal["any", "all"] = "any"
    lemmatize: bool = False
    parts: bool = False

    def __post_init__(self) -> None:
        self._check(lemmatize=self.lemmatize)
        check_mode(self.mode)

    def title(self, column: str) -> str:
        return f"Text Includes {self.mode} words [{', '.join(self.words_list)}] for {column}"

    def of(self, text: str) -> bool:
        return self.included(text, self.mode, parts=self.parts)


@dataclass(frozen=True)
class ExcludesWords(_Words):
    """Mode "all": whether none of the words is there; "any": whether at least one is not. False of a missing text.

    >>> ExcludesWords(["cat", "dog"]).of("A dog!"), ExcludesWords(["cat", "dog"], mode="any").of("A dog!")
    (False, True)
    """

    mode: Literal["any", "all"] = "all"
    lemmatize: bool = False
    parts: bool = False

    def __post_init__(self) -> None:
        self._check(lemmatize=self.lemmatize)
        check_mode(self.mode)

    def title(self, column: str) -> str:
        return f"Text Excludes {self.mode} words [{', '.join(self.words_list)}] for {column}"

    def of(self, text: str) -> bool:
        return not self.included(text, "any" if self.mode == "all" else "all", parts=self.parts)


@dataclass(frozen=True)
class TriggerWordsPresence(_Words):
    """1 where any of the words is there; 0 elsewhere and of a missing text.

    >>> TriggerWordsPresence(["sorry", "apologise"]).of("Sorry, no.")
    1
    """

    missing: ClassVar[object] = 0

    lemmatize: bool = False

    def __post_init__(self) -> None:
        self._check(lemmatize=self.lemmatize)

    def title(self, column: str) -> str:
        return f"TriggerWordsPresent [words: {', '.join(self.words_list)}] for {column}"

    def of(self, text: str) -> int:
        return int(self.included(text, "any", parts=False))
