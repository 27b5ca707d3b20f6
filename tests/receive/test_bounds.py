"""How long a value may be, and how deep a document: one more is refused with its place, at every door that reads one."""

import io

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.errors import Invalid
from collector.receive.decoders.json_text import MOST_LEVELS, loads
from collector.receive.problems import Malformed
from collector.receive.references.reference import PARQUET, from_location
from collector.receive.rows.faults import MOST_SUGGESTIONS
from collector.receive.words import MOST_NAME
from tests.fuzz import corpus
from tests.receive.doubles import default_monitor, opened

pytestmark = pytest.mark.asyncio
ROWS, LABELS, REFERENCE = (f"/v1/monitors/flights/{what}" for what in ("inferences", "labels", "reference"))
MOST = 100
COLUMNS = {"id": "id", "prediction": "score", "categorical_features": ["city"]}
WATCHED = default_monitor(columns=COLUMNS)
REASON = f"text of {MOST + 1} characters: at most {MOST} are taken"


def house(**settings):
    return opened(WATCHED, max_string_length=MOST, **settings)


def stream(rows):
    table = pa.Table.from_pandas(pd.DataFrame(rows).astype({"city": "category"}))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


ENCODED = {
    "application/json": orjson.dumps,
    "application/x-ndjson": lambda rows: b"\n".join(map(orjson.dumps, rows)),
    "text/csv": lambda rows: pd.DataFrame(rows).to_csv(index=False).encode(),
    "application/vnd.apache.arrow.stream": stream,
}


@pytest.mark.parametrize("column", ["city", "id"])
@pytest.mark.parametrize("media", ENCODED)
@pytest.mark.parametrize("more", [0, 40])
async def test_a_row_with_a_longer_text_is_rejected_and_its_neighbours_are_taken(media, column, more):
    """`ä` has two bytes: characters are counted. Many rows that look alike are parsed in a way of their own."""
    rows = [{"id": "a", "city": "ä" * MOST}, {"id": "b", "city": "x"}, {"id": "c", "city": "y"}]
    rows += [{"id": f"more-{number}", "city": "z"} for number in range(more)]
    rows[1][column] = "x" * (MOST + 1)
    async with house() as found:
        status, answer = await found.post(ROWS, ENCODED[media](rows), Content_Type=media)
        assert (status, answer["accepted"], answer["rejected"]) == (202, 2 + more, 1)
        assert answer["errors"] == [{"row": 1, "column": column, "reason": REASON}]


def narrow_and_long(rows):
    return [{"id": f"r{number}", "score": 0.5} for number in range(rows)]


def wide(columns):
    return [{"id": "a", "city": "x", **{f"c{number}": 1 for number in range(columns - 2)}}]


def in_batches(rows):
    """A batch a row."""
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("what", ["rows", "columns"])
@pytest.mark.parametrize(("media", "encode"), [*(pair for pair in ENCODED.items() if pair[1] is not stream),
                                               ("application/vnd.apache.arrow.stream", in_batches)])  # fmt: skip
async def test_as_many_rows_and_columns_as_the_limit_are_taken_and_one_more_is_413(media, encode, what):
    make = {"rows": narrow_and_long, "columns": wide}[what]
    async with house(max_request_rows=8, max_columns=8) as found:
        assert (await found.post(ROWS, encode(make(8)), Content_Type=media))[0] == 202
        status, problem = await found.post(ROWS, encode(make(9)), Content_Type=media)
        assert (status, problem["type"], problem[what]) == (413, "/problems/too-large", 9)
        assert len(found.intake.taken) == 1


async def test_a_short_body_beside_a_long_one_does_not_let_its_text_through():
    async with house() as found:
        short = orjson.dumps([{"id": "a", "city": "x"}])
        assert len(short) < MOST
        assert (await found.post(ROWS, short))[1]["accepted"] == 1
        status, problem = await found.post(ROWS, orjson.dumps([{"id": "a", "city": "x" * (MOST + 1)}]))
        assert (status, problem["errors"][0]["reason"]) == (422, REASON)


async def test_long_ids_and_targets_of_labels_are_rejected():
    async with house() as found:
        bad = [{"id": "i" * (MOST + 1), "target": 1}, {"id": "a", "target": "t" * (MOST + 1)}, {"id": "b", "target": 1}]
        status, answer = await found.post(LABELS, orjson.dumps(bad))
        assert (status, answer["accepted"]) == (202, 1)
        assert [(each["row"], each["column"], each["reason"]) for each in answer["errors"]] == [
            (0, "id", REASON), (1, "target", REASON),
        ]  # fmt: skip


