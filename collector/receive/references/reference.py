"""A reference as its owner has it -> Parquet: the rows that a monitor's windows are compared with.

Unlike inferences, a reference is taken whole or not at all: what is compared with must be right.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from collector.chunks import MIXED_MARK, mixed_text
from collector.errors import Invalid, TooLarge, UnknownEncoding
from collector.locations import shown
from collector.monitor import Monitor
from collector.ports import PROFILE_MARK
from collector.receive import decoders
from collector.receive.decoders import arrow
from collector.receive.decoders.table import MOST_CHARACTERS, Decoded, Limits
from collector.receive.problems import Malformed, row_errors
from collector.receive.references.storage import File, fetch
from collector.receive.references.tables import check_texts, hidden, texts_of
from collector.receive.rows.judge import judge
from collector.receive.rows.privacy import Protection
from collector.receive.rows.roles import NUMBER, SCALAR, Roles, roles_of
from collector.receive.words import MOST_NAME, brief, name_too_long
from collector.strict import near_miss

PARQUET = ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet")
ARROW = ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file")
_SUFFIXES = {
    ".parquet": PARQUET[0], ".pq": PARQUET[0], ".arrow": ARROW[0], ".arrows": ARROW[0], ".feather": ARROW[0],
    ".ipc": ARROW[0], ".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
}  # fmt: skip
_MOST_ROWS = 20_000_000
_AT_ONCE = 16_384
_FILE_LIMITS = Limits(rows=_MOST_ROWS, columns=100_000, bytes=2_000_000_000)
"""A file that the operator names is trusted to be meant; only its shape is checked."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference that may be stored: its Parquet bytes, and what the answer says of it."""

    parquet: bytes
    rows: int
    columns: Sequence[str]


def from_location(
    monitor: Monitor, location: str, protection: Protection | None = None, *, max_text: int = MOST_CHARACTERS
) -> bytes:
    """The rows of a file, of Parquet parts, or of a URL as Parquet, with what is to be hidden hidden. Raises Invalid that
    begins with the location (without its secrets), TooLarge, and Transient when an object store is away.
    """
    files = fetch(location)
    limits = dataclasses.replace(_FILE_LIMITS, text=max_text)
    try:
        if len(files) == 1:
            return from_body(monitor, files[0].body, _media_of(files[0].name), limits, protection).parquet
        return _of_table(monitor, _joined(files, limits), protection).parquet
    except Invalid as error:
        raise type(error)(f"{shown(location)}: {error}", **error.place) from error


def _media_of(name: str) -> str:
    media = _SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if media is None:
        raise Invalid(f"expected a file that ends in {', '.join(_SUFFIXES)}")
    return media


def _joined(files: Sequence[File], limits: Limits) -> Any:
    """The rows of all parts, whose columns must go together."""
    tables: list[Any] = []
    rows = 0
    for file in files:
        try:
            part = _parquet_file(file.body, limits)
            rows += part.metadata.num_rows
            limits.check(rows=rows, columns=part.metadata.num_columns)
            tables.append(part.read())
            pa.unify_schemas([tables[0].schema, tables[-1].schema], promote_options="permissive")
        except TooLarge:
            raise
        except (pa.ArrowException, Invalid) as error:
            raise Invalid(f"the part {PurePosixPath(file.name).name}: {_first_line(error)}") from error
    return pa.concat_tables(tables, promote_options="permissive")


def from_body(
    monitor: Monitor, body: bytes, content_type: str, limits: Limits, protection: Protection | None = None
) -> Reference:
    """Raises Malformed, Invalid (a feature is missing, of another type; a row is wrong), TooLarge, UnknownEncoding."""
    media = _media(content_type)
    if media in PARQUET or body[:4] == b"PAR1":
        file = _parquet_file(body, limits)
        if protection is not None and any(map(protection.hides, file.schema_arrow.names)):
            return _of_table(monitor, file.read(), protection)
        return _checked(monitor, file, file.metadata.num_rows, file.schema_arrow, body, protection)
    if media in ARROW:
        return _of_table(monitor, _arrow_table(body, limits), protection)
    return from_decoded(monitor, _decoded(monitor, body, content_type, limits), limits, protection)


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def from_decoded(monitor: Monitor, decoded: Decoded, limits: Limits, protection: Protection | None = None) -> Reference:
    """Rows that came in another shape than a file's. Raises Invalid, as `from_body` does."""
    table = _table(monitor, decoded, limits, protection)
    return _checked(monitor, table, table.num_rows, table.schema, None, protection)


def _of_table(monitor: Monitor, table: Any, protection: Protection | None) -> Reference:
    table = hidden(table, protection)
    return _checked(monitor, table, table.num_rows, table.schema, None, protection)


def _parquet_file(body: bytes, limits: Limits) -> Any:
    """Reads every page once, a few rows at a time: a file that is broken is refused now, not in the first window."""
    try:
        source = pa.py_buffer(body)
        file = pq.ParquetFile(source)
        limits.check(rows=file.metadata.num_rows, columns=file.metadata.num_columns)
        _check_size(file.metadata, limits)
        _check_single(file.schema_arrow)
        # A text that is written once and used a million times is read once.
        coded = pq.ParquetFile(source, read_dictionary=texts_of(file.schema_arrow))
        check_texts(_validated(coded.iter_batches(batch_size=_AT_ONCE), file.metadata.num_rows), limits)
    except (TooLarge, Invalid):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise Malformed(f"the body is not Parquet: {_first_line(error)}") from error
    return file


