"""Seldon Core v1: `{"data": {"names": [..], "ndarray" | "tensor": ..}}`."""

from collections.abc import Mapping
from typing import Any

from collector.errors import Invalid
from collector.receive.decoders.bodies.parsed import Parsed, from_list
from collector.receive.decoders.table import Limits


def is_seldon(data: object) -> bool:
    return isinstance(data, Mapping) and not data.keys().isdisjoint(("ndarray", "tensor", "tftensor"))


def parse(data: Mapping[str, Any], limits: Limits) -> Parsed:
    """Names that the sender gives are the columns' names. Raises Invalid, TooLarge.

    >>> parse({"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1.0, 2.0]}}, Limits(9, 9, 99)).named
    {'a': (1.0,), 'b': (2.0,)}
    """
    if "ndarray" in data:
        parsed = from_list(data["ndarray"], limits, what="data.ndarray")
    elif "tensor" in data:
        parsed = from_list(_rows(data["tensor"]), limits, what="data.tensor")
    else:
        raise Invalid("data.tftensor is not understood: expected data.ndarray or data.tensor")
    names = data.get("names")
    if not names:
        return parsed
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("data.names: expected a list of texts")
    if len(set(names)) != len(parsed.unnamed):
        return parsed  # graphs pass the names of a node's input on to its output
    return Parsed(parsed.rows, dict(zip(names, parsed.unnamed, strict=True)))


def _rows(tensor: Any) -> list[Any]:
    shape = tensor.get("shape") if isinstance(tensor, Mapping) else None
    values = tensor.get("values") if isinstance(tensor, Mapping) else None
    if not isinstance(shape, list) or not isinstance(values, list) or not 1 <= len(shape) <= 2:
        raise Invalid("data.tensor: expected a shape of one or two dimensions, and values")
    if len(shape) == 1:
        return values
    rows, width = shape
    if not (type(rows) is int and type(width) is int and rows * width == len(values) and rows > 0):
        raise Invalid(f"data.tensor: the shape {shape} does not fit {len(values)} values")
    return [values[row * width : (row + 1) * width] for row in range(rows)]
