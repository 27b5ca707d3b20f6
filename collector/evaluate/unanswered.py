"""What stands in a result where a number cannot be told: its reason, never another number."""

from typing import NoReturn, Self

from collector.errors import Invalid


class NotKept(Invalid):
    """The reference keeps less than this question needs."""


class Unknown(float):
    """A number that cannot be told: NaN in every computation, null with its reason in a snapshot.

    >>> Unknown("only its profile is kept") + 1
    nan
    """

    reason: str

    def __new__(cls, reason: str) -> Self:
        self = super().__new__(cls, "nan")
        self.reason = reason
        return self


class Unanswered:
    """One side of a result that cannot be told: null with its reason in a snapshot. Reading from it raises NotKept."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __getitem__(self, key: object) -> NoReturn:
        raise NotKept(self.reason)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotKept(self.reason)


def missing_reason(value: object) -> str | None:
    """Why the value stands for none; None when it is one.

    >>> missing_reason(Unanswered("no rows")), missing_reason(0.5)
    ('no rows', None)
    """
    return value.reason if isinstance(value, Unknown | Unanswered) else None
