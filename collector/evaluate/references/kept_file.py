"""The profile of a reference as it is stored: a Parquet file with a line for each column, and none for any row.

Whoever opens it sees what is kept: per column its distinct values or quantiles with their counts, and a few facts.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from collector.errors import Invalid
from collector.evaluate.profile import Array, ColumnProfile, Counted, FrameProfile, count_sorted
from collector.evaluate.references.kept import Form, KeptColumn, KeptFrame, Rare, token_of
from collector.monitor import Columns
from collector.ports import PROFILE_MARK

MOST_VALUES = 100_000
"""Distinct values of a column that are kept exactly. Of more numbers, as many quantiles: each share of the rows is
then right to 0.001 %. Of more texts, none."""
RARE_ROWS = 5
"""Texts that fewer rows have are kept as stand-ins; a reference of fewer rows has no profile that is not its rows."""

_SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("kind", pa.string()),
        ("dtype", pa.string()),
        ("missing", pa.int64()),
        ("form", pa.string()),
        ("stored", pa.string()),
        ("integers", pa.list_(pa.int64())),
        ("floats", pa.list_(pa.float64())),
        ("texts", pa.list_(pa.string())),
        ("rare", pa.list_(pa.string())),
        ("counts", pa.list_(pa.int64())),
        ("facts", pa.string()),
    ]
)


_TEXTS = ("texts", "rare")


def keep(frame: FrameProfile, columns: Columns, *, most_values: int = MOST_VALUES) -> bytes:
    """The profile of a reference, without its rows. The same rows in any order give the same bytes.

    Of ids and free texts no value is kept, of labels and predictions every one. Raises Invalid when there are so few
    rows that their values would be the rows.
    """
    if frame.rows < RARE_ROWS:
        raise Invalid(
            f"{frame.rows} rows: keep: profile needs at least {RARE_ROWS}, because the values of fewer are the rows"
        )
    salt = _salt(frame)
    unkept = {columns.id, columns.user_id, columns.item_id, *(columns.text_features or ())}
    told = {columns.target, *columns.predictions}
    lines = [
        _line(profile, salt, unkept=profile.name in unkept, told=profile.name in told, most=most_values)
        for profile in frame
    ]
    about = {"rows": frame.rows, "columns": list(map(str, frame.names)), "salt": salt.hex()}
    table = pa.Table.from_pylist(lines, schema=_SCHEMA.with_metadata({PROFILE_MARK: json.dumps(about)}))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def is_kept(schema: Any) -> bool:
    """Whether a Parquet file of this schema is a profile."""
    return PROFILE_MARK in (schema.metadata or {})


def load(table: Any) -> KeptFrame:
    """What `keep` wrote."""
    about = json.loads(table.schema.metadata[PROFILE_MARK])
    salt = bytes.fromhex(about["salt"])
    return KeptFrame([_column(line, about["rows"], salt) for line in table.to_batches() for line in _lines(line)],
                     about["rows"])  # fmt: skip


def _salt(frame: FrameProfile) -> bytes:
    """Follows from what the columns hold, so that equal references have equal profiles, and different ones share none."""
    digest = hashlib.blake2b(digest_size=16)
    for profile in frame:
        digest.update(repr((profile.name, profile.kind, profile.rows, profile.missing, profile.distinct)).encode())
        if profile.kind in {"object", "bool"}:
            texts = sorted(map(str, profile.counted.uniques))
            digest.update("\0".join(texts).encode("utf-8", "surrogatepass"))
        else:
            digest.update(profile.sorted.tobytes())
    return digest.digest()


# ------------------------------------------------------------ a column as a line


def _line(profile: ColumnProfile, salt: bytes, *, unkept: bool, told: bool, most: int) -> dict[str, Any]:
    line = {"column": str(profile.name), "kind": profile.kind, "dtype": str(profile.dtype), "missing": profile.missing}
    if isinstance(profile.dtype, pd.CategoricalDtype):
        line["dtype"] = "category"  # its categories are values
    if profile.kind == "object" or (profile.kind == "bool" and profile.missing):
        return line | {"stored": "object"} | _of_texts(profile, salt, unkept=unkept, told=told, most=most)
    return line | {"stored": profile.sorted.dtype.str} | _of_numbers(profile, unkept=unkept, most=most)


def _of_numbers(profile: ColumnProfile, *, unkept: bool, most: int) -> dict[str, Any]:
    counted = count_sorted(profile.sorted)
    facts: dict[str, Any] = {"distinct": profile.distinct, "top": profile.highest_count, "infinite": profile.infinite}
    if unkept:
        return {"form": "nothing", "facts": json.dumps(facts)}
    if len(counted.uniques) <= most:
        return {"form": "values", "facts": "{}", **_numbers(counted)}
    if profile.is_number:
        facts |= {name: _finite(getattr(profile, name)) for name in ("mean", "std", "finite_mean")}
    facts["mode"] = _plain_numbers(np.array([profile.most_common_present], dtype=profile.sorted.dtype)).tolist()
    return {"form": "quantiles", "facts": json.dumps(facts), **_numbers(_quantiles(profile, most))}


def _quantiles(profile: ColumnProfile, most: int) -> Counted:
    """Parts of equally many values, each stood for by its middle one; the smallest and the largest are parts of their
    own, and so are the infinities.
    """
    ordered = profile.finite
    inner = max(most - 4, 1)
    ends = np.unique(
        np.concatenate(([0, 1], 1 + np.arange(1, inner + 1) * (ordered.size - 2) // inner, [ordered.size]))
    )
    middle = ordered[(ends[:-1] + ends[1:] - 1) // 2]
    counts = np.diff(ends)
    low, high = profile.infinite
    if low:
        middle, counts = np.append(-np.inf, middle), np.append(low, counts)
    if high:
        middle, counts = np.append(middle, np.inf), np.append(counts, high)
    return Counted(middle, counts.astype(np.int64))


def _numbers(counted: Counted) -> dict[str, Any]:
    values = _plain_numbers(counted.uniques)
    return {"floats" if values.dtype.kind == "f" else "integers": values, "counts": counted.counts}


def _plain_numbers(values: Array) -> Array:
    """As Parquet's lists hold them: instants by their ticks, integers as 64 bits."""
    return values.astype(np.float64) if values.dtype.kind == "f" else values.astype(np.int64)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _of_texts(profile: ColumnProfile, salt: bytes, *, unkept: bool, told: bool, most: int) -> dict[str, Any]:
    uniques, counts = profile.counted
    values = [each.item() if isinstance(each, np.generic) else each for each in uniques.tolist()]
    if unkept or len(values) > most or not all(isinstance(each, str | bool | int | float) for each in values):
        known = profile.missing_kinds()
        facts = {"distinct": profile.distinct, "top": profile.highest_count, "infinite": profile.infinite}
        return {"form": "nothing", "facts": json.dumps(facts | {"empty": known[""]})}
    pairs = list(zip(values, counts.tolist(), strict=True))
    shown = sorted(
        (json.dumps(each), count)
        for each, count in pairs
        if told or not isinstance(each, str) or each == "" or count >= RARE_ROWS
    )
    rare = sorted(
        (token_of(each, salt), count)
        for each, count in pairs
        if not told and isinstance(each, str) and each != "" and count < RARE_ROWS
    )
    return {
        "form": "values",
        "facts": "{}",
        "texts": [text for text, _ in shown],
        "rare": [token for token, _ in rare],
        "counts": [count for _, count in (*shown, *rare)],
    }


