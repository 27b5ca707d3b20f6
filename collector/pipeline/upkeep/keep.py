"""What stays of a monitor when it is done with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from collector.settings import Settings


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a monitor is kept once it is done with: what is more, or older, is forgotten."""

    rows: int
    letters: int
    letters_age: timedelta
    snapshots: int
    snapshots_age: timedelta
    data_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            rows=settings.keep_rows,
            letters=settings.keep_dead_letters,
            letters_age=timedelta(days=settings.keep_dead_letters_days),
            snapshots=settings.keep_snapshots,
            snapshots_age=timedelta(days=settings.keep_snapshots_days),
            data_bytes=settings.keep_data_bytes,
        )
