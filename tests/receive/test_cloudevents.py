"""Events of model servers over HTTP: requests and responses meet and become rows."""

import base64
import gzip
import itertools
import struct
from datetime import UTC, datetime

import orjson
import pytest

from collector.errors import Backpressure, Unavailable
from collector.model import Side, digest
from collector.receive.admission.keys import Keys
from collector.receive.decoders.bodies import grpc_form
from tests.receive.doubles import NOW_US, default_monitor, opened
from tests.receive.payloads import FOLDER, recorded

pytestmark = pytest.mark.asyncio
COLUMNS = {"id": "id", "timestamp": "time", "target": "late", "prediction": "score",
           "numerical_features": ["distance", "departure_delay"]}  # fmt: skip
WATCHED = default_monitor(columns=COLUMNS)
BINARY = {"ce-specversion": "1.0", "ce-source": "http://localhost:9081/", "ce-inferenceservicename": "flights"}


def event(side, *, name="e1", time="2023-11-14T22:10:00Z", **more):
    what = f"org.kubeflow.serving.inference.{side}"
    return {**BINARY, "ce-id": name, "ce-type": what, "ce-time": time, "Content-Type": "application/json", **more}


async def send(house, headers, body, path="/"):
    body = body if isinstance(body, bytes) else orjson.dumps(body)
    async with house.client.post(path, data=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def play(house, *names, path="/"):
    return [await send(house, *recorded(name), path=path) for name in names]


def rows_of(house, number=0):
    return {name: list(values) for name, values in house.intake.taken[number].table.columns.items()}


def us(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


TWO_ROWS = {"distance": [733, 1400], "departure_delay": [12.5, -3.0], "score": [0.31, 0.07]}


@pytest.mark.parametrize("name", ["kserve_v1", "kserve_v1_objects", "kserve_v2", "kserve_v2_matrix"])
@pytest.mark.parametrize("reverse", [False, True])
async def test_a_request_and_its_response_become_rows_in_any_order(name, reverse):
    async with opened(WATCHED) as house:
        names = [f"{name}_request", f"{name}_response"]
        first, second = await play(house, *(reversed(names) if reverse else names))
        assert first == (200, {"accepted": 0, "rejected": 0, "duplicates": 0, "late": 0, "errors": [],
                               "events": {"waiting": 1}})  # fmt: skip
        assert (second[0], second[1]["accepted"], second[1]["events"]) == (200, 2, {"met": 1})
        rows = rows_of(house)
        assert {key: rows[key] for key in TWO_ROWS} == TWO_ROWS
        event_id = recorded(names[0])[0]["ce-id"]
        assert rows["id"] == [f"{event_id}-0", f"{event_id}-1"]
        assert house.intake.taken[0].ids == [digest(each) for each in rows["id"]]
        assert house.buffer.halves.waiting == []


async def test_the_event_time_is_the_instant_of_the_request():
    async with opened(WATCHED) as house:
        await play(house, "kserve_v1_response", "kserve_v1_request")
        assert house.intake.taken[0].event_us == [us("2023-11-14T22:10:00.123456")] * 2


async def test_a_request_of_one_row_is_named_after_its_event():
    async with opened(WATCHED) as house:
        await send(house, event("request", name="AA-100"), {"instances": [[733, 12.5]]})
        await send(house, event("response", name="AA-100"), {"predictions": [0.3]})
        assert rows_of(house)["id"] == ["AA-100"]


async def test_an_id_and_a_time_that_the_sender_gives_win():
    async with opened(WATCHED) as house:
        row = {"distance": 1, "departure_delay": 2, "id": "mine", "time": "2013-02-01T10:00:00Z"}
        await send(house, event("request"), {"instances": [row]})
        await send(house, event("response"), {"predictions": [0.3]})
        assert rows_of(house)["id"] == ["mine"]
        assert house.intake.taken[0].event_us == [us("2013-02-01T10:00:00")]


async def test_repeats_are_harmless_in_every_order():
    names = ["kserve_v1_request", "kserve_v1_response"]
    for order in set(itertools.permutations(names * 2)):
        async with opened(WATCHED) as house:
            answers = await play(house, *order)
            assert [status for status, _ in answers] == [200] * 4
            assert len(house.intake.taken) == 1
            outcomes = sorted(next(iter(answer["events"])) for _, answer in answers)
            assert outcomes == ["known", "known", "met", "waiting"]


async def test_halves_of_different_inferences_services_and_components_do_not_meet():
    monitor = default_monitor(columns=COLUMNS, source={"service": "flights", "component": None})
    async with opened(monitor) as house:
        await send(house, event("request"), {"instances": [[1, 2]]})
        for headers in (
            event("response", name="e2"),
            event("response", **{"ce-component": "transformer"}),
            event("response", **{"ce-namespace": "other"}),
            event("response", **{"ce-endpoint": "canary"}),
        ):
            status, answer = await send(house, headers, {"predictions": [0.5]})
            assert (status, answer["events"]) == (200, {"waiting": 1})
        assert house.intake.taken == []
        assert len(house.buffer.halves.waiting) == 5


async def test_a_row_that_could_not_be_stored_is_stored_by_the_repeat():
    """The counterpart stays until its row is durable: nothing that was acknowledged is lost."""
    async with opened(WATCHED) as house:
        await play(house, "kserve_v1_request")
        for failure, status in ((Unavailable("away"), 503), (Backpressure("full"), 429)):
            house.intake.fails = failure
            ((answered, problem),) = await play(house, "kserve_v1_response")
            assert (answered, "detail" in problem) == (status, True)
        house.intake.fails = None
        ((status, answer),) = await play(house, "kserve_v1_response")
        assert (status, answer["accepted"]) == (200, 2)


async def test_a_half_that_cannot_be_kept_is_refused():
    async with opened(WATCHED) as house:
        house.buffer.halves.fails = Unavailable("away")
        async with house.client.post("/", data=recorded("kserve_v1_request")[1], headers=event("request")) as answer:
            assert (answer.status, "Retry-After" in answer.headers) == (503, True)


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("request_body", "response_body", "expected"),
    [
        ({"instances": [{"distance": [1], "departure_delay": [2]}]}, {"predictions": [[0.3]]}, [1, 2, 0.3]),
        ({"inputs": {"distance": [1], "departure_delay": [2]}}, {"outputs": {"score": [0.3]}}, [1, 2, 0.3]),
        ({"inputs": [[1, 2]]}, {"outputs": [0.3]}, [1, 2, 0.3]),
        ({"dataframe_split": {"columns": ["departure_delay", "distance"], "data": [[2, 1]]}}, {"predictions": [0.3]},
         [1, 2, 0.3]),
        ({"dataframe_records": [{"distance": 1, "departure_delay": 2}]}, {"predictions": [0.3]}, [1, 2, 0.3]),
        ({"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}]},
         {"outputs": [{"name": "y", "shape": [1], "datatype": "FP32", "data": [0.3]}]}, [1, 2, 0.3]),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "INT8", "data": [1]},
                     {"name": "b", "shape": [1], "datatype": "INT8", "data": [2]}]},
         {"outputs": [{"name": "score", "shape": [1, 1], "datatype": "FP64", "data": [[0.3]]},
                      {"name": "other", "shape": [1], "datatype": "BYTES", "data": ["x"]}]}, [1, 2, 0.3]),
        ({"data": {"tensor": {"shape": [1, 2], "values": [1, 2]}}}, {"data": {"names": ["t:0"], "ndarray": [[0.3]]}},
         [1, 2, 0.3]),
    ],
)  # fmt: skip
async def test_every_protocol_means_the_same_row(request_body, response_body, expected):
    async with opened(WATCHED) as house:
        assert (await send(house, event("request"), request_body))[0] == 200
        status, answer = await send(house, event("response"), response_body)
        assert (status, answer["accepted"]) == (200, 1), answer
        rows = rows_of(house)
        assert [rows[name][0] for name in ("distance", "departure_delay", "score")] == expected