# ------------------------------------------------------------ a line as a column


def _lines(batch: Any) -> Iterator[dict[str, Any]]:
    """Lines with their numbers as arrays."""
    names = [field.name for field in batch.schema if pa.types.is_list(field.type) and field.name not in _TEXTS]
    plain = batch.select([name for name in batch.schema.names if name not in names])
    arrays = {name: batch.column(name) for name in names}
    for index, line in enumerate(plain.to_pylist()):
        line |= {
            name: np.asarray(each[index].values) if each[index].is_valid else None for name, each in arrays.items()
        }
        yield line


def _column(line: dict[str, Any], rows: int, salt: bytes) -> KeptColumn:
    form: Form = line["form"]
    facts = json.loads(line["facts"])
    dtype = pd.api.types.pandas_dtype(line["dtype"])
    if line["stored"] == "object":
        values = [*map(json.loads, line["texts"] or ()), *map(Rare, line["rare"] or ())]
        uniques = np.empty(len(values), dtype=object)
        uniques[:] = values
    else:
        stored = np.dtype(line["stored"])
        plain = line["integers"] if line["floats"] is None else line["floats"]
        uniques = np.zeros(0, dtype=stored) if plain is None else plain.astype(stored)
        if line["kind"] == "bool":
            uniques = uniques.astype(np.bool_)
        if "mode" in facts:
            facts["_mode"] = (np.array(facts.pop("mode")).astype(stored)[0], facts["top"])
    counts = np.zeros(0, dtype=np.int64) if line["counts"] is None else line["counts"]
    if "infinite" in facts:
        facts["infinite"] = tuple(facts["infinite"])
    facts |= {name: np.nan for name in ("mean", "std", "finite_mean") if name in facts and facts[name] is None}
    return KeptColumn(
        line["column"],
        kind=line["kind"],
        dtype=dtype,
        rows=rows,
        missing=line["missing"],
        form=form,
        kept=Counted(uniques, counts),
        facts=facts,
        salt=salt,
    )
