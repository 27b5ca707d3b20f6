"""A reference of which only the profile is kept: each column's values on their own, in no row.

A question about one column is answered as for the rows themselves. Nothing here has rows, so that a question about
how columns go together cannot be answered wrongly: it raises NotKept.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import Array, ColumnProfile, Counted, FrameProfile, Kind, most_frequent, same_as_any
from collector.evaluate.unanswered import NotKept

ONLY_PROFILE = "the reference keeps its profile only"
Form = Literal["values", "quantiles", "nothing"]


@dataclass(frozen=True, slots=True)
class Rare:
    """Stands for a value that few rows have: it can be recognised, not read."""

    token: str

    def __str__(self) -> str:
        return f"(rare value {self.token})"


def token_of(value: object, salt: bytes) -> str:
    """The same for the same text; whoever has the salt can check a guess.

    >>> token_of("Ada", b"salt") == token_of("Ada", b"salt") != token_of("Ada", b"other")
    True
    """
    return hashlib.blake2b(str(value).encode("utf-8", "surrogatepass"), key=salt, digest_size=8).hexdigest()


class KeptColumn(ColumnProfile):
    """What is kept of one column. `form` says how much.

    values: every distinct value with its count; of texts that are rare, a stand-in with its count.
    quantiles: numbers or instants at equal ranks; single values cannot be told.
    nothing: only how many there are.

    `facts` are properties of a ColumnProfile that do not follow from what is kept.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: Kind,
        dtype: Any,
        rows: int,
        missing: int,
        form: Form,
        kept: Counted,
        facts: Mapping[str, Any],
        salt: bytes = b"",
    ) -> None:
        self.name = name
        self.kind: Kind = kind
        self.dtype = dtype
        self.rows = rows
        self.form = form
        self.kept = kept
        self._salt = salt
        vars(self).update(facts, missing=missing)

    # ------------------------------------------------------------ what only rows could tell

    def _no_rows(self) -> NoReturn:
        raise NotKept(f"{ONLY_PROFILE}: this needs the rows of column {self.name!r}", column=self.name)

    def _no_values(self) -> NoReturn:
        what = {
            "values": f"values that few rows have are not kept of column {self.name!r}",
            "quantiles": f"column {self.name!r} has so many values that {len(self.kept.uniques)} quantiles stand for them",
            "nothing": f"the values of column {self.name!r} are not kept",
        }
        raise NotKept(f"{ONLY_PROFILE}: {what[self.form]}", column=self.name)

    @property
    def series(self) -> "pd.Series[Any]":  # type: ignore[override]  # a column of rows has it from the beginning
        return self._no_rows()

    @lazy
    def array(self) -> Array:
        return self._no_rows()

    @lazy
    def missing_mask(self) -> NDArray[np.bool_]:
        return self._no_rows()

    @lazy
    def _factors(self) -> tuple[NDArray[np.int32], Array]:
        return self._no_rows()

    def rows_with(self, kinds: "set[object]") -> NDArray[np.bool_]:  # noqa: ARG002
        return self._no_rows()

    # ------------------------------------------------------------ what each column tells on its own

    @lazy
    def rare(self) -> bool:
        """Whether stand-ins are among the values."""
        return self.kept.uniques.dtype == object and any(isinstance(each, Rare) for each in self.kept.uniques)

    @lazy
    def sorted(self) -> Array:
        if self.kind == "object":
            return self._no_rows()
        if self.form == "nothing":
            return self._no_values()
        values = self.kept.uniques
        return np.repeat(values.view(np.uint8) if values.dtype == np.bool_ else values, self.kept.counts)

    @lazy
    def counted(self) -> Counted:
        if self.form != "values" or self.rare:
            return self._no_values()
        return self.kept

    def counted_among(self, values: Iterable[object]) -> Counted:
        if self.form != "values" or not self.rare:
            return self.counted
        known = {token_of(value, self._salt): value for value in values if isinstance(value, str)}
        revealed = np.array(
            [known.get(each.token, each) if isinstance(each, Rare) else each for each in self.kept.uniques],
            dtype=object,
        )
        return Counted(revealed, self.kept.counts)

    @property
    def values(self) -> "pd.Series[Any]":
        if self.kind in {"object", "bool"}:
            uniques, counts = self.counted
            return pd.Series(np.repeat(uniques, counts), name=self.name)
        return pd.Series(self.sorted, name=self.name)

    @lazy
    def distinct(self) -> int:
        return len(self.kept.uniques)

    @lazy
    def infinite(self) -> tuple[int, int]:
        if self.kind != "object":
            return super().infinite
        if self.form != "values":
            return self._no_values()
        low, high = (self.kept.uniques == limit for limit in (-np.inf, np.inf))
        return int(self.kept.counts[low].sum()), int(self.kept.counts[high].sum())

    @lazy
    def _mode(self) -> tuple[object, int]:
        if not self.rare:
            return super()._mode
        told = [not isinstance(each, Rare) for each in self.kept.uniques]
        if self.kept.counts[told].max(initial=0) < self.kept.counts.max():
            return self._no_values()
        told_only = Counted(self.kept.uniques[told], self.kept.counts[told])
        return most_frequent(told_only)

    @property
    def highest_count(self) -> int:
        known = vars(self).get("top")
        return int(self.kept.counts.max(initial=0)) if known is None else int(known)

    def missing_kinds(self) -> dict[object, int]:
        low, high = self.infinite
        return {"": self.how_many("") if self.kind == "object" else 0, np.inf: high, -np.inf: low, None: self.missing}

    def how_many(self, value: object) -> int:
        if value is None:
            return self.missing
        known: int | None = vars(self).get("empty") if value == "" else None
        if known is not None:
            return known
        if self.kind != "object" and not (self.is_number and isinstance(value, Real)):
            return 0
        uniques, counts = self.counted_among([value])
        if self.is_number:
            return int(counts[np.isin(uniques, np.float64(value))].sum())  # type: ignore[arg-type]  # a number, as the lines above say
        return int(counts[[same_as_any(each, [value]) for each in uniques]].sum())

    @lazy
    def as_numbers(self) -> ColumnProfile:
        if self.is_number:
            return self
        if self.form == "nothing":
            return self._no_values()
        uniques, counts = self.kept
        for each in uniques:
            if not isinstance(each, Real | np.bool_):
                raise Invalid(f"column {self.name!r} is numeric, but holds text in the reference", column=self.name)
        whole = self.kind == "bool" and not self.missing
        numbers = uniques.astype(np.int64 if whole else np.float64)
        order = np.argsort(numbers, kind="stable")
        return KeptColumn(
            self.name,
            kind="int" if whole else "float",
            dtype=numbers.dtype,
            rows=self.rows,
            missing=self.missing,
            form="values",
            kept=Counted(numbers[order], counts[order]),
            facts={},
        )


class KeptFrame(FrameProfile):
    """The columns that are kept, each on its own."""

    joint = False

    def __init__(self, columns: Sequence[KeptColumn], rows: int) -> None:
        self.rows = rows
        self.names = tuple(column.name for column in columns)
        self._known = frozenset(self.names)
        self._columns: dict[str, ColumnProfile] = {column.name: column for column in columns}
        self._memo = {}

    @property
    def frame(self) -> pd.DataFrame:  # type: ignore[override]  # a frame of rows has it from the beginning
        raise NotKept(f"{ONLY_PROFILE}: this needs its rows")

    def without(self, names: Sequence[str | None]) -> FrameProfile:
        left = [column for column in self._columns.values() if column.name in self._known.difference(names)]
        return KeptFrame([column for column in left if isinstance(column, KeptColumn)], self.rows)