async def test_positions_are_named_by_the_source_when_it_says_how():
    monitor = default_monitor(columns=COLUMNS, source={"features": ["departure_delay", "distance"]})
    async with opened(monitor) as house:
        await send(house, event("request"), {"instances": [[2, 1]]})
        await send(house, event("response"), {"predictions": [0.3]})
        assert (rows_of(house)["distance"], rows_of(house)["departure_delay"]) == ([1], [2])


async def test_an_open_monitor_takes_names_from_the_tensors_and_numbers_what_has_none():
    async with opened(default_monitor(id="flights", columns={})) as house:
        tensors = [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}]
        await send(house, event("request"), {"inputs": tensors})
        await send(house, event("response"), {"outputs": [{**tensors[0], "name": "y"}]})
        assert rows_of(house) == {"x-0": [1, 3], "x-1": [2, 4], "y-0": [1, 3], "y-1": [2, 4]}
        await send(house, event("request", name="e2"), {"instances": [[5, "a"]]})
        await send(house, event("response", name="e2"), {"predictions": ["yes"]})
        assert rows_of(house, 1) == {"feature-0": [5], "feature-1": ["a"], "prediction": ["yes"]}


async def test_probabilities_are_named_like_the_predictions():
    monitor = default_monitor(columns={"prediction": ["no", "yes"], "target": "late"})
    async with opened(monitor) as house:
        await send(house, event("request"), {"instances": [{"x": 1}]})
        await send(house, event("response"), {"predictions": [[0.7, 0.3]]})
        assert rows_of(house) == {"x": [1], "no": [0.7], "yes": [0.3]}


