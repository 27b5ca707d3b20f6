"""The columns of an Arrow table as those of a request.

Values leave packed or coded, as a chunk stores them, or as Python lists, taken from the buffers whole, never scalar by
scalar. Of types that a row cannot hold (lists, structs, binary) only the kind leaves, so that each row is judged, and
refused, with its column's name: a list of a thousand million nulls has no bytes at all in a stream.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collector import chunks
from collector.receive.decoders.table import Instants
from collector.receive.rows.times import is_in_reach, iso
from collector.receive.words import FarInstant

DOUBLE = pa.float64()
_INT64 = pa.int64()
_NARROW = ((pa.int8(), 2**7), (pa.int16(), 2**15), (pa.int32(), 2**31))
"""Types that whole numbers between minus so many and so many fit in."""
_CODES = {"H": pa.uint16(), "I": pa.uint32()}
_FORMATS: Mapping[str, Any] = {
    "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint64": "Q", "double": "d",
    "uint8": "B", "uint16": "H", "uint32": "I", "bool": "?",
}  # fmt: skip


def values_of(column: Any) -> Sequence[object]:
    """The values of a column of a table, as a request's are."""
    kind = column.type
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)
    if kind == DOUBLE:  # the usual column, and a dozen questions less
        return _packed_numbers(column, "double")
    if isinstance(column, pa.ExtensionArray):
        return values_of(column.storage)
    types = pa.types
    if types.is_dictionary(kind):
        return _by_dictionary(column)
    if types.is_run_end_encoded(kind):
        return _runs(column)
    if _is_text(kind):
        return _texts(column)
    if types.is_timestamp(kind) or types.is_date(kind):
        return _instants(_numbers(pc.cast(_naive(column), pa.timestamp("us"), safe=False).view(pa.int64()), "int64"))
    if types.is_uint64(kind):
        return _numbers(column, "uint64")
    if types.is_integer(kind):
        return _integers(column if kind == _INT64 else pc.cast(column, _INT64))
    if types.is_floating(kind) or types.is_decimal(kind):
        return _packed_numbers(pc.cast(column, DOUBLE), "double")
    if types.is_boolean(kind):
        return _numbers(pc.cast(column, pa.uint8()), "bool")
    stand_in = _stand_in(kind)
    if stand_in is not None:
        return [stand_in if there else None for there in raw(pc.cast(column.is_valid(), pa.uint8()), "uint8")]
    plain: list[object] = column.to_pylist()  # null, and times of other kinds: as Python has them
    return plain


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _stand_in(kind: Any) -> object:
    """A value of the kind that a nested or binary type has in Python; None for any other type."""
    types = pa.types
    if types.is_struct(kind) or types.is_map(kind) or types.is_union(kind):
        return {}
    if types.is_nested(kind):
        return []
    binary = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return b"" if any(is_so(kind) for is_so in binary) else None


def _instants(values: Sequence[int | None]) -> Sequence[object]:
    """Instants, if a calendar reaches them all; else as text, and what it does not reach has no meaning."""
    if all(value is None or is_in_reach(value) for value in values):
        return Instants(values)
    return [None if value is None else iso(value) if is_in_reach(value) else FarInstant() for value in values]


def _runs(column: Any) -> Sequence[object]:
    """Each value as often as it stands there; what is repeated is one Python object."""
    values = values_of(column.values.slice(0, len(column.run_ends)))
    found: list[object] = []
    for value, end in zip(values, column.run_ends.to_pylist(), strict=False):
        found += [value] * (min(end - column.offset, len(column)) - len(found))
    return _alike(found, values)


def _alike(found: list[Any], distinct: Sequence[object]) -> Sequence[object]:
    """Instants that a dictionary or runs named are instants still, not numbers."""
    return Instants(found) if isinstance(distinct, Instants) else found


def _naive(array: Any) -> Any:
    """The same instants without a zone: in Arrow, an instant with a zone is stored in UTC."""
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        return array.view(pa.timestamp(array.type.unit))
    return array


def _texts(column: Any) -> Sequence[object]:
    if pa.types.is_string_view(column.type):  # of which the library makes no dictionary
        column = pc.cast(column, pa.large_string())
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    distinct = encoded.dictionary.to_pylist()
    return chunks.Coded(distinct, _codes(encoded.indices, len(distinct)))


def _by_dictionary(column: Any) -> Sequence[object]:
    """Each distinct value becomes one Python object, however many rows name it. Of texts only those that rows do name."""
    words = column.dictionary
    if not _is_text(words.type):
        distinct = values_of(words)
        codes = _numbers(pc.cast(column.indices, _INT64), "int64")
        return _alike([None if code is None else distinct[code] for code in codes], distinct)
    used = pc.unique(column.indices)
    named = words.take(used).to_pylist()
    coded = chunks.Coded(named, _codes(pc.index_in(column.indices, used), len(named)))
    # A dictionary may say the same thing twice, and nothing as well.
    return coded if len(set(named)) == len(named) else list(coded)


def _codes(indices: Any, distinct: int) -> "bytes | array[int]":
    """Of indices of 32 bits, as the library makes them."""
    kind = chunks.kind_of_codes(distinct)
    if kind == "B":  # the lowest byte of each says it
        return _packed(indices, "int32").tobytes()[::4]
    return _packed(pc.cast(indices, _CODES[kind]), str(_CODES[kind]))


def _integers(column: Any) -> Sequence[object]:
    """As narrow as they are, so that no chunk has to find out."""
    if column.null_count or not len(column):
        return _numbers(column, "int64")
    least, most = pc.min_max(column).as_py().values()
    for kind, limit in _NARROW:
        if -limit <= least and most < limit:
            return _packed(pc.cast(column, kind), str(kind))
    return _packed(column, "int64")


def _packed_numbers(values: Any, kind: str) -> Sequence[object]:
    """Numbers without gaps stay as they lie in memory, which is how a chunk stores them."""
    return _numbers(values, kind) if values.null_count else _packed(values, kind)


def _packed(values: Any, kind: str) -> "array[Any]":
    packed = array(_FORMATS[kind])
    if len(values):
        size, first = packed.itemsize, values.offset
        packed.frombytes(memoryview(values.buffers()[1])[first * size : (first + len(values)) * size])
    return packed


def _numbers(array: Any, kind: str) -> list[Any]:
    if array.null_count == 0:
        return raw(array, kind)
    present = raw(pc.cast(array.is_valid(), pa.uint8()), "uint8")
    return [value if there else None for value, there in zip(raw(array, kind), present, strict=True)]


def raw(array: Any, kind: str) -> list[Any]:
    """The values of the data buffer; those at nulls are whatever lies there."""
    if len(array) == 0:
        return []
    view = memoryview(array.buffers()[1]).cast("B").cast(_FORMATS[kind])
    values: list[Any] = view[array.offset : array.offset + len(array)].tolist()
    return values
