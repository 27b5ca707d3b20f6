"""Whether texts match a pattern, hold given parts, or a link."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlparse

from collector.errors import Invalid
from collector.evaluate.derived import DerivedType
from collector.evaluate.descriptors.base import Mode, TextDescriptor, check_mode, strings
from collector.evaluate.lazy import lazy


def _compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise Invalid(f"{pattern!r} is not a regular expression: {error}") from error


@dataclass(frozen=True)
class RegExp(TextDescriptor):
    """1 where the whole text matches the expression, or, with `search`, any part of it; 0 elsewhere and where missing.

    >>> RegExp("[a-z]+").of("two words"), RegExp("[a-z]+", search=True).of("two words")
    (0, 1)
    """

    kind: ClassVar[DerivedType] = "cat"
    reg_exp: str
    search: bool = False

    def __post_init__(self) -> None:
        _compiled(self.reg_exp)

    @lazy
    def _match(self) -> re.Pattern[str]:
        return _compiled(self.reg_exp)

    def title(self, column: str) -> str:
        return f"RegExp '{self.reg_exp}' Match for column {column}"

    def of(self, text: str) -> int:
        return int(bool(self._match.search(text) if self.search else self._match.fullmatch(text)))


@dataclass(frozen=True)
class _Items(TextDescriptor):
    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = None

    items: Sequence[str]
    mode: Mode = "any"
    case_sensitive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", strings("items", self.items))
        check_mode(self.mode)
        if self.mode == "any":
            _compiled("|".join(self.items))

    @lazy
    def _any(self) -> re.Pattern[str]:
        return _compiled("|".join(self.items), 0 if self.case_sensitive else re.IGNORECASE)

    def holds(self, text: str) -> bool:
        if self.mode == "any":
            return bool(self._any.search(text))
        if self.case_sensitive:
            return all(item in text for item in self.items)
        folded = text.casefold()
        return all(item.casefold() in folded for item in self.items)


@dataclass(frozen=True)
class Contains(_Items):
    """Whether the text holds any of the items, each a regular expression, or all of them, literally.

    A missing text stays missing.

    >>> Contains(["cat", "dog"]).of("hot dog"), Contains(["cat", "dog"], mode="all").of("hot dog")
    (True, False)
    """

    def title(self, column: str) -> str:
        return f"Text Contains of {self.mode} [{', '.join(self.items)}] for {column}"

    def of(self, text: str) -> bool:
        return self.holds(text)


@dataclass(frozen=True)
class DoesNotContain(_Items):
    """The opposite of Contains: mode "any", none of the items is there; mode "all", not all of them are.

    A missing text stays missing.

    >>> DoesNotContain(["cat", "dog"]).of("hot dog"), DoesNotContain(["cat", "dog"], mode="any").of("hot dog")
    (True, False)
    """

    mode: Mode = "all"

    def title(self, column: str) -> str:
        return f"Text Does Not Contain of {self.mode} [{', '.join(self.items)}] for {column}"

    def of(self, text: str) -> bool:
        return not self.holds(text)


@dataclass(frozen=True)
class BeginsWith(TextDescriptor):
    """Whether the text begins with the prefix. A missing text stays missing.

    >>> BeginsWith("I am", case_sensitive=False).of("i am sorry")
    True
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = None

    prefix: str
    case_sensitive: bool = True

    def title(self, column: str) -> str:
        return f"Text Begins with [{self.prefix}] for {column}"

    def of(self, text: str) -> bool:
        if self.case_sensitive:
            return text.startswith(self.prefix)
        return text.casefold().startswith(self.prefix.casefold())


@dataclass(frozen=True)
class EndsWith(TextDescriptor):
    """Whether the text ends with the suffix. A missing text stays missing.

    >>> EndsWith("?").of("Really?")
    True
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = None

    suffix: str
    case_sensitive: bool = True

    def title(self, column: str) -> str:
        return f"Text Ends with [{self.suffix}] for {column}"

    def of(self, text: str) -> bool:
        if self.case_sensitive:
            return text.endswith(self.suffix)
        return text.casefold().endswith(self.suffix.casefold())


@dataclass(frozen=True, kw_only=True)
class ContainsLink(TextDescriptor):
    """Whether a word of the text is a URL with scheme and host; false of a missing text.

    >>> ContainsLink().of("see https://example.org now"), ContainsLink().of("see example.org")
    (True, False)
    """

    kind: ClassVar[DerivedType] = "cat"
    missing: ClassVar[object] = False

    def title(self, column: str) -> str:
        return f"{column} contains link"

    def of(self, text: str) -> bool:
        return any(_is_link(word) for word in text.split())


def _is_link(word: str) -> bool:
    try:
        parsed = urlparse(word)
    except ValueError:  # a bracket that is no address
        return False
    return bool(parsed.scheme and parsed.netloc)