async def test_binary_tensors_behind_the_json_are_read():
    name = "déjà vu, 日本".encode()
    tensors = [
        {"name": "distance", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}},
        {"name": "departure_delay", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}},
        {"name": "note", "shape": [1, 1], "datatype": "BYTES", "parameters": {"binary_data_size": 4 + len(name)}},
    ]
    body = orjson.dumps({"inputs": tensors}) + struct.pack("<qfI", 733, 12.5, len(name)) + name
    columns = {**COLUMNS, "text_features": ["note"]}
    async with opened(default_monitor(columns=columns)) as house:
        assert (await send(house, event("request", **{"Content-Type": "application/octet-stream"}), body))[0] == 200
        out = [{"name": "o", "shape": [1], "datatype": "FP16", "parameters": {"binary_data_size": 2}}]
        await send(house, event("response"), orjson.dumps({"outputs": out}) + struct.pack("<e", 0.25))
        rows = rows_of(house)
        assert [rows[each] for each in ("distance", "departure_delay", "note", "score")] == [
            [733], [12.5], ["déjà vu, 日本"], [0.25],
        ]  # fmt: skip


async def test_a_body_that_is_still_packed_is_unpacked():
    """Brokers take the Content-Encoding away and leave the body as it was."""
    async with opened(WATCHED) as house:
        headers, body = recorded("kserve_v1_request")
        assert (await send(house, headers, gzip.compress(body)))[0] == 200
        headers, body = recorded("kserve_v1_response")
        assert (await send(house, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body)))[1]["accepted"] == 2


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"\x89PNG\r\n", 400, "not JSON"),
        (b"", 400, "empty"),
        ({"error": "no model"}, 422, "instances, inputs"),
        ([], 422, "list"),
        ("text", 422, "not text"),
        ({"instances": [[1, 2], [3]]}, 422, "row 1 has 1 values"),
        ({"instances": [[1, 2], {"distance": 1}]}, 422, "mixture"),
        ({"instances": [[1, 2, 3]]}, 422, "3 values a row, the monitor has 2 features: distance, departure_delay"),
        ({"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1]}]}, 422, "has 4 values"),
        ({"inputs": [{"name": "x", "shape": [-1], "datatype": "FP32", "data": [1]}]}, 422, "shape"),
        ({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]},
                     {"name": "y", "shape": [2], "datatype": "FP32", "data": [1, 2]}]}, 422, "first dimension"),
        ({"data": {"tftensor": {}}}, 422, "tftensor"),
        ({"jsonData": {}}, 422, "no values"),
        ({"jsonData": {"data": 5}}, 422, "jsonData"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_refused_at_once_with_what_was_expected(body, status, word):
    async with opened(WATCHED) as house:
        answered, problem = await send(house, event("request"), body)
        assert answered == status, problem
        assert word in problem["detail"]
        assert house.buffer.halves.waiting == []


@pytest.mark.parametrize("sent", [
    {"outputs": [{"name": "label", "shape": [1], "datatype": "FP32", "data": [1]},
                 {"name": "probability", "shape": [1, 2], "datatype": "FP32", "data": [0.1, 0.9]}]},
    {"predictions": [{"label": 1, "probability": [0.1, 0.9]}]},
])  # fmt: skip
async def test_a_response_without_any_prediction_of_the_monitor_is_refused_by_its_names(sent):
    async with opened(WATCHED) as house:
        status, problem = await send(house, event("response"), sent)
        assert (status, problem["detail"]) == (
            422,
            "the response has 3 values a row (label, probability-0, probability-1), the monitor has 1 predictions: score",
        )
        assert house.buffer.halves.waiting == []


async def test_sides_that_do_not_fit_are_told_once_and_counted():
    async with opened(WATCHED) as house:
        await send(house, event("request"), {"instances": [[1, 2]]})
        status, problem = await send(house, event("response"), {"predictions": [0.1, 0.2]})
        assert (status, problem["detail"]) == (422, "the request has 1 rows, the response 2")
        assert house.buffer.halves.waiting == []
        unfit = 'collector_receive_dropped_halves_total{monitor="flights",reason="unfit",side="request"} 1.0'
        assert unfit in house.telemetry.text().decode()


async def test_rows_of_a_pair_are_judged_one_by_one():
    async with opened(WATCHED) as house:
        await send(house, event("request"), {"instances": [[1, 2], ["far", 2]]})
        status, answer = await send(house, event("response"), {"predictions": [0.1, 0.2]})
        assert (status, answer["accepted"], answer["rejected"]) == (200, 1, 1)
        assert answer["errors"] == [
            {"event": 0, "row": 1, "column": "distance", "reason": "expected a number, not text 'far'"}
        ]
        await send(house, event("request", name="bad"), {"instances": [["far", 2]]})
        status, problem = await send(house, event("response", name="bad"), {"predictions": [0.1]})
        assert (status, problem["type"], problem["rejected"]) == (422, "/problems/no-valid-rows", 1)


# ---------------------------------------------------------------- modes


def structured(**changes):
    return {
        "specversion": "1.0", "id": "flight-7", "source": "flights", "type": "com.example.scored",
        "time": "2023-11-14T22:10:06Z", "data": {"distance": 733, "departure_delay": 12.5, "score": 0.31},
    } | changes  # fmt: skip


STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


async def test_a_plain_event_with_a_row_is_a_row_named_after_it():
    async with opened(WATCHED) as house:
        body = (FOLDER / "plain.cloudevent.json").read_bytes()
        status, answer = await send(house, STRUCTURED, body, path="/cloudevents")
        assert (status, answer["accepted"], answer["events"]) == (200, 1, {"whole": 1})
        assert rows_of(house)["id"] == ["flight-7"]
        assert house.intake.taken[0].event_us == [us("2023-11-14T22:10:06")]


async def test_kserve_events_in_structured_and_batch_mode():
    async with opened(WATCHED) as house:
        events = []
        for name in ("kserve_v2_request", "kserve_v2_response"):
            headers, body = recorded(name)
            attributes = {key[3:]: value for key, value in headers.items() if key.startswith("ce-")}
            events.append(attributes | {"data_base64": base64.b64encode(body).decode()})
        events[1]["data"] = orjson.loads(base64.b64decode(events[1].pop("data_base64")))
        status, answer = await send(house, BATCH, events)
        assert (status, answer["accepted"], answer["events"]) == (200, 2, {"waiting": 1, "met": 1})
        assert [(await send(house, STRUCTURED, each))[1]["events"] for each in events] == [{"known": 1}] * 2


async def test_in_a_batch_good_events_are_taken_and_bad_ones_told_by_place():
    async with opened(WATCHED) as house:
        batch = [
            structured(),
            7,
            structured(id=""),
            structured(source="fligths"),
            structured(id="x", data={"distance": "far"}),
        ]
        status, answer = await send(house, BATCH, batch)
        assert (status, answer["accepted"], answer["events"]) == (200, 1, {"whole": 1, "rejected": 4})
        assert [each["event"] for each in answer["errors"]] == [1, 2, 3, 4]
        reasons = [each["reason"] for each in answer["errors"]]
        assert "JSON object" in reasons[0]
        assert "'id' is missing" in reasons[1]
        assert "did you mean 'flights'" in reasons[2]
        assert answer["errors"][3]["column"] == "distance"


async def test_a_batch_of_bad_events_is_422_and_of_none_too():
    async with opened(WATCHED) as house:
        status, problem = await send(house, BATCH, [7, structured(type="")])
        assert (status, len(problem["errors"])) == (422, 2)
        assert (await send(house, BATCH, []))[0] == 422
        assert (await send(house, BATCH, {}))[0] == 422


async def test_a_batch_that_cannot_be_stored_is_refused_whole_and_its_repeat_is_known():
    async with opened(WATCHED) as house:
        house.intake.fails = Unavailable("away")
        assert (await send(house, BATCH, [structured(), structured(id="b")]))[0] == 503
        house.intake.fails = None
        assert (await send(house, BATCH, [structured(), structured(id="b")]))[1]["accepted"] == 2


@pytest.mark.parametrize(
    ("headers", "body", "status", "word"),
    [
        ({"Content-Type": "application/json"}, {}, 415, "ce-id"),
        ({"Content-Type": "application/cloudevents+avro"}, b"", 415, "read as JSON"),
        ({"ce-id": "1", "ce-type": "t", "ce-source": "s"}, {}, 422, "specversion"),
        ({"ce-id": "1", "ce-type": "t", "ce-source": "s", "ce-specversion": "2.0"}, {}, 422, "1.0"),
        ({**BINARY, "ce-id": "1", "ce-type": "t", "ce-time": "soon"}, {}, 422, "ISO 8601"),
        ({**BINARY, "ce-id": "1", "ce-type": "org.kubeflow.serving.inference.echo"}, {}, 422, "request or response"),
        (STRUCTURED, b"{", 400, "line 1"),
        (STRUCTURED, structured(data=None, data_base64="*"), 422, "not base64"),
        (STRUCTURED, structured(data_base64="e30="), 422, "both data and data_base64"),
        (STRUCTURED, structured(data=None), 422, "expected rows"),
        (STRUCTURED, structured(source=["a"]), 422, "source"),
    ],
)
async def test_what_is_no_event_is_refused_with_what_was_expected(headers, body, status, word):
    async with opened(WATCHED) as house:
        answered, problem = await send(house, headers, body)
        assert (answered, word in problem["detail"]) == (status, True), problem


async def test_header_values_are_percent_decoded_once():
    async with opened(WATCHED) as house:
        await send(house, event("request", name="caf%C3%A9%2541"), {"instances": [[1, 2]]})
        await send(house, event("response", name="caf%C3%A9%2541"), {"predictions": [0.3]})
        assert rows_of(house)["id"] == ["café%41"]


# ---------------------------------------------------------------- which monitor


async def test_events_find_the_monitor_of_their_service_and_namespace():
    source = {"service": "isvc"}
    monitors = [
        default_monitor(id="any", columns=COLUMNS, source=source),
        default_monitor(id="prod", columns=COLUMNS, source={**source, "namespace": "prod"}),
        default_monitor(id="canary", columns=COLUMNS, source={**source, "namespace": "prod", "endpoint": "canary"}),
    ]
    async with opened(*monitors) as house:
        for more, monitor in (
            ({}, "any"),
            ({"ce-namespace": "test"}, "any"),
            ({"ce-namespace": "prod"}, "prod"),
            ({"ce-namespace": "prod", "ce-endpoint": "canary"}, "canary"),
        ):
            headers = event("request", **{"ce-inferenceservicename": "isvc"}, **more)
            await send(house, headers, {"instances": [[1, 2]]})
            assert (monitor, digest(_key(headers))) in house.buffer.halves.kept


def _key(headers):
    origin = [headers.get(f"ce-{name}", "") for name in ("namespace", "inferenceservicename", "component", "endpoint")]
    return "\0".join([*origin, "", headers["ce-id"]])


async def test_the_address_may_name_the_monitor():
    async with opened(WATCHED, default_monitor(id="other", columns=COLUMNS)) as house:
        headers = event("request", **{"ce-inferenceservicename": "somebody", "ce-component": "transformer"})
        status, answer = await send(house, headers, {"instances": [[1, 2]]}, path="/cloudevents/other")
        assert (status, answer["events"]) == (200, {"waiting": 1})
        assert next(iter(house.buffer.halves.kept))[0] == "other"
        assert (await send(house, headers, {"instances": [[1, 2]]}, path="/cloudevents/othr"))[0] == 404


async def test_an_unknown_service_is_404_with_the_near_miss():
    async with opened(WATCHED) as house:
        status, problem = await send(house, event("request", **{"ce-inferenceservicename": "fligths"}), {})
        assert (status, problem["type"]) == (404, "/problems/unknown-monitor")
        assert "did you mean 'flights'" in problem["detail"]


async def test_halves_that_name_no_service_are_404_that_says_what_would():
    async with opened(WATCHED) as house:
        nobodys = {name: value for name, value in event("request").items() if name != "ce-inferenceservicename"}
        status, problem = await send(house, nobodys, {"instances": [[1, 2]]})
        assert (status, problem["type"]) == (404, "/problems/unknown-monitor")
        assert "inferenceservicename" in problem["detail"]
        assert (await send(house, nobodys, {"instances": [[1, 2]]}, path="/cloudevents/flights"))[0] == 200


async def test_a_transformer_logs_everything_twice_and_counts_once():
    async with opened(WATCHED) as house:
        status, answer = await send(house, event("request", **{"ce-component": "transformer"}), b"anything")
        assert (status, answer["events"]) == (200, {"ignored": 1})


@pytest.mark.parametrize("side", ["request", "response"])
async def test_a_logger_of_one_side_makes_rows_of_it_alone(side):
    monitor = default_monitor(columns={"id": "id", "timestamp": "time", "prediction": "score"}, source={"events": side})
    async with opened(monitor) as house:
        one = await send(house, event("request"), {"instances": [{"x": 1}]})
        two = await send(house, event("response"), {"predictions": [0.5]})
        outcomes = {"request": one[1]["events"], "response": two[1]["events"]}
        assert outcomes == {"request": {"ignored": 1}, "response": {"ignored": 1}} | {side: {"whole": 1}}
        assert house.buffer.halves.kept == {}
        (name,) = {"x", "score"} & rows_of(house).keys()
        assert name == ("x" if side == "request" else "score")


async def test_the_arm_is_a_column_where_it_is_a_segment():
    async with opened(default_monitor(columns=COLUMNS, segments=["endpoint"])) as house:
        arm = {"ce-endpoint": "canary"}
        await send(house, event("request", **arm), {"instances": [[1, 2]]})
        await send(house, event("response", **arm), {"predictions": [0.5]})
        assert rows_of(house)["endpoint"] == ["canary"]


async def test_the_arm_of_an_event_that_is_a_row_is_a_column_too():
    async with opened(default_monitor(columns=COLUMNS, compare={"column": "endpoint", "baseline": "default"})) as house:
        assert (await send(house, STRUCTURED, structured(endpoint="canary")))[0] == 200
        assert rows_of(house)["endpoint"] == ["canary"]


async def test_a_key_for_other_monitors_opens_no_events(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text("keys: [{key: only-for-other, scopes: [ingest], monitors: [other]}]")
    async with opened(WATCHED, default_monitor(id="other", columns=COLUMNS), keys=Keys(file)) as house:
        key = {"Authorization": "Bearer only-for-other"}
        assert (await send(house, event("request"), {"instances": [[1, 2]]}))[0] == 401
        assert (await send(house, event("request", **key), {"instances": [[1, 2]]}))[0] == 403
        assert house.buffer.halves.kept == {}
        other = event("request", **key, **{"ce-inferenceservicename": "other"})
        assert (await send(house, other, {"instances": [[1, 2]]}))[0] == 200


# ---------------------------------------------------------------- Seldon, Azure ML


async def test_seldon_pairs_by_request_id_and_its_feedback_is_a_label():
    async with opened(WATCHED) as house:
        answers = await play(house, "seldon_response", "seldon_request", "seldon_feedback")
        assert [answer["events"] for _, answer in answers] == [{"waiting": 1}, {"met": 1}, {"whole": 1}]
        rows = rows_of(house)
        request_id = recorded("seldon_request")[0]["ce-requestid"]
        assert (rows["id"], rows["distance"], rows["score"]) == ([request_id], [733], [0.31])
        (label,) = house.intake.labels
        assert (label.id, label.target) == (digest(request_id), b"1")
        assert label.at_us == us("2023-11-14T23:10:04")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"jsonData": {"distance": 733, "departure_delay": 12.5}}, {"jsonData": {"score": 0.31}}),
        ({"jsonData": [{"departure_delay": 12.5, "distance": 733}]}, {"jsonData": [0.31]}),
        ({"jsonData": {"instances": [[733, 12.5]]}}, {"jsonData": {"predictions": [0.31]}}),
    ],
)
async def test_seldons_json_data_is_columns_rows_or_another_format(asked, answered):
    async with opened(WATCHED) as house:
        for number, (side, body) in enumerate([("request", asked), ("response", answered)]):
            headers = recorded(f"seldon_{side}")[0] | {"ce-id": f"event {number}"}
            assert (await send(house, headers, body))[0] == 200
        rows = rows_of(house)
        assert (rows["distance"], rows["departure_delay"], rows["score"]) == ([733], [12.5], [0.31])


