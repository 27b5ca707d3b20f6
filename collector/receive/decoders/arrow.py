"""`application/vnd.apache.arrow.stream`: an Arrow IPC stream, its record batches one after another.

Values leave as plain Python lists, or packed as they came, taken from the buffers whole, never scalar by scalar. Types that a row cannot hold
(lists, structs, binary) leave as they are, so that each row is judged, and refused, with its column's name.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector.errors import Invalid, TooLarge
from collector.model import Table
from collector.receive.decoders.arrow_message import NotArrow, unpacked_bytes
from collector.receive.decoders.table import AsText, Decoded, Instants, Limits, no_rows
from collector.receive.problems import Malformed

_FORMATS: Mapping[str, Any] = {"int64": "q", "uint64": "Q", "double": "d", "uint8": "B"}


def decode(body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded:  # noqa: ARG001 - Arrow has types
    """Raises Malformed (no stream), Invalid (no rows, a column given twice), TooLarge."""
    try:
        if unpacked_bytes(body) > limits.bytes:
            raise TooLarge(f"the Arrow stream is larger than {limits.bytes} bytes after decompression")
        with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
            table = _read(reader, limits)
    except NotArrow as error:
        raise Malformed(f"the body is not an Arrow stream: {error}") from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Malformed(f"the body is not an Arrow stream: {_first_line(error)}") from error
    return from_table(table, limits)


def from_table(table: Any, limits: Limits) -> Decoded:
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
            columns[name] = _values(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise Malformed(f"column {name!r} cannot be read: {_first_line(error)}", column=name) from error
    return Decoded(Table(columns, table.num_rows))


def _read(reader: Any, limits: Limits) -> Any:
    limits.check(rows=0, columns=len(reader.schema.names))
    batches, rows = [], 0
    for batch in reader:
        rows += batch.num_rows
        limits.check(rows=rows, columns=len(reader.schema.names))
        batch.validate(full=True)  # a body is not to be trusted: offsets may point anywhere
        batches.append(batch)
    return pa.Table.from_batches(batches, reader.schema)


def _values(column: Any) -> Sequence[object]:
    kind = column.type
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)
    if isinstance(column, pa.ExtensionArray):
        return _values(column.storage)
    types = pa.types
    if types.is_dictionary(kind):
        return _coded(column)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return _coded(pc.dictionary_encode(pc.cast(column, pa.large_string())))
    if types.is_timestamp(kind) or types.is_date(kind):
        return Instants(_numbers(pc.cast(_naive(column), pa.timestamp("us"), safe=False).view(pa.int64()), "int64"))
    if types.is_uint64(kind):
        return _numbers(column, "uint64")
    if types.is_integer(kind):
        return _packed_numbers(pc.cast(column, pa.int64()), "int64")
    if types.is_floating(kind) or types.is_decimal(kind):
        return _packed_numbers(pc.cast(column, pa.float64()), "double")
    if types.is_boolean(kind):
        return [None if value is None else value == 1 for value in _numbers(pc.cast(column, pa.uint8()), "uint8")]
    plain: list[object] = column.to_pylist()  # nested, binary, null: as Python has them
    return plain


def _naive(array: Any) -> Any:
    """The same instants without a zone: in Arrow, an instant with a zone is stored in UTC."""
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        return array.view(pa.timestamp(array.type.unit))
    return array


def _coded(array: Any) -> Sequence[object]:
    """Text by its dictionary: each distinct text becomes one Python object, however many rows name it."""
    words = array.dictionary
    distinct: Sequence[object] = words.to_pylist() if pa.types.is_large_string(words.type) else _values(words)
    codes = _numbers(pc.cast(array.indices, pa.int64()), "int64")
    if array.indices.null_count:
        return [None if code is None else distinct[code] for code in codes]
    return list(map(distinct.__getitem__, codes))


def _packed_numbers(values: Any, kind: str) -> Sequence[object]:
    """Numbers without gaps stay as they lie in memory, which is how a chunk stores them."""
    if values.null_count:
        return _numbers(values, kind)
    packed = array(_FORMATS[kind])
    if len(values):
        packed.frombytes(
            memoryview(values.buffers()[1]).cast("B")[values.offset * 8 : (values.offset + len(values)) * 8]
        )
    return packed


def _numbers(array: Any, kind: str) -> list[Any]:
    if array.null_count == 0:
        return _raw(array, kind)
    present = _raw(pc.cast(array.is_valid(), pa.uint8()), "uint8")
    return [value if there else None for value, there in zip(_raw(array, kind), present, strict=True)]


def _raw(array: Any, kind: str) -> list[Any]:
    """The values of the data buffer; those at nulls are whatever lies there."""
    if len(array) == 0:
        return []
    view = memoryview(array.buffers()[1]).cast("B").cast(_FORMATS[kind])
    values: list[Any] = view[array.offset : array.offset + len(array)].tolist()
    return values


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
