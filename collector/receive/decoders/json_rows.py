"""`application/json`: an array of rows, one row, or `{"columns": {name: [..]}}`; told apart by shape."""

from typing import Any

from collector.errors import Invalid
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.table import AsText, Decoded, Limits, from_columns, from_rows
from collector.receive.words import shown


def decode(body: bytes, limits: Limits, as_text: AsText = ()) -> Decoded:  # noqa: ARG001 - JSON has types
    """Raises Malformed (no JSON), Invalid (JSON of another shape, no rows), TooLarge.

    >>> decode(b'{"a": 1}', Limits(10, 10, 100)).table.columns
    {'a': (1,)}
    """
    value = loads(body)
    if isinstance(value, list):
        return from_rows(value, limits)
    if isinstance(value, dict):
        columns = _columns_form(value)
        return from_rows([value], limits) if columns is None else from_columns(columns, limits)
    raise Invalid(
        f'expected rows: an array of objects, one object, or {{"columns": {{name: [values]}}}}, not {shown(value)}'
    )


def _columns_form(value: dict[str, Any]) -> dict[str, Any] | None:
    """The inside of `{"columns": {..}}`; a row that has a column of that name holds no object there."""
    inside = value.get("columns")
    return inside if len(value) == 1 and isinstance(inside, dict) else None
