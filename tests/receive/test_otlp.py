"""OTLP logs: BentoML's recorded export, and the OpenTelemetry SDK's own exporter against the real door."""

import asyncio
import dataclasses
import gzip
from pathlib import Path

import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[attr-defined]  # to write a Status by hand
from hypothesis import HealthCheck, example, given, settings, strategies as st
from opentelemetry._logs import LogRecord as SdkRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collector.errors import Backpressure, Invalid, TooLarge, Unavailable
from collector.receive.decoders import otlp
from collector.receive.rows.judge import Judge
from collector.receive.servers.log_rows import row_of, rows_of
from tests.fuzz.test_rows import LIMITS, VALUES
from tests.receive.doubles import NOW_US, default_monitor, opened
from tests.receive.payloads import FOLDER

COLUMNS = {"id": "id", "timestamp": "time", "prediction": "score", "target": "late",
           "numerical_features": ["distance"], "categorical_features": ["carrier"]}  # fmt: skip
WATCHED = default_monitor(columns=COLUMNS)
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
BENTOML = (FOLDER / "bentoml_otlp.bin").read_bytes()
T0_NS = 1_699_999_800_000_000_000


def value(python):
    if isinstance(python, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": value(each)} for key, each in python.items()]}}
    if isinstance(python, list):
        return {"arrayValue": {"values": [value(each) for each in python]}}
    if isinstance(python, bool):
        return {"boolValue": python}
    if isinstance(python, int):
        return {"intValue": str(python)}
    if isinstance(python, float):
        return {"doubleValue": python}
    return {"stringValue": python}


def attributes(mapping):
    return [{"key": key, "value": value(each)} for key, each in mapping.items()]


def logs(*records, service="flights", **resource):
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": attributes({"service.name": service, **resource})},
                "scopeLogs": [{"scope": {"name": "model"}, "logRecords": list(records)}],
            }
        ]
    }


def record(body, *, time=T0_NS, **more):
    return {"timeUnixNano": str(time), "body": value(body), **more}


def row(**changes):
    return {"distance": 733, "carrier": "AA", "score": 0.31, "id": "a"} | changes


async def send(house, body, headers=JSON, path="/v1/logs"):
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    async with house.client.post(path, data=data, headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


def rows_taken(house, number=0):
    return {name: list(values) for name, values in house.intake.taken[number].table.columns.items()}


# ---------------------------------------------------------------- senders


@pytest.mark.parametrize("path", ["/v1/logs", "/"])
@pytest.mark.asyncio
async def test_bentomls_export_is_rows_whether_it_adds_the_path_or_not(path):
    async with opened(default_monitor(columns=COLUMNS, source={"service": "flights:delays"})) as house:
        assert await send(house, BENTOML, PROTOBUF, path) == (200, "application/x-protobuf", b"")
        rows = rows_taken(house)
        assert rows.keys() == {"distance", "carrier", "score", "id", "time"}
        assert (rows["distance"], rows["carrier"]) == ([733, 1400, 100, 200], ["AA", "UA", "AA", "AA"])
        assert rows["score"] == [0.31, 0.07, 0.5, 0.6]
        assert rows["time"] == [T0_NS // 1000 + 500_000 + 1_000_000 * number for number in range(4)]
        assert rows["id"][:2] == ["14642743634293743168", "14642743634293743169"]
        assert len(set(rows["id"])) == 4  # two rows of one request are two inferences


@pytest.mark.parametrize("service", ["flights:delays", "delays"])
@pytest.mark.asyncio
async def test_bentomls_monitor_is_known_by_its_full_name_or_its_own(service):
    async with opened(default_monitor(columns=COLUMNS, source={"service": service})) as house:
        assert (await send(house, BENTOML, PROTOBUF))[0] == 200
        assert house.intake.taken[0].table.rows == 4


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.Deflate, Compression.NoCompression])
@pytest.mark.asyncio
async def test_the_opentelemetry_sdk_exports_rows(compression):
    async with opened(WATCHED) as house:
        endpoint = str(house.client.make_url("/v1/logs"))

        def export():
            provider = LoggerProvider(resource=Resource.create({"service.name": "flights"}), shutdown_on_exit=False)
            exporter = OTLPLogExporter(endpoint=endpoint, compression=compression)
            provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
            logger = provider.get_logger("model")
            for number in range(600):  # more than one batch
                body = row(distance=number, id=f"i{number}")
                logger.emit(SdkRecord(timestamp=T0_NS + number, body=body))
            provider.shutdown()

        await asyncio.to_thread(export)
        distances = [each for taken in house.intake.taken for each in taken.table.columns["distance"]]
        assert (len(distances), set(distances)) == (600, set(range(600)))