def parquet(rows):
    out = io.BytesIO()
    pd.DataFrame(rows).to_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize("media", [*ENCODED, "application/vnd.apache.parquet"])
async def test_a_reference_with_a_longer_text_is_refused_with_row_and_column(media):
    rows = [{"city": "ä" * MOST}, {"city": "x" * (MOST + 1)}]
    async with house() as found:
        body = {**ENCODED, "application/vnd.apache.parquet": parquet}[media](rows)
        async with found.client.put(REFERENCE, data=body, headers={"Content-Type": media}) as answer:
            problem = await answer.json()
        told = problem["errors"][0] if "errors" in problem else problem
        assert (answer.status, told["row"], told["column"]) == (422, 1, "city")
        assert REASON in told.get("reason", problem["detail"])
        assert found.intake.references == []


@pytest.mark.parametrize("more", [{}, {"privacy": {"mask": ["carrier"]}}])
async def test_a_parquet_file_whose_pages_lack_rows_of_its_footer_is_refused(more):
    async with opened(default_monitor(**more)) as found:
        body = (corpus.FOLDER / "reference-parquet" / "pages-without-the-rows-of-the-footer").read_bytes()
        async with found.client.put(REFERENCE, data=body, headers={"Content-Type": PARQUET[0]}) as answer:
            problem = await answer.json(content_type=None)
        assert (answer.status, problem["detail"]) == (
            400,
            "the body is not Parquet: its pages have 0 rows, its footer says 2",
        )
        assert found.intake.references == []


async def test_a_reference_of_a_path_is_bounded_too(tmp_path):
    (tmp_path / "part-0.parquet").write_bytes(parquet([{"city": "x"}]))
    (tmp_path / "part-1.parquet").write_bytes(parquet([{"city": "x"}, {"city": "x" * (MOST + 1)}]))
    with pytest.raises(Invalid, match=rf"part-1.parquet: row 1, column 'city': {REASON}"):
        from_location(WATCHED, str(tmp_path), max_text=MOST)


# ---------------------------------------------------------------- levels

STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
JSON = {"Content-Type": "application/json"}
EVENT = {"specversion": "1.0", "id": "e", "source": "s", "type": "org.kubeflow.serving.inference.request",
         "inferenceservicename": "flights"}  # fmt: skip
BINARY = {f"ce-{name}": value for name, value in EVENT.items()} | JSON
DOORS = {
    "rows": ("POST", ROWS, JSON, b'[{"id": "a", "city": %s}]'),
    "a row": ("POST", ROWS, JSON, b"%s"),
    "columns": ("POST", ROWS, JSON, b'{"columns": {"city": %s}}'),
    "a line": ("POST", ROWS, {"Content-Type": "application/x-ndjson"}, b'{"id": "a", "city": %s}'),
    "labels": ("POST", LABELS, JSON, b'[{"id": "a", "target": %s}]'),
    "a reference": ("PUT", REFERENCE, JSON, b'[{"city": %s}]'),
    "a monitor": ("PUT", "/v1/monitors/flights", JSON, b'{"id": "flights", "metadata": %s}'),
    "parameters": ("PUT", "/v1/monitors/flights", JSON,
                   b'{"reports": [{"name": "r", "metrics": [{"DataDriftPreset": {"columns": %s}}]}]}'),
    "an event": ("POST", "/", STRUCTURED, orjson.dumps({**EVENT, "data": 0}).replace(b'"data":0', b'"data":%s')),
    "events": ("POST", "/", BATCH, b"[" + orjson.dumps({**EVENT, "data": 0}).replace(b'"data":0', b'"data":%s') + b"]"),
    "instances": ("POST", "/", BINARY, b'{"instances": %s}'),
    "tensors": ("POST", "/", BINARY, b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": %s}]}'),
    "ModelMesh": ("POST", "/consumer/kserve/v2", JSON, b'{"id": %s}'),
    "logs": ("POST", "/v1/logs", JSON, b'{"resourceLogs": %s}'),
    "a log's body": ("POST", "/v1/logs", JSON,
                     b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"arrayValue": {"values": %s}}}]}]}]}'),
    "a collector": ("POST", "/flights", JSON, b'{"trigger": %s}'),
    "a data frame": ("POST", "/flights/data", JSON, b'{"city": %s}'),
}  # fmt: skip
SHAPES = {
    "lists": lambda levels: b"[" * levels + b"]" * levels,
    "objects": lambda levels: b'{"a":' * levels + b"1" + b"}" * levels,
    "lists that never end": lambda levels: b"[" * levels,
    "lists beside a NaN": lambda levels: b"[NaN, " * levels + b"1" + b"]" * levels,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("door", DOORS)
async def test_what_is_nested_a_hundred_thousand_levels_deep_is_400_at_every_door(door, shape):
    method, path, headers, body = DOORS[door]
    async with opened(WATCHED) as found:
        deep = body.replace(b"%s", SHAPES[shape](100_000))
        async with found.client.request(method, path, data=deep, headers=headers) as answer:
            text = (await answer.read()).decode()
        assert answer.status == 400, text
        assert "nested" in text


@pytest.mark.parametrize("levels", [MOST_LEVELS, 200, 300, 600, 990])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("door", DOORS)
async def test_no_depth_is_a_fault_of_the_service(door, shape, levels):
    method, path, headers, body = DOORS[door]
    async with opened(WATCHED) as found:
        deep = body.replace(b"%s", SHAPES[shape](levels))
        async with found.client.request(method, path, data=deep, headers=headers) as answer:
            text = (await answer.read()).decode()
        assert 400 <= answer.status < 500, text
        assert sum(judged.table.rows for judged in found.intake.taken) == 0
        assert found.intake.references == []


async def test_a_document_may_have_so_many_levels_and_no_more():
    for shape in ("lists", "objects"):
        assert loads(SHAPES[shape](MOST_LEVELS)) is not None
        with pytest.raises(Malformed, match=f"at most {MOST_LEVELS} levels are taken"):
            loads(SHAPES[shape](MOST_LEVELS + 1))
    assert loads(b"[" + b"[]," * 1000 + b"[]]")  # which is wide


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.struct([("a", pa.int64())])])
@pytest.mark.parametrize("media", ["application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"])
async def test_a_reference_has_single_values_in_every_encoding(media, kind):
    column = pa.nulls(3, kind)
    table = pa.table({"id": ["a", "b", "c"], "city": ["x", "y", "z"], "extra": column})
    sink = pa.BufferOutputStream()
    if media.endswith("parquet"):
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    async with house() as found:
        body = sink.getvalue().to_pybytes()
        async with found.client.put(REFERENCE, data=body, headers={"Content-Type": media}) as answer:
            problem = await answer.json(content_type=None)
        assert (answer.status, problem["column"]) == (422, "extra")
        assert "expected single values" in problem["detail"]