def _validated(batches: Iterable[Any], announced: int) -> Iterator[Any]:
    """Raises ArrowInvalid: a text of Parquet need not be UTF-8, and pages need not have the rows that the footer says."""
    rows = 0
    for batch in batches:
        batch.validate(full=True)
        rows += batch.num_rows
        yield batch
    if rows != announced:
        raise pa.ArrowInvalid(f"its pages have {rows} rows, its footer says {announced}")


def _check_size(metadata: Any, limits: Limits) -> None:
    """A page may be packed very well. Raises TooLarge.

    No column is asked for its own size: of a broken file the library's answer may end the process.
    """
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if size > limits.bytes:
        raise TooLarge(f"the file is larger than {limits.bytes} bytes after decompression", limit=limits.bytes)


def _check_single(schema: Any) -> None:
    """A list may have any length. Raises Invalid for columns of them, and of structures."""
    for name, kind in zip(schema.names, schema.types, strict=True):
        if pa.types.is_nested(kind):
            raise Invalid(f"the reference's column {name!r} is {kind}: expected single values", column=name)


def _arrow_table(body: bytes, limits: Limits) -> Any:
    table = arrow.table(body, limits)
    check_texts(table.to_batches(max_chunksize=_AT_ONCE), limits)
    return table


def _decoded(monitor: Monitor, body: bytes, content_type: str, limits: Limits) -> Decoded:
    try:
        decode = decoders.find(content_type)
    except UnknownEncoding as error:
        if _media(content_type) in decoders.DECODERS:
            raise  # it is its charset that is not known
        raise UnknownEncoding(f"{error}, {PARQUET[0]}") from error
    return decode(body, limits, _roles(monitor, None).as_text)


def _table(monitor: Monitor, decoded: Decoded, limits: Limits, protection: Protection | None) -> Any:
    roles = _roles(monitor, protection)
    judged = judge(decoded, roles, latest_us=2**62, max_text=limits.text)
    if judged.rejected:
        raise Invalid(
            f"{judged.rejected} rows of the reference are wrong: it is taken whole or not at all",
            rejected=judged.rejected,
            errors=row_errors(judged.errors),
        )
    columns = [_column(name, values, roles) for name, values in judged.table.columns.items()]
    return pa.table([array for _, array in columns], schema=pa.schema([field for field, _ in columns]))


def _roles(monitor: Monitor, protection: Protection | None) -> Roles:
    """As for inferences, but a reference needs neither ids nor times, and may have columns that nobody reads."""
    roles = roles_of(monitor, protection)
    values = dict(roles.values) | ({} if roles.id is None else {roles.id: SCALAR})
    return dataclasses.replace(roles, id=None, event_time=None, values=values, any_other=SCALAR)


def _column(name: str, values: Sequence[object], roles: Roles) -> tuple[Any, Any]:
    """A column's field and values, in the types that rows of a window have."""
    if name in roles.times:
        return pa.field(name, pa.timestamp("us")), pa.array(
            values, pa.timestamp("us")
        )  # UTC, as the windows' own columns
    kinds = set(map(type, values)) - {type(None)}
    huge = int in kinds and any(type(value) is int and abs(value) >= 2**63 for value in values)
    if not huge and (len(kinds) < 2 or kinds == {int, float}):
        array = pa.array(values, pa.float64() if float in kinds else None)
        return pa.field(name, array.type), array
    if roles.values.get(name) is NUMBER:
        numbers = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]  # so it was judged
        return pa.field(name, pa.float64()), pa.array(numbers, pa.float64())
    texts = pa.array(map(mixed_text, values), pa.string())  # categories such as 9E and 12: each stays what it is
    return pa.field(name, pa.string(), metadata=dict(MIXED_MARK)), texts


def _checked(
    monitor: Monitor, table: Any, rows: int, schema: Any, parquet: bytes | None, protection: Protection | None
) -> Reference:
    names = [str(name) for name in schema.names]
    if PROFILE_MARK in (schema.metadata or {}):
        raise Invalid("this is a profile that was kept of a reference: expected the rows themselves")
    if rows == 0:
        raise Invalid("no rows: a reference needs at least one")
    for name in names:
        if len(name) > MOST_NAME:
            raise Invalid(name_too_long(name), column=brief(name))
    roles, columns = roles_of(monitor), monitor.columns
    for group in (columns.numerical_features, columns.categorical_features, columns.text_features,
                  columns.datetime_features, *(columns.embeddings or {}).values()):  # fmt: skip
        for name in group or ():
            if name not in names and not (protection is not None and protection.drops(name)):
                raise Invalid(f"the reference lacks the column {name!r}{near_miss(name, names)}", column=name)
    for name, role in roles.values.items():
        if role is NUMBER and name in names and not _is_number(schema.field(name).type):
            raise Invalid(
                f"the reference's column {name!r} is {schema.field(name).type}: expected numbers", column=name
            )
    return Reference(_written(table) if parquet is None else parquet, rows, names)


def _written(table: Any) -> bytes:
    """Raises Invalid for a type that a column of single values cannot have."""
    _check_single(table.schema)
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(table, sink, compression="zstd")
    except pa.ArrowException as error:
        raise Invalid(f"the reference cannot be stored as Parquet: {_first_line(error)}") from error
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _is_number(kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        return _is_number(kind.value_type)
    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)
        or types.is_null(kind)
    )  # fmt: skip


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