@pytest.mark.asyncio
async def test_json_means_the_same_rows_as_protobuf():
    async with opened(WATCHED) as house:
        assert await send(house, logs(record(row()))) == (200, "application/json", b"{}")
        packed = gzip.compress(orjson.dumps(logs(record(row(id="b")))))
        assert (await send(house, packed, {**JSON, "Content-Encoding": "gzip"}))[0] == 200
        assert rows_taken(house) == {"distance": [733], "carrier": ["AA"], "score": [0.31], "id": ["a"],
                                     "time": [T0_NS // 1000]}  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [
        record({"features": {"distance": 733, "carrier": "AA"}, "prediction": 0.31, "id": "a"}),
        record({"features": {"distance": 733, "carrier": "AA"}, "prediction": {"score": 0.31}},
               attributes=attributes({"ml.prediction.id": "a"})),
        record('{"distance": 733, "carrier": "AA", "score": 0.31, "id": "a"}'),
        record("scored", eventName="ml.inference",
               attributes=attributes({"distance": 733, "carrier": "AA", "score": 0.31, "ml.prediction.id": "a"})),
        record("scored", attributes=attributes({"event.name": "ml.inference", "distance": 733, "carrier": "AA",
                                                "score": 0.31, "ml.prediction.id": "a"})),
        record(row(), time=0, observedTimeUnixNano=T0_NS),
    ],
)  # fmt: skip
@pytest.mark.asyncio
async def test_every_shape_of_a_record_means_the_same_row(sent):
    async with opened(WATCHED) as house:
        assert await send(house, logs(sent)) == (200, "application/json", b"{}")
        rows = rows_taken(house)
        assert [rows[name] for name in ("distance", "carrier", "score", "id", "time")] == [
            [733], ["AA"], [0.31], ["a"], [T0_NS // 1000],
        ]  # fmt: skip


# ---------------------------------------------------------------- whose, and what is wrong


@pytest.mark.asyncio
async def test_records_of_one_export_may_be_for_several_monitors():
    async with opened(WATCHED, default_monitor(id="other", columns=COLUMNS)) as house:
        body = logs(record(row()), record(row(id="b"), attributes=attributes({"ml.model.name": "other"})))
        assert (await send(house, body))[0] == 200
        assert [taken.table.rows for taken in house.intake.taken] == [1, 1]


@pytest.mark.parametrize(
    ("column", "told"), [("endpoint", {"ml.variant": "B"}), ("model_version", {"ml.model.version": "B"})]
)
@pytest.mark.parametrize("wish", ["segments", "compare"])
@pytest.mark.asyncio
async def test_the_arm_is_a_column_where_rows_are_told_apart_by_it(column, told, wish):
    apart = {"segments": [column]} if wish == "segments" else {"compare": {"column": column, "baseline": "A"}}
    async with opened(default_monitor(columns=COLUMNS, **apart)) as house:
        await send(house, logs(record(row(), attributes=attributes(told))))
        assert rows_taken(house)[column] == ["B"]


@pytest.mark.asyncio
async def test_the_address_may_name_the_monitor():
    async with opened(WATCHED) as house:
        assert (await send(house, logs(record(row()), service="whatever"), path="/v1/logs/flights"))[0] == 200
        assert (await send(house, logs(record(row())), path="/v1/logs/fligths"))[0] == 404


@pytest.mark.parametrize("headers", [JSON, PROTOBUF])
@pytest.mark.asyncio
async def test_bad_records_are_a_partial_success_that_names_them(headers):
    async with opened(WATCHED) as house:
        body = logs(record(row()), record("disk full"), record(row(id="b", distance="far")), record(row(id="c")))
        data = orjson.dumps(body) if headers is JSON else as_protobuf(body)
        status, media, answer = await send(house, data, headers)
        assert (status, media) == (200, headers["Content-Type"])
        count, message = partial(answer, headers)
        assert count == 2
        assert "record 1: the record's body is text: expected a map" in message
        assert "record 2, column 'distance': expected a number, not text 'far'" in message
        assert rows_taken(house)["id"] == ["a", "c"]


def as_protobuf(body):
    """The same export, written by the other encoding's own library."""
    from google.protobuf import json_format

    return json_format.ParseDict(body, ExportLogsServiceRequest()).SerializeToString()


def partial(answer, headers):
    if headers is JSON:
        told = orjson.loads(answer)["partialSuccess"]
        return int(told["rejectedLogRecords"]), told["errorMessage"]
    told = ExportLogsServiceResponse.FromString(answer).partial_success
    return told.rejected_log_records, told.error_message


@pytest.mark.parametrize(
    ("body", "status", "code", "word"),
    [
        (logs(record(row()), service="fligths"), 404, 5, "did you mean 'flights'"),
        (logs(record("disk full")), 422, 3, "the record's body is text"),
        (logs(record(row(distance="far"))), 422, 3, "expected a number"),
        (logs(record({})), 422, 3, "no columns"),
    ],
)
@pytest.mark.asyncio
async def test_when_nothing_can_be_taken_the_answer_is_a_status(body, status, code, word):
    async with opened(WATCHED) as house:
        answered, media, answer = await send(house, body)
        told = orjson.loads(answer)
        assert (answered, media, told["code"], told["status"]) == (status, "application/json", code, status)
        assert word in told["message"]
        answered, media, answer = await send(house, as_protobuf(body), PROTOBUF)
        assert (answered, media) == (status, "application/x-protobuf")
        text = told["message"].encode()
        assert answer == bytes((8, code, 18)) + _VarintBytes(len(text)) + text


@pytest.mark.parametrize(("error", "status"), [(Unavailable("away"), 503), (Backpressure("full"), 429)])
@pytest.mark.asyncio
async def test_what_cannot_be_stored_now_is_to_be_repeated(error, status):
    async with opened(WATCHED) as house:
        house.intake.fails = error
        async with house.client.post("/v1/logs", data=as_protobuf(logs(record(row()))), headers=PROTOBUF) as answer:
            assert (answer.status, "Retry-After" in answer.headers) == (status, True)


@pytest.mark.asyncio
async def test_a_repeated_export_is_known_by_its_ids_and_its_key():
    async with opened(WATCHED) as house:
        body = logs(record(row(id="")), record({key: each for key, each in row().items() if key != "id"}))
        for _ in range(2):
            await send(house, logs(*body["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1:]))
        first, second = house.intake.taken
        assert first.ids is not None
        assert first.ids == second.ids
        assert house.intake.request_keys[0] == house.intake.request_keys[1] is not None


def nameless(**changes):
    return {name: each for name, each in row(**changes).items() if name != "id"}


@pytest.mark.asyncio
async def test_rows_of_one_instant_are_different_rows_however_they_are_exported():
    """Clocks of many SDKs count milliseconds, and replicas tick at the same ones."""
    async with opened(WATCHED) as house:
        await send(house, logs(record(nameless()), record(nameless(distance=734))))
        await send(house, logs(record(nameless(distance=735))))
        await send(house, logs(record(nameless()), **{"service.instance.id": "another replica"}))
        ids = [each for taken in house.intake.taken for each in taken.ids or ()]
        assert len(set(ids)) == len(ids) == 4


def test_a_name_that_is_made_of_what_a_row_says_tells_nothing_of_what_is_hidden():
    def name_of(**changes):
        hiding = default_monitor(columns=COLUMNS, privacy={"mask": ["carrier"], "drop": ["email"]})
        body = orjson.dumps(logs(record(nameless(**changes))))
        (found,) = otlp.decode("application/json", body, LIMITS)
        return rows_of(hiding, [row_of(found, 0)], LIMITS, now_us=NOW_US).table.columns["id"][0]

    assert name_of() == name_of(carrier="UA") == name_of(email="ada@example.org") != name_of(distance=1)


@pytest.mark.asyncio
async def test_an_empty_export_is_a_success():
    async with opened(WATCHED) as house:
        assert await send(house, b"", PROTOBUF) == (200, "application/x-protobuf", b"")
        assert (await send(house, {}))[0] == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400), (b"{", JSON, 400), (b"[]", JSON, 400), (b'{"resourceLogs": {}}', JSON, 400),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"intValue": "x"}}]}]}]}', JSON, 400),
        (b"", {"Content-Type": "text/plain"}, 415),
    ],
)  # fmt: skip
@pytest.mark.asyncio
async def test_what_is_no_export_is_refused(body, headers, status):
    async with opened(WATCHED) as house:
        assert (await send(house, body, headers))[0] == status