async def test_seldons_halves_meet_by_the_id_in_their_bodies_where_their_headers_have_none():
    async with opened(WATCHED) as house:
        for side, value in (("request", [[733, 12.5]]), ("response", [[0.31]])):
            headers = {name: each for name, each in recorded(f"seldon_{side}")[0].items() if name != "ce-requestid"}
            body = {"meta": {"puid": "the puid"}, "data": {"ndarray": value}}
            status, answer = await send(house, headers | {"ce-id": f"event of the {side}"}, body)
        assert (status, answer["events"], rows_of(house)["id"]) == (200, {"met": 1}, ["the puid"])


async def test_seldons_truth_may_be_json_data():
    async with opened(WATCHED) as house:
        headers, _ = recorded("seldon_feedback")
        assert (await send(house, headers, {"truth": {"jsonData": {"late": 1}}}))[0] == 200
        assert [each.target for each in house.intake.labels] == [b"1"]


async def test_feedback_without_truth_is_refused():
    async with opened(WATCHED) as house:
        headers, _ = recorded("seldon_feedback")
        status, problem = await send(house, headers, {"reward": 1.0})
        assert (status, "truth" in problem["detail"]) == (422, True)


async def test_azure_lines_pair_by_correlation_id():
    async with opened(WATCHED) as house:
        body = (FOLDER / "azureml.jsonl").read_bytes()
        status, answer = await send(house, {"Content-Type": "application/jsonl"}, body, path="/cloudevents")
        assert (status, answer["accepted"], answer["events"]) == (200, 2, {"waiting": 1, "met": 1}), answer
        rows = rows_of(house)
        assert {key: rows[key] for key in TWO_ROWS} == TWO_ROWS
        assert rows["id"] == ["c1-0", "c1-1"]


