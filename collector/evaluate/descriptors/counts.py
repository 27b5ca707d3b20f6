"""How long texts are, and what of."""

import re
from dataclasses import dataclass
from typing import ClassVar

from collector.evaluate.descriptors.base import TextDescriptor


@dataclass(frozen=True, kw_only=True)
class TextLength(TextDescriptor):
    """The number of characters; 0 of a missing text.

    >>> TextLength().of("Hello world!")
    12
    """

    def title(self, column: str) -> str:
        return f"Text Length for {column}"

    def of(self, text: str) -> int:
        return len(text)


@dataclass(frozen=True, kw_only=True)
class WordCount(TextDescriptor):
    """The number of words of Latin letters. Other characters are taken out first, so that "it's" is one word.

    >>> WordCount().of("It's 5 o'clock")
    2
    """

    NO_LETTERS: ClassVar[re.Pattern[str]] = re.compile(r"[^a-zA-Z ]+")

    def title(self, column: str) -> str:
        return f"Word Count for {column}"

    def of(self, text: str) -> int:
        return len(self.NO_LETTERS.sub("", text).split())


@dataclass(frozen=True, kw_only=True)
class SentenceCount(TextDescriptor):
    """The number of sentences: at least one, and one more after each blank that follows "." or "?".

    Not after "!", and not after abbreviations such as "Mr." or "e.g."; 0 of a missing text.

    >>> SentenceCount().of("Mr. Smith went home. He slept? Yes.")
    3
    """

    END: ClassVar[re.Pattern[str]] = re.compile(r"(?<=[.?])(?<!\w\.\w.)(?<![A-Z][a-z]\.)\s")

    def title(self, column: str) -> str:
        return f"Sentence Count for {column}"

    def of(self, text: str) -> int:
        return len(self.END.split(text))


@dataclass(frozen=True, kw_only=True)
class NonLetterCharacterPercentage(TextDescriptor):
    """The percentage of characters that are neither letters nor blanks; 0 of an empty or missing text.

    >>> NonLetterCharacterPercentage().of("a-b!")
    50.0
    """

    missing: ClassVar[object] = 0.0

    def title(self, column: str) -> str:
        return f"Non Letter Character % for {column}"

    def of(self, text: str) -> float:
        others = sum(not character.isalpha() and character != " " for character in text)
        return 100 * others / len(text) if text else 0.0
