"""Requests and responses that come one by one, on their way to each other."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Half of an inference, as model servers log them: each in an event of its own."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Half:
    """One side of an inference, on its way to its counterpart. `key` names the inference; only receivers read `body`.

    It waits until `until_us`, and is known as long.
    """

    key: bytes
    side: Side
    body: bytes
    until_us: int


class Meeting(StrEnum):
    """What an offered half found. WAITING: nobody, it is kept. MET: its counterpart. KNOWN: itself, or the whole pair."""

    WAITING = "waiting"
    MET = "met"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Met:
    """What became of an offered half; `other` is the counterpart's body when it met it."""

    meeting: Meeting
    other: bytes = b""