async def test_a_line_that_is_no_event_is_one_bad_event():
    async with opened(WATCHED) as house:
        body = b"{broken\n" + (FOLDER / "azureml.jsonl").read_bytes()
        status, answer = await send(house, {"Content-Type": "application/x-ndjson"}, body)
        assert (status, answer["accepted"], answer["errors"][0]["event"]) == (200, 2, 0)
        assert "line 1" in answer["errors"][0]["reason"]


async def test_data_in_a_blob_of_its_own_is_told():
    async with opened(WATCHED) as house:
        line = orjson.loads((FOLDER / "azureml.jsonl").read_bytes().splitlines()[0])
        status, problem = await send(house, STRUCTURED, line | {"data": "https://blob/x", "datainblob": "true"})
        assert (status, "datainblob" in problem["detail"]) == (422, True)


# ---------------------------------------------------------------- ModelMesh


def modelmesh(kind, message, *, name="mm-1", model="flights__isvc-3642375d03"):
    return {"id": name, "kind": kind, "modelid": model, "metadata": {}, "data": base64.b64encode(message).decode()}


def grpc(side, tensors, raw=()):
    """The message, written by the protobuf library from the protocol's own field numbers."""
    made = grpc_form._messages()[side]()
    for name, datatype, shape, kind, values in tensors:
        tensor = made.tensors.add(name=name, datatype=datatype, shape=shape)
        if kind is not None:
            getattr(tensor.contents, kind).extend(values)
    made.raw.extend(raw)
    return made.SerializeToString()


