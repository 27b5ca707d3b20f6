"""What a monitor's `privacy` makes of values before anything is stored: dropped, hashed with a key, or masked.

It is applied where rows are judged, so that no format can forget it, and where halves, labels and references are kept.
"""

import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import isfinite
from typing import Self

from collector.errors import Invalid, Unavailable
from collector.model import DIGEST_BYTES
from collector.monitor import Monitor, Privacy, Rule
from collector.receive.decoders.table import Instants
from collector.receive.rows.kinds import SCALARS
from collector.receive.rows.times import iso
from collector.receive.words import BrokenText
from collector.settings import Settings

SHORTEST_KEY_BYTES = 16
"""A shorter key could be found by trying."""
MASK = "***"
_NAMES_AT_ONCE = 4096
"""Names of columns whose rule is remembered: they are the senders' choice, so not all of them."""


class Protector:
    """Makes the protection of each monitor with the key of this service, if it has one."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Raises Invalid, with the variable, when there is a key and it is no good one."""
        return cls(_key_of(settings))

    def check(self, monitor: Monitor) -> None:
        """Raises Invalid when the monitor hashes columns and there is no key."""
        if monitor.privacy.hash and self._key is None:
            raise Invalid(
                f"monitor {monitor.id!r} hashes columns, which takes a key: set COLLECTOR_HASH_KEY or "
                f"COLLECTOR_HASH_KEY_FILE, at least {SHORTEST_KEY_BYTES} bytes",
                key="privacy.hash",
                path=("privacy", "hash"),
            )

    def of_monitor(self, monitor: Monitor) -> "Protection | None":
        """None when nothing of the monitor is to be hidden. Raises Unavailable when the key is missing here: the monitor
        came from a replica that has one, and nothing of it may be taken as it is.
        """
        if not monitor.privacy:
            return None
        try:
            self.check(monitor)
        except Invalid as error:
            raise Unavailable(f"{error}; nothing is taken for it until then") from error
        return Protection(monitor.privacy, self._key or b"")


def _key_of(settings: Settings) -> bytes | None:
    key, name = settings.hash_key, "COLLECTOR_HASH_KEY"
    found = None if key is None else key.get_secret_value().encode()
    if settings.hash_key_file is not None:
        if found is not None:
            raise Invalid("COLLECTOR_HASH_KEY and COLLECTOR_HASH_KEY_FILE are both set: expected one of them")
        name = "COLLECTOR_HASH_KEY_FILE"
        try:
            found = settings.hash_key_file.read_bytes().strip()
        except OSError as error:
            raise Invalid(f"{name}: {settings.hash_key_file}: cannot be read: {error.strerror}") from error
    if found is not None and len(found) < SHORTEST_KEY_BYTES:
        raise Invalid(f"{name}: the key has {len(found)} bytes: expected at least {SHORTEST_KEY_BYTES}")
    return found


class Protection:
    """What is done to the columns of one monitor. State: the rules of the names that were asked for, remembered."""

    def __init__(self, wishes: Privacy, key: bytes) -> None:
        self._wishes = wishes
        self._key = key
        self.rule_of = lru_cache(maxsize=_NAMES_AT_ONCE)(wishes.rule_of)

    def hides(self, column: str) -> bool:
        """Whether no answer, log or store may show a value of the column."""
        return self.rule_of(column) is not None

    def drops(self, column: str) -> bool:
        return self.rule_of(column) is Rule.DROP

    def stored(self, column: str, values: Sequence[object]) -> Sequence[object]:
        """The values as they are kept: scalars, or text. Missing stays missing.

        >>> Protection(Privacy(mask=("card",)), b"").stored("card", ["4929", None, ""])
        ['***', None, '']
        """
        hide = self._hide(column)
        if hide is None:
            return values
        if type(values) is Instants:
            values = [None if value is None else iso(value) for value in values]
        hidden: dict[str | None, str | None] = {None: None, "": ""}
        found = []
        for value in values:
            text = canonical(value)
            if text not in hidden:
                hidden[text] = hide(text or "")
            found.append(hidden[text])
        return found

    def kept(self, column: str, values: Sequence[object]) -> Sequence[object]:
        """The same for cells that nobody has judged yet. Of a value that no column takes only its kind is left, for which it
        will be refused.
        """
        if not self.hides(column) or type(values) is Instants:
            return self.stored(column, values)
        scalars = self.stored(column, [value if type(value) in SCALARS else None for value in values])
        return [
            each if type(value) in SCALARS else _emptied(value) for value, each in zip(values, scalars, strict=True)
        ]

    def key(self, digest: bytes, column: str | None) -> bytes:
        """A digest that names an inference by its id, as one that tells nothing to who has not the key, when the id is hashed.

        It is as long as before.
        """
        if column is None or self.rule_of(column) is not Rule.HASH:
            return digest
        return hmac.digest(self._key, digest, "sha256")[:DIGEST_BYTES]

    def _hide(self, column: str) -> Callable[[str], str] | None:
        rule = self.rule_of(column)
        if rule is Rule.HASH:
            return self._hash
        if rule is Rule.MASK:
            keep_last = self._wishes.keep_last(column)
            return lambda text: masked(text, keep_last)
        return None

    def _hash(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _emptied(value: object) -> object:
    """What is told of it is the same, and nothing else is."""
    return value if isinstance(value, BrokenText) else {} if isinstance(value, dict) else []


def canonical(value: object) -> str | None:
    """The text that stands for a scalar, whichever encoding it came in: 5, 5.0 and "5" are one. None: it is missing.

    >>> canonical(5), canonical(5.0), canonical("5"), canonical(True), canonical(0.25), canonical(float("nan"))
    ('5', '5', '5', 'true', '0.25', None)
    """
    if isinstance(value, str):
        return value
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def masked(text: str, keep_last: int) -> str:
    """Three stars, and so many of the last characters of a text that has more than those.

    >>> masked("4929 1234 5678 9012", 4), masked("9012", 4), masked("x", 0)
    ('***9012', '***', '***')
    """
    return MASK + text[-keep_last:] if 0 < keep_last < len(text) else MASK
