"""Tables of a reference that are typed already: their texts are bounded, and what is to be hidden is hidden."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from collector.errors import Invalid, TooLarge
from collector.receive.decoders.arrow_values import values_of
from collector.receive.decoders.table import Limits
from collector.receive.rows.privacy import Protection
from collector.receive.words import too_long

_PANDAS = b"pandas"


def texts_of(schema: Any) -> list[str]:
    """The columns of text."""
    return [name for name, kind in zip(schema.names, schema.types, strict=True) if _is_text(kind)]


def check_texts(batches: Iterable[Any], limits: Limits) -> None:
    """Raises Invalid, with column and row, when a text is too long, of which nothing is shown; TooLarge, when all of them are,
    each counted wherever it is used.
    """
    first_row = size = 0
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            texts = column.dictionary if pa.types.is_dictionary(column.type) else column
            if not _is_text(texts.type):
                continue
            if (pc.max(pc.utf8_length(texts)).as_py() or 0) > limits.text:
                _refuse(str(name), column, limits.text, first_row)
            size += _bytes(column)
            if size > limits.bytes:
                raise TooLarge(f"texts of more than {limits.bytes} bytes: send fewer rows, or shorter texts")
        first_row += batch.num_rows


def _bytes(column: Any) -> int:
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.take(pc.cast(pc.binary_length(column.dictionary), pa.int64()), column.indices)
    return int(pc.sum(lengths).as_py() or 0)


def _refuse(name: str, column: Any, max_text: int, first_row: int) -> None:
    """Unless it is a text of the dictionary that no row has."""
    for row, value in enumerate(column, start=first_row):  # one by one: they may be one long text, many times
        text = value.as_py()
        if text is not None and len(text) > max_text:
            raise Invalid(f"row {row}, column {name!r}: {too_long(text, max_text)}", row=row, column=name)


def hidden(table: Any, protection: Protection | None) -> Any:
    """The table without what is dropped, and with text in place of what is hashed or masked: the table itself, if that is
    nothing.
    """
    touched = [] if protection is None else [name for name in table.column_names if protection.hides(str(name))]
    if protection is None or not touched:
        return table
    arrays, names = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not protection.drops(str(name)):
            names.append(name)
            arrays.append(_stored(str(name), column, protection) if name in touched else column)
    found = pa.Table.from_arrays(arrays, names=names)
    return found.replace_schema_metadata(_metadata(table.schema.metadata or {}, touched))


def _stored(name: str, column: Any, protection: Protection) -> Any:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    try:
        stored = protection.kept(name, values_of(column))
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise Invalid(f"column {name!r} has values beyond what {column.type} can hold here", column=name) from error
    if not all(value is None or isinstance(value, str) for value in stored):
        raise Invalid(
            f"column {name!r} is {column.type}: expected numbers, text, true or false, which can be hashed or masked",
            column=name,
        )
    return pa.array(stored, pa.large_string())


def _metadata(metadata: Mapping[bytes, bytes], touched: list[str]) -> dict[bytes, bytes]:
    """What pandas noted of its types and its index, but for the columns that are others now."""
    try:
        noted = orjson.loads(metadata[_PANDAS])
        noted["columns"] = [each for each in noted["columns"] if each.get("field_name", each["name"]) not in touched]
        noted["index_columns"] = [each for each in noted["index_columns"] if each not in touched]
        return {_PANDAS: orjson.dumps(noted)}
    except (LookupError, ValueError, TypeError, AttributeError):  # there is none, or it was not pandas that wrote it
        return {}


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
