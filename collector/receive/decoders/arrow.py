"""`application/vnd.apache.arrow.stream`: an Arrow IPC stream, its record batches one after another.

A stream is checked whole before any value of it is looked at; `arrow_values` makes values of its columns.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.errors import Invalid, TooLarge
from collector.model import Table
from collector.receive.decoders.arrow_message import NotArrow, unpacked_bytes
from collector.receive.decoders.arrow_values import DOUBLE, raw, values_of
from collector.receive.decoders.table import AsText, Decoded, Limits, no_rows
from collector.receive.problems import Malformed

_FILE_MARK = b"ARROW1\0\0"
_BROKEN = (pa.ArrowException, OSError, ValueError, OverflowError, KeyError, TypeError)
"""What the library raises of a body; the last two when the metadata of an extension type is not what its reader expects."""
_LOOKS = 16
"""So many times the limit of bytes are looked at: every batch of a stream may use, and is checked with, one large dictionary."""
_INSIDE = 12
"""Bytes of a text that stand in its view."""


def decode(body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded:  # noqa: ARG001 - Arrow has types
    """Raises Malformed (no stream), Invalid (no rows, a column given twice), TooLarge."""
    return _from_table(table(body, limits), limits)


def table(body: bytes, limits: Limits) -> Any:
    """The stream as an Arrow table whose buffers are valid. A file of Arrow's (Feather) is a stream behind a mark: what stands
    behind the stream, which may point anywhere, is not read. Raises Malformed, TooLarge.
    """
    stream = memoryview(body)[len(_FILE_MARK) :] if body.startswith(_FILE_MARK) else memoryview(body)
    try:
        if unpacked_bytes(stream) > limits.bytes:
            raise TooLarge(f"the Arrow stream is larger than {limits.bytes} bytes after decompression")
        with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
            return _read(reader, limits)
    except NotArrow as error:
        raise Malformed(f"the body is not an Arrow stream: {error}") from error
    except _BROKEN as error:
        raise Malformed(f"the body is not an Arrow stream: {_first_line(error)}") from error


def _from_table(table: Any, limits: Limits) -> Decoded:
    """An Arrow table as columns. Raises Invalid (no rows, a column given twice), Malformed (values out of range)."""
    names = table.column_names
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"column {twice!r} is given twice", column=twice)
    if table.num_rows == 0:
        raise no_rows()
    limits.check(rows=table.num_rows, columns=len(names))
    columns: dict[str, Sequence[object]] = {}
    for name, column in zip(names, table.columns, strict=True):
        try:
            columns[name] = values_of(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
        except _BROKEN as error:
            # Not in the library's words: who decodes does not know whether the value may be shown.
            raise Malformed(
                f"column {name!r} has values beyond what {column.type} can hold here", column=name
            ) from error
    return Decoded(Table(columns, table.num_rows))


def _read(reader: Any, limits: Limits) -> Any:
    limits.check(rows=0, columns=len(reader.schema.names))
    batches: list[Any] = []
    rows = looked_at = 0
    for batch in reader:
        rows += batch.num_rows
        looked_at += batch.get_total_buffer_size()
        limits.check(rows=rows, columns=len(reader.schema.names))
        if looked_at > _LOOKS * limits.bytes:
            raise TooLarge(
                "the Arrow stream has many batches with a large dictionary: send fewer batches", batches=len(batches)
            )
        batch.validate(full=True)  # a body is not to be trusted: offsets may point anywhere
        batches.append(batch)
    table = pa.Table.from_batches(batches, reader.schema)
    indirect = [place for place, kind in enumerate(table.schema.types) if _is_indirect(kind)]
    if (
        sum(_overlapping_bytes(chunk, limits) for place in indirect for chunk in table.column(place).chunks)
        > limits.bytes
    ):
        raise TooLarge(
            f"the texts of the Arrow stream overlap: at most {limits.bytes} bytes are taken, each text counted"
        )
    return table


def _is_indirect(kind: Any) -> bool:
    """Whether values may stand for more than lies in the stream."""
    types = pa.types
    if kind == DOUBLE:
        return False
    return bool(types.is_dictionary(kind) or types.is_run_end_encoded(kind) or types.is_string_view(kind))


def _overlapping_bytes(column: Any, limits: Limits) -> int:
    """The bytes of texts that may overlap (string views), if each had its own. Raises TooLarge when what is inside of a column
    has more values than bytes could be for them.
    """
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        inner = column.dictionary if pa.types.is_dictionary(kind) else column.values
        if len(inner) > limits.cells:
            raise TooLarge(f"a dictionary of {len(inner)} values: at most {limits.cells} are taken")
        return _overlapping_bytes(inner, limits)
    if not pa.types.is_string_view(kind) or len(column) == 0:
        return 0
    views = memoryview(column.buffers()[1]).cast("B")[column.offset * 16 : (column.offset + len(column)) * 16]
    valid = raw(pc.cast(column.is_valid(), pa.uint8()), "uint8")
    lengths = zip(views.cast("i")[::4], valid, strict=True)
    return sum(length for length, there in lengths if there and length > _INSIDE)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
