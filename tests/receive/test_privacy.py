"""What is to be hidden is hidden at every door, before anything is handed over or kept, and no answer shows it."""

import base64
import hashlib
import hmac
import io

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.model import digest
from tests.receive.doubles import default_monitor, opened

KEY = "0123456789abcdef"
ROWS, LABELS, REFERENCE = (f"/v1/monitors/flights/{what}" for what in ("inferences", "labels", "reference"))
COLUMNS = {
    "id": "customer",
    "timestamp": "time",
    "target": "late",
    "prediction": "score",
    "numerical_features": ["distance"],
}
PRIVACY = {"drop": ["email", "raw_*"], "hash": ["customer", "city"], "mask": ["name", {"card": {"keep_last": 4}}]}
WATCHED = default_monitor(columns=COLUMNS, privacy=PRIVACY)
SECRETS = {"customer": "Zebedee", "city": "Ouagadougou", "email": "zeb@example.org", "raw_x": "Quetzalcoatl",
           "name": "Nebuchadnezzar", "card": "4929-5512-3456-7890"}  # fmt: skip
ROW = {**SECRETS, "time": "2023-11-14T22:00:00Z", "distance": 733, "score": 0.3}
EVENT = {"ce-specversion": "1.0", "ce-source": "s", "ce-inferenceservicename": "flights", "ce-id": "e-1",
         "Content-Type": "application/json"}  # fmt: skip
PARQUET = "application/vnd.apache.parquet"


def hashed(text):
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


KEPT = {"customer": hashed("Zebedee"), "city": hashed("Ouagadougou"), "name": "***", "card": "***7890"}


def house(monitor=WATCHED, **settings):
    return opened(monitor, hash_key=KEY, **settings)


def taken(found, number=0):
    return {name: list(values) for name, values in found.intake.taken[number].table.columns.items()}


async def put(found, body, media):
    async with found.client.put(REFERENCE, data=body, headers={"Content-Type": media}) as answer:
        return answer.status, await answer.json()