# ---------------------------------------------------------------- fuzz

JSON_VALUES = st.recursive(
    st.dictionaries(
        st.sampled_from(["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "kvlistValue"]),
        VALUES,
        max_size=2,
    ),
    lambda inner: (
        st.fixed_dictionaries({"arrayValue": st.fixed_dictionaries({"values": st.lists(inner, max_size=3)})})
        | st.fixed_dictionaries(
            {
                "kvlistValue": st.fixed_dictionaries(
                    {
                        "values": st.lists(
                            st.fixed_dictionaries({"key": st.text(max_size=3), "value": inner}), max_size=3
                        )
                    }
                )
            }
        )
    ),
    max_leaves=6,
)
LAX = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def taken_or_refused(media, body):
    try:
        records = otlp.decode(media, body, LIMITS)
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most bytes are refused
        return
    logged = []
    for place, each in enumerate(records):
        try:
            logged.append(row_of(each, place))
        except Invalid:
            continue
    if not logged:
        return
    for monitor in (WATCHED, default_monitor(columns={})):
        try:
            decoded = rows_of(monitor, logged, LIMITS, now_us=NOW_US)
        except Invalid:
            continue
        judged = Judge(max_future_seconds=86_400).judge(decoded, monitor, now_us=NOW_US)
        assert judged.table.rows + judged.rejected == len(logged)
        assert {error.row for error in judged.errors} <= {each.place for each in logged}


@given(body=st.binary(max_size=300))
@example(body=BENTOML)
@example(body=BENTOML[:200])
@example(body=b"\x0a\x80\x80\x80\x80\x10")
@LAX
def test_protobuf_is_rows_or_a_refusal(body):
    taken_or_refused(otlp.PROTOBUF, body)


@given(cut=st.integers(0, len(BENTOML)), flip=st.integers(0, len(BENTOML) - 1), byte=st.integers(0, 255))
@LAX
def test_a_damaged_export_is_rows_or_a_refusal(cut, flip, byte):
    damaged = bytearray(BENTOML)
    damaged[flip] = byte
    taken_or_refused(otlp.PROTOBUF, bytes(damaged[:cut]))


@given(bodies=st.lists(JSON_VALUES | VALUES, max_size=4), time=VALUES)
@LAX
def test_json_is_rows_or_a_refusal(bodies, time):
    document = logs(*({"timeUnixNano": time, "body": body} for body in bodies))
    try:
        taken_or_refused(otlp.JSON, orjson.dumps(document))
    except TypeError:  # half a character, which no JSON writer writes
        return


@pytest.mark.parametrize("media", [otlp.PROTOBUF, otlp.JSON])
@pytest.mark.parametrize("groups", [
    [{}] * 4,
    [{"scopeLogs": [{}] * 4}],
    [{"scopeLogs": [{}, {}]}] * 2,
    [{"scopeLogs": [{"logRecords": [{}, {}]}]}] * 2,
    [{"scopeLogs": [{"logRecords": [{}] * 4}]}],
])  # fmt: skip
def test_groups_scopes_and_records_are_counted_all_together(media, groups):
    def encoded(groups):
        body = {"resourceLogs": groups}
        if media == otlp.JSON:
            return orjson.dumps(body)
        return json_format.ParseDict(body, ExportLogsServiceRequest()).SerializeToString()

    limits = dataclasses.replace(LIMITS, rows=3)
    otlp.decode(media, encoded(groups[:1] if len(groups) > 1 else [{}] * 3), limits)
    with pytest.raises(TooLarge, match="4 rows"):
        otlp.decode(media, encoded(groups), limits)


def test_values_nested_without_end_are_refused():
    deep = b'{"arrayValue":{"values":[' * 200 + b"]}}" * 200
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + deep + b"}]}]}]}"
    with pytest.raises(Invalid, match="nested"):
        otlp.decode(otlp.JSON, body, LIMITS)


def test_receivers_that_read_no_protobuf_do_not_load_it():
    import subprocess
    import sys

    code = "import sys; import collector.receive.http; assert 'google.protobuf' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False).returncode == 0
