"""Tables of any library become plain columns, by what they can do: nothing is imported here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector_sdk.entries import Block, Inference
from collector_sdk.values import STILL, in_microseconds, still


def entries(table: object, logged_at: float) -> list[Inference] | list[Block]:
    """A data frame, an Arrow table, a mapping of columns, or an iterable of row mappings.

    Values are copied, so that the caller may reuse the table. Raises TypeError or ValueError with a sentence.

    >>> entries({"distance": [733, 1400]}, 0.0)
    [Block(columns={'distance': [733, 1400]}, rows=2, logged_at=0.0)]
    """
    columns = as_columns(table)
    if columns is not None:
        return _block(columns, logged_at)
    if isinstance(table, Iterable) and not isinstance(table, str | bytes):
        return [Inference(_row(row, number), None, None, None, None, logged_at) for number, row in enumerate(table)]
    raise TypeError(f"log_batch takes a data frame, columns or rows, not {type(table).__name__}")


def as_columns(table: Any) -> Mapping[Any, object] | None:
    """The columns of a table that has some; None when it must be a list of rows."""
    if hasattr(table, "to_pydict"):  # an Arrow table or record batch
        return dict(table.to_pydict())
    if isinstance(table, Mapping):
        return table
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):  # a data frame
        return {name: table[name] for name in table.columns}
    return None


def _row(row: object, number: int) -> dict[str, object]:
    if not isinstance(row, Mapping):
        raise TypeError(f"row {number} is {type(row).__name__}: expected a mapping of column to value")
    return {name: still(value) for name, value in row.items()}


def _block(columns: Mapping[Any, object], logged_at: float) -> list[Block]:
    plain = {str(name): _values(name, values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in plain.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns differ in length: {lengths}")
    rows = next(iter(lengths.values()), 0)
    return [Block(plain, rows, logged_at)] if rows else []


def _values(name: object, values: object) -> Sequence[object]:
    for method in ("tolist", "to_list"):  # numpy and pandas; polars
        if hasattr(values, method):
            listed = getattr(in_microseconds(values), method)()
            if isinstance(listed, list):
                return [still(each) for each in listed] if str(getattr(values, "dtype", "")) == "object" else listed
    nested = hasattr(values, "columns")  # what a data frame gives for a name that it has twice
    if isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping) and not nested:
        return [each if type(each) in STILL else still(each) for each in values]
    raise TypeError(f"column {name!r} is {type(values).__name__}: expected a sequence of values")