def arrow(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def csv(rows):
    return pd.DataFrame(rows).to_csv(index=False).encode()


def parquet(frame):
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()


ENCODED = {
    "rows": ("application/json", orjson.dumps),
    "columns": ("application/json", lambda rows: orjson.dumps({"columns": {k: [r[k] for r in rows] for k in rows[0]}})),
    "lines": ("application/x-ndjson", lambda rows: b"\n".join(map(orjson.dumps, rows))),
    "Arrow": ("application/vnd.apache.arrow.stream", lambda rows: arrow(pa.Table.from_pylist(rows))),
    "Arrow by a dictionary": (
        "application/vnd.apache.arrow.stream",
        lambda rows: arrow(pa.Table.from_pandas(pd.DataFrame(rows).astype({"city": "category"}))),
    ),
    "CSV": ("text/csv", csv),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ENCODED)
async def test_values_are_hidden_in_every_encoding_before_they_are_handed_over(encoding):
    media, encode = ENCODED[encoding]
    async with house() as found:
        status, answer = await found.post(ROWS, encode([ROW, {**ROW, "customer": "Ada"}]), Content_Type=media)
        assert (status, answer["accepted"], answer["errors"]) == (202, 2, [])
        columns = taken(found)
        assert {name: values[0] for name, values in columns.items() if name in SECRETS} == KEPT
        assert columns["distance"] == [733, 733]
        assert found.intake.taken[0].ids == [digest(KEPT["customer"]), digest(hashed("Ada"))]


@pytest.mark.asyncio
async def test_what_is_dropped_is_no_unknown_column_of_a_monitor_that_declares_all_of_its_columns():
    closed = default_monitor(
        columns={**COLUMNS, "categorical_features": ["city"]}, privacy={"drop": ["email", "raw_*"]}
    )
    async with opened(closed) as found:
        row = {name: ROW[name] for name in ("customer", "time", "distance", "score", "city", "email", "raw_x")}
        assert (await found.post(ROWS, orjson.dumps([row])))[0] == 202
        assert set(taken(found)) == set(row) - {"email", "raw_x"}
        status, problem = await found.post(ROWS, orjson.dumps([{**row, "mail": "zeb@example.org"}]))
        assert (status, problem["errors"][0]["column"]) == (422, "mail")


@pytest.mark.asyncio
async def test_missing_stays_missing():
    async with house() as found:
        await found.post(ROWS, orjson.dumps([{**ROW, "city": None, "card": None}, {**ROW, "city": "", "name": ""}]))
        columns = taken(found)
        assert columns["city"] == [None, ""]
        assert columns["card"] == [None, "***7890"]
        assert columns["name"] == ["***", ""]


@pytest.mark.asyncio
async def test_numbers_and_texts_of_an_id_are_one_whatever_format_they_came_in():
    async with house() as found:
        for value in (5, 5.0, "5"):
            await found.post(ROWS, orjson.dumps([{**ROW, "customer": value}]))
        await found.post(ROWS, csv([{**ROW, "customer": 5}]), Content_Type="text/csv")
        await found.post(LABELS, orjson.dumps([{"id": 5, "target": 1}, {"id": "5.0", "target": 1}]))
        assert {each.ids[0] for each in found.intake.taken} == {digest(hashed("5"))}
        assert [label.id for label in found.intake.labels] == [digest(hashed("5")), digest(hashed("5.0"))]


@pytest.mark.asyncio
async def test_labels_join_by_the_hashed_id_and_their_targets_are_hashed_as_predictions_are():
    columns = {"id": "customer", "target": "outcome", "prediction": "guess"}
    monitor = default_monitor(columns=columns, privacy={"hash": ["customer", "outcome", "guess"]})
    async with house(monitor) as found:
        await found.post(ROWS, orjson.dumps([{"customer": "Ada", "guess": "churns"}]))
        await found.post(LABELS, orjson.dumps([{"customer": "Ada", "outcome": "churns"}]))
        await found.post(LABELS, orjson.dumps([{"id": "Bob", "target": "stays"}]))
        first, second = found.intake.labels
        assert first.id == found.intake.taken[0].ids[0]
        assert orjson.loads(first.target) == taken(found)["guess"][0] == hashed("churns")
        assert (second.id, orjson.loads(second.target)) == (digest(hashed("Bob")), hashed("stays"))


@pytest.mark.asyncio
async def test_labels_of_a_column_that_is_dropped_are_refused():
    async with house(default_monitor(columns={"id": "customer"}, privacy={"drop": ["target"]})) as found:
        status, problem = await found.post(LABELS, orjson.dumps([{"id": "a", "target": "Zebedee"}]))
        assert (status, problem["column"]) == (422, "target")
        assert "takes no labels" in problem["detail"]
        assert found.intake.labels == []


BAD = {
    "a list in a row": orjson.dumps([{**ROW, "city": ["Ouagadougou"]}]),
    "an object in a row": orjson.dumps([{**ROW, "card": {"number": "4929-5512-3456-7890"}}]),
    "a number where text is needed": orjson.dumps([{**ROW, "note": 492955123456}]),
    "an id that is none": orjson.dumps([{**ROW, "customer": 492955123456.5}]),
    "an id that is true": orjson.dumps([{**ROW, "customer": True}]),
    "text that is too long": orjson.dumps([{**ROW, "city": "Ouagadougou" * 10_000}]),
    "text in place of a column": orjson.dumps({"columns": {**{k: [v] for k, v in ROW.items()}, "card": "4929-5512"}}),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("bad", BAD)
async def test_no_answer_shows_a_value_that_is_to_be_hidden(bad):
    monitor = default_monitor(
        columns={**COLUMNS, "text_features": ["note"]}, privacy={"hash": ["customer", "city", "note"], "mask": ["card"]}
    )
    async with house(monitor) as found:
        status, problem = await found.post(ROWS, BAD[bad])
        text = orjson.dumps(problem).decode()
        assert status == 422, text
        assert any(name in text for name in ("city", "card", "note", "customer"))
        for secret in ("Ouaga", "4929"):
            assert secret not in text


@pytest.mark.asyncio
async def test_no_answer_to_labels_shows_a_value_that_is_to_be_hidden():
    monitor = default_monitor(columns={"id": "customer", "target": "late"}, privacy={"hash": ["customer", "late"]})
    async with house(monitor) as found:
        bad = [{"id": 4929.5, "target": 1}, {"id": "a", "target": ["4929"]}, {"id": "4929" * 20_000, "target": 1}]
        status, problem = await found.post(LABELS, orjson.dumps(bad))
        assert (status, len(problem["errors"])) == (422, 3)
        assert "4929" not in orjson.dumps(problem).decode()


# ---------------------------------------------------------------- requests and responses that wait for each other


async def half(found, side, body, **headers):
    named = {**EVENT, "ce-type": f"org.kubeflow.serving.inference.{side}", **headers}
    return await found.post("/", body if isinstance(body, bytes) else orjson.dumps(body), **named)


REQUEST = {"instances": [{name: ROW[name] for name in (*SECRETS, "distance", "time")}]}


@pytest.mark.asyncio
@pytest.mark.parametrize("response_first", [False, True])
async def test_a_half_waits_without_what_is_to_be_hidden_and_becomes_the_same_row(response_first):
    async with house() as found:
        steps = [("request", REQUEST), ("response", {"predictions": [0.3]})]
        answers = []
        for side, body in reversed(steps) if response_first else steps:
            answers.append(await half(found, side, body))
            for waiting in found.buffer.halves.waiting:
                assert not any(secret.encode() in waiting.body for secret in SECRETS.values())
        assert answers[1][1]["accepted"] == 1, answers
        columns = taken(found)
        assert {name: values[0] for name, values in columns.items() if name in SECRETS} == KEPT
        assert (columns["score"], columns["distance"]) == ([0.3], [733])


@pytest.mark.asyncio
async def test_values_known_by_their_position_are_hidden_by_the_names_they_get():
    columns = {"id": "id", "prediction": "score", "numerical_features": ["distance"], "categorical_features": ["city"]}
    async with house(default_monitor(columns=columns, privacy={"hash": ["city"]})) as found:
        await half(found, "request", {"instances": [[733, "Ouagadougou"], [12, None]]})
        (waiting,) = found.buffer.halves.waiting
        assert b"Ouagadougou" not in waiting.body
        await half(found, "response", {"predictions": [0.3, 0.4]})
        assert taken(found)["city"] == [hashed("Ouagadougou"), None]


@pytest.mark.asyncio
async def test_the_id_of_events_is_hashed_and_so_is_what_names_them_in_the_buffer():
    columns = {"id": "id", "prediction": "score", "numerical_features": ["distance"]}
    bodies = ({"instances": [[1], [2]]}, {"predictions": [0.3, 0.4]})
    names = []
    for privacy in ({}, {"hash": ["id"]}):
        async with house(default_monitor(columns=columns, privacy=privacy)) as found:
            await half(found, "request", bodies[0], **{"ce-id": "Zebedee"})
            names.append(found.buffer.halves.waiting[0].key)
            await half(found, "response", bodies[1], **{"ce-id": "Zebedee"})
            rows = taken(found)
            await found.post(LABELS, orjson.dumps([{"id": "Zebedee-1", "target": 1}]))
            assert found.intake.labels[0].id == found.intake.taken[0].ids[1]
    assert rows["id"] == [hashed("Zebedee-0"), hashed("Zebedee-1")]
    assert names[0] != names[1]
    assert len(names[0]) == len(names[1])


@pytest.mark.asyncio
async def test_a_half_that_waited_before_a_wish_for_privacy_is_hidden_when_it_becomes_a_row():
    async with house(default_monitor(columns=COLUMNS)) as found:
        await half(found, "request", REQUEST)
        assert b"Ouagadougou" in found.buffer.halves.waiting[0].body
        found.monitors.known["flights"] = default_monitor(
            columns=COLUMNS, privacy={"hash": ["city"], "drop": ["email"]}
        )
        await half(found, "response", {"predictions": [0.3]})
        columns = taken(found)
        assert columns["city"] == [KEPT["city"]]
        assert "email" not in columns


@pytest.mark.asyncio
async def test_a_half_that_was_hidden_already_is_not_hidden_twice():
    async with house(default_monitor(columns=COLUMNS, privacy={"hash": ["city"]})) as found:
        await half(found, "request", REQUEST)
        found.monitors.known["flights"] = default_monitor(columns=COLUMNS, privacy={"hash": ["city", "card"]})
        await half(found, "response", {"predictions": [0.3]})
        assert taken(found)["city"] == [KEPT["city"]]
        assert taken(found)["card"] == [hashed(SECRETS["card"])]


@pytest.mark.asyncio
async def test_a_cell_that_no_column_takes_is_refused_whichever_half_waited():
    request = {"inputs": [{"name": "city", "shape": [1], "datatype": "BYTES", "data": [{"Ouagadougou": 1}]}]}
    answers = []
    for steps in (("request", "response"), ("response", "request")):
        async with house() as found:
            for side in steps:
                body = request if side == "request" else {"predictions": [0.3]}
                status, answer = await half(found, side, body)
                assert not any(b"Ouagadougou" in each.body for each in found.buffer.halves.waiting)
            answers.append((status, answer["errors"]))
    assert answers[0] == answers[1]
    assert answers[0][1][0]["reason"] == "expected a number, text, true or false, not an object"


# ---------------------------------------------------------------- other doors


def attribute(name, value):
    return {"key": name, "value": {"stringValue": value} if isinstance(value, str) else {"doubleValue": value}}


@pytest.mark.asyncio
async def test_log_records_feedback_and_frames_of_the_retired_collector_are_hidden_too():
    async with house() as found:
        body = {"kvlistValue": {"values": [attribute(name, value) for name, value in ROW.items()]}}
        logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "7", "body": body}]}]}]}
        status, answer = await found.post("/v1/logs/flights", orjson.dumps(logs), Content_Type="application/json")
        assert (status, answer) == (200, {})
        status, answer = await found.post(
            "/flights/data", orjson.dumps({name: {"0": value} for name, value in ROW.items()})
        )
        assert (status, answer["accepted"]) == (201, 1)
        plain = {"ce-type": "some.event", **EVENT, "ce-id": "e-2"}
        status, answer = await found.post("/cloudevents/flights", orjson.dumps(ROW), **plain)
        assert (status, answer["accepted"]) == (200, 1)
        for number in range(3):
            columns = taken(found, number)
            assert {name: values[0] for name, values in columns.items() if name in SECRETS} == KEPT
        feedback = {"response": {"meta": {"puid": "Zebedee"}}, "truth": {"data": {"ndarray": [[1]]}}}
        seldon = {**EVENT, "ce-type": "io.seldon.serving.feedback", "ce-id": "e-3"}
        status, answer = await found.post("/cloudevents/flights", orjson.dumps(feedback), **seldon)
        assert (status, found.intake.labels[0].id) == (200, digest(KEPT["customer"]))


