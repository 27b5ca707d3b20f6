"""Tables of a reference that are typed already: their texts are bounded, and what is to be hidden is hidden."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from collector.errors import Invalid
from collector.receive.decoders import arrow
from collector.receive.privacy import Protection
from collector.receive.words import too_long

_PANDAS = b"pandas"


def check_texts(batches: Iterable[Any], max_text: int) -> None:
    """Raises Invalid, with column and row, when a text is too long. Nothing of it is shown."""
    first_row = 0
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            texts = column.dictionary if pa.types.is_dictionary(column.type) else column
            if _is_text(texts.type) and (pc.max(pc.utf8_length(texts)).as_py() or 0) > max_text:
                _refuse(str(name), column, max_text, first_row)
        first_row += batch.num_rows


def _refuse(name: str, column: Any, max_text: int, first_row: int) -> None:
    """Unless it is a text of the dictionary that no row has."""
    for row, text in enumerate(column.to_pylist(), start=first_row):
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
    stored = protection.kept(name, arrow.values_of(column))
    if not all(value is None or isinstance(value, str) for value in stored):
        raise Invalid(
            f"column {name!r} is {column.type}: expected numbers, text, true or false, which can be hashed or masked",
            column=name,
        )
    return pa.array(stored, pa.large_string())


def _metadata(metadata: Mapping[bytes, bytes], touched: list[str]) -> dict[bytes, bytes]:
    """What pandas noted of its types and its index, but for the columns that are others now."""
    if _PANDAS not in metadata:
        return {}
    noted = orjson.loads(metadata[_PANDAS])
    noted["columns"] = [each for each in noted["columns"] if each.get("field_name", each["name"]) not in touched]
    noted["index_columns"] = [each for each in noted["index_columns"] if each not in touched]
    return {_PANDAS: orjson.dumps(noted)}


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