@pytest.mark.parametrize("raw", [False, True])
async def test_modelmesh_pairs_by_id_typed_or_raw(raw):
    columns = {**COLUMNS, "numerical_features": ["distance"], "categorical_features": ["carrier"]}
    async with opened(default_monitor(columns=columns)) as house:
        asked = [("distance", "FP32", [2], "fp32", [733, 1400]), ("carrier", "BYTES", [2, 1], "bytes", [b"AA", b"UA"])]
        answered = [("predict", "FP64", [2], "fp64", [0.31, 0.07])]
        request, response = grpc(Side.REQUEST, asked), grpc(Side.RESPONSE, answered)
        if raw:
            bare = [(*each[:3], None, ()) for each in asked]
            texts = b"".join(struct.pack("<I", 2) + each for each in (b"AA", b"UA"))
            request = grpc(Side.REQUEST, bare, [struct.pack("<2f", 733, 1400), texts])
            response = grpc(Side.RESPONSE, [(*answered[0][:3], None, ())], [struct.pack("<2d", 0.31, 0.07)])
        path = "/consumer/kserve/v2"
        assert (await send(house, {}, modelmesh("response", response), path))[1]["events"] == {"waiting": 1}
        status, answer = await send(house, {}, modelmesh("request", request), path)
        assert (status, answer["accepted"]) == (200, 2), answer
        rows = rows_of(house)
        assert (rows["distance"], rows["carrier"], rows["score"]) == ([733, 1400], ["AA", "UA"], [0.31, 0.07])
        assert (rows["id"], house.intake.taken[0].event_us) == (["mm-1-0", "mm-1-1"], [NOW_US] * 2)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "line 1"),
        ([], 422, "modelid"),
        ({"id": "a"}, 422, "kind"),
        (modelmesh("request", b""), 422, "data: expected text, not an empty one"),
        (modelmesh("echo", b"x"), 422, "request or response"),
        (modelmesh("request", b"") | {"data": "*"}, 422, "base64"),
        (modelmesh("request", b"\xff"), 400, "ModelInferRequest"),
        (modelmesh("request", b"\x3a\x01a"), 422, "1 raw contents for 0 tensors"),
        (modelmesh("request", b"\x2a\x00", model="fligths"), 404, "did you mean"),
        (modelmesh("request", b"\x2a\x00"), 422, "values"),
    ],
)
async def test_what_is_no_modelmesh_payload_is_refused(body, status, word):
    async with opened(WATCHED) as house:
        answered, problem = await send(house, {}, body, "/consumer/kserve/v2")
        assert (answered, word in problem["detail"]) == (status, True), problem
