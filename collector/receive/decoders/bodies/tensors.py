"""The Open Inference Protocol (KServe v2): named tensors, as JSON or with their bytes behind the JSON."""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from collector.errors import Invalid
from collector.receive.decoders.bodies.parsed import Parsed
from collector.receive.decoders.table import Limits
from collector.receive.words import kind, shown

FORMATS = {
    "BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h", "INT32": "i",
    "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
"""Data types and how `struct` names them, little-endian. BYTES and BF16 beside them have codes of their own here."""
_MOST_DIMENSIONS = 16


def is_tensors(value: object) -> bool:
    """Whether it is a list of tensors, and not one of plain rows."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) and "name" in each for each in value)


def parse(tensors: Sequence[Any], limits: Limits, binary: memoryview | None = None) -> Parsed:
    """The first dimension counts rows. One tensor `[n, d]` has `d` columns by position, others a column each by name.

    `binary` is what follows the JSON. Raises Invalid, TooLarge.

    >>> parse([{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}], Limits(9, 9, 99)).unnamed
    [[1, 3], [2, 4]]
    """
    found: list[tuple[str, int, list[list[object]]]] = []
    rest = binary
    for number, tensor in enumerate(tensors):
        if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
            raise Invalid(f"tensor {number}: expected an object with name, shape, datatype and data")
        what = f"tensor {tensor['name']!r}"
        shape = _shape(tensor.get("shape"), what)
        size = _binary_size(tensor, what)
        count = math.prod(shape)
        if size is not None:
            if rest is None or len(rest) < size:
                raise Invalid(f"{what}: {size} bytes of binary data are announced, {len(rest or b'')} are there")
            values, rest = binary_values(str(tensor.get("datatype")), rest[:size], what), rest[size:]
        else:
            values = _flat(tensor.get("data"), count, what)
        if len(values) != count:
            raise Invalid(f"{what}: the shape {shape} has {count} values, the data {len(values)}")
        found.append((tensor["name"], len(shape), _columns(values, shape, limits)))
    return _joined(found, limits)


def _joined(found: Sequence[tuple[str, int, list[list[object]]]], limits: Limits) -> Parsed:
    if not found:
        raise Invalid("no tensors: expected at least one")
    name, dimensions, columns = found[0]
    rows = len(columns[0])
    limits.check(rows=rows, columns=sum(len(each) for _, _, each in found))
    for other, _, each in found[1:]:
        if len(each[0]) != rows:
            raise Invalid(
                f"tensors differ in their first dimension: {name!r} has {rows} rows, {other!r} {len(each[0])}"
            )
    if rows == 0:
        raise Invalid("no rows: the tensors are empty")
    if len(found) == 1 and len(columns) > 1:
        return Parsed(rows, unnamed=columns, stem=name)
    named: dict[str, list[object]] = {}
    for name, _, each in found:
        named |= {name: each[0]} if len(each) == 1 else {f"{name}-{i}": values for i, values in enumerate(each)}
    return Parsed(rows, named, vector=len(found) == 1 and dimensions == 1)


def _shape(shape: Any, what: str) -> list[int]:
    good = isinstance(shape, list) and len(shape) <= _MOST_DIMENSIONS
    if not good or not all(type(each) is int and 0 <= each < 2**31 for each in shape):
        raise Invalid(f"{what}: expected a shape, a list of whole numbers, not {shown(shape)}")
    return list(shape)


def _columns(values: list[object], shape: Sequence[int], limits: Limits) -> list[list[object]]:
    rows = shape[0] if shape else 1
    width = math.prod(shape[1:])
    limits.check(rows=rows, columns=width)
    return [values[column::width] for column in range(width)] if width and values else [[]]


def _flat(data: Any, count: int, what: str) -> list[object]:
    """Values row by row, whether the sender nested them or not."""
    values: list[object]
    if not isinstance(data, list):
        raise Invalid(f"{what}: expected data, a list of values, not {kind(data)}")
    for _ in range(_MOST_DIMENSIONS):
        if not data or not all(isinstance(each, list) for each in data):
            values = data
            return values
        data = [value for row in data for value in row]
        if len(data) > count:
            raise Invalid(f"{what}: the data has more values than the shape, which has {count}")
    raise Invalid(f"{what}: the data is nested too deeply")


def _binary_size(tensor: dict[str, Any], what: str) -> int | None:
    parameters = tensor.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None or "data" in tensor:
        return None
    if type(size) is not int or size < 0:
        raise Invalid(f"{what}: binary_data_size is {shown(size)}: expected a number of bytes")
    return size


def binary_values(datatype: str, data: memoryview, what: str) -> list[object]:
    r"""A tensor's bytes, little-endian, as values. Raises Invalid.

    >>> binary_values("BYTES", memoryview(b"\x02\x00\x00\x00AA"), "x")
    ['AA']
    """
    if datatype == "BYTES":
        return list(_texts(data, what))
    if datatype == "BF16":
        whole = len(data) % 2 == 0
        values = [struct.unpack("<f", b"\0\0" + data[at : at + 2])[0] for at in range(0, len(data), 2)] if whole else []
    elif datatype in FORMATS:
        code = struct.Struct("<" + FORMATS[datatype])
        whole = len(data) % code.size == 0
        values = [value for (value,) in code.iter_unpack(data)] if whole else []
    else:
        raise Invalid(f"{what}: datatype {datatype[:20]!r} is not known; known: {', '.join(FORMATS)}, BF16, BYTES")
    if not whole:
        raise Invalid(f"{what}: {len(data)} bytes are no whole number of {datatype} values")
    return values


def _texts(data: memoryview, what: str) -> Iterator[str]:
    """Each text behind its length, four bytes."""
    at = 0
    while at < len(data):
        stop = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if at + 4 > len(data) or stop > len(data):
            raise Invalid(f"{what}: its texts end early")
        yield text(bytes(data[at + 4 : stop]), what)
        at = stop


def text(data: bytes, what: str) -> str:
    """Raises Invalid when the bytes are no text: a picture, say."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"{what}: its BYTES are not UTF-8 text") from error