@pytest.mark.asyncio
async def test_a_message_of_modelmesh_waits_hidden():
    from collector.model import Side
    from collector.receive.decoders.bodies import grpc_form

    request = grpc_form._messages()[Side.REQUEST]()
    tensor = request.tensors.add(name="city", datatype="BYTES", shape=[1])
    tensor.contents.bytes.append(b"Ouagadougou")
    event = {
        "id": "e",
        "kind": "request",
        "modelid": "flights",
        "data": base64.b64encode(request.SerializeToString()).decode(),
    }
    async with house() as found:
        status, answer = await found.post("/consumer/kserve/v2", orjson.dumps(event), Content_Type="application/json")
        assert (status, answer["events"]) == (200, {"waiting": 1})
        assert b"Ouagadougou" not in found.buffer.halves.waiting[0].body
        assert hashed("Ouagadougou").encode() in found.buffer.halves.waiting[0].body


REFERENCES = {
    "Parquet": (PARQUET, lambda rows: parquet(pd.DataFrame(rows))),
    "Parquet of categories": (PARQUET, lambda rows: parquet(pd.DataFrame(rows).astype({"city": "category"}))),
    "Parquet by an index": (PARQUET, lambda rows: parquet(pd.DataFrame(rows).set_index("email"))),
    "Arrow": ("application/vnd.apache.arrow.stream", lambda rows: arrow(pa.Table.from_pylist(rows))),
    "CSV": ("text/csv", csv),
    "JSON": ("application/json", orjson.dumps),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("form", REFERENCES)
async def test_a_reference_is_hidden_as_the_rows_are_before_it_is_kept(form):
    media, encode = REFERENCES[form]
    async with house() as found:
        status, answer = await put(found, encode([ROW, {**ROW, "city": None}]), media)
        assert (status, answer["rows"]) == (200, 2)
        (stored,) = found.intake.references
        assert not any(secret.encode() in stored for secret in SECRETS.values())
        frame = pd.read_parquet(io.BytesIO(stored))
        assert {name: frame[name][0] for name in frame.columns if name in SECRETS} == KEPT
        assert frame["city"].isna().tolist() == [False, True]
        assert set(answer["columns"]) == set(ROW) - {"email", "raw_x"}


@pytest.mark.asyncio
async def test_numbers_of_a_reference_are_hashed_to_what_those_of_rows_are():
    rows = [{**ROW, "city": city} for city in (7, 8)]
    frame = pd.DataFrame(rows).astype({"city": "Int64"})
    frame.loc[2] = frame.loc[1]
    frame.loc[2, "city"] = None
    async with house() as found:
        await put(found, parquet(frame), PARQUET)
        await found.post(ROWS, orjson.dumps(rows))
        kept = pd.read_parquet(io.BytesIO(found.intake.references[0]))["city"]
        assert kept[:2].tolist() == taken(found)["city"]
        assert kept.isna().tolist() == [False, False, True]


@pytest.mark.asyncio
async def test_a_reference_whose_lists_are_to_be_hashed_is_refused_without_showing_them():
    async with house() as found:
        body = parquet(pd.DataFrame([{**ROW, "city": ["Ouagadougou"]}]))
        status, problem = await put(found, body, PARQUET)
        assert (status, problem["column"]) == (422, "city")
        assert "Ouaga" not in orjson.dumps(problem).decode()


@pytest.mark.asyncio
async def test_values_of_a_hidden_column_that_cannot_be_read_are_refused_with_column_and_type():
    long = pa.table({"id": ["a"], "city": pa.array([2**62], pa.duration("s"))})
    media = "application/vnd.apache.arrow.stream"
    async with house() as found:
        for status, problem in (
            await found.post(ROWS, arrow(long), Content_Type=media),
            await put(found, arrow(long), media),
        ):
            assert (status // 100, problem["column"]) == (4, "city"), problem
            assert "beyond what duration[s] can hold" in problem["detail"]


@pytest.mark.asyncio
async def test_a_reference_need_not_have_what_is_dropped():
    columns = {**COLUMNS, "categorical_features": ["city", "email"]}
    async with house(default_monitor(columns=columns, privacy={"drop": ["email"]})) as found:
        body = parquet(pd.DataFrame([{name: ROW[name] for name in ("distance", "city")}]))
        assert (await put(found, body, PARQUET))[0] == 200


@pytest.mark.asyncio
async def test_a_reference_without_anything_to_hide_stays_byte_by_byte():
    async with house(default_monitor(columns=COLUMNS, privacy={"hash": ["phone"]})) as found:
        body = parquet(pd.DataFrame([{"distance": 1.0}]))
        await put(found, body, PARQUET)
        assert found.intake.references == [body]
        assert pq.read_table(io.BytesIO(body)).num_rows == 1


@pytest.mark.asyncio
async def test_a_monitor_that_hashes_where_there_is_no_key_takes_nothing_until_there_is_one():
    async with opened(WATCHED) as found:
        for path, body in ((ROWS, [ROW]), (LABELS, [{"id": "a", "target": 1}])):
            status, problem = await found.post(path, orjson.dumps(body))
            assert (status, "COLLECTOR_HASH_KEY" in problem["detail"]) == (503, True)
        assert (await put(found, orjson.dumps([ROW]), "application/json"))[0] == 503
        assert (await half(found, "request", REQUEST))[0] == 503
        assert (found.intake.taken, found.intake.labels, found.intake.references) == ([], [], [])
        assert found.buffer.halves.waiting == []