async def test_only_the_first_unknown_columns_are_compared_with_all_that_are_known():
    """A comparison costs microseconds a name: of thousands with thousands it would hold up everybody."""
    closed = default_monitor(columns={"id": "id", "numerical_features": ["distance"], "categorical_features": []})
    async with opened(closed) as found:
        row = {"id": "a"} | {f"distance{number}": 1 for number in range(50)}
        _, problem = await found.post(ROWS, orjson.dumps([row]), Content_Type="application/json")
        reasons = [each["reason"] for each in problem["errors"]]
        assert sum("did you mean 'distance'?" in reason for reason in reasons) == MOST_SUGGESTIONS < len(reasons) == 50


@pytest.mark.parametrize("media", ENCODED)
async def test_a_row_with_a_value_in_a_column_of_a_longer_name_is_rejected_and_its_neighbours_are_taken(media):
    name = "n" * (MOST_NAME + 1)
    rows = [
        {"id": "a", "city": "Rome", name: None},
        {"id": "b", "city": "Rome", name: 1.0},
        {"id": "c", "city": "Oslo", name: None},
    ]
    async with house() as door:
        status, answer = await door.post(ROWS, ENCODED[media](rows), Content_Type=media)
        assert (status, answer["accepted"], answer["rejected"]) == (202, 2, 1)
        (told,) = answer["errors"]
        assert told["reason"] == f"the name of the column has {MOST_NAME + 1} characters: at most {MOST_NAME} are taken"
        assert (told["row"], len(told["column"])) == (1, 60)
        assert name not in door.intake.taken[0].table.columns


async def test_a_column_of_the_longest_name_is_taken():
    async with house() as door:
        row = {"id": "a", "city": "Rome", "n" * MOST_NAME: 1}
        assert (await door.post(ROWS, orjson.dumps([row])))[0] == 202


@pytest.mark.parametrize("media", [PARQUET[0], "application/json"])
async def test_a_reference_with_a_longer_name_is_refused(media):
    rows = [{"city": "Rome", "n" * (MOST_NAME + 1): 1.0}]
    async with house() as found:
        body = (parquet if media in PARQUET else orjson.dumps)(rows)
        async with found.client.put(REFERENCE, data=body, headers={"Content-Type": media}) as answer:
            text = await answer.text()
        assert (answer.status, found.intake.references) == (422, [])
        assert f"{MOST_NAME + 1} characters: at most {MOST_NAME} are taken" in text
