"""How fast a key may go: buckets that fill with time, and may owe."""

import os
from pathlib import Path

import orjson
import pytest
import yaml
from hypothesis import given, strategies as st

from collector.errors import Invalid
from collector.receive.admission.keys import Keys, Scope, load
from collector.receive.admission.rates import Bucket, Pace, Rate
from collector.receive.problems import TooFast
from tests.receive.street import ONE, asked, said, street
from tests.receive.test_limits import WAYS, refusals

KEY = "a-key-with-a-rate"
HEAD = f"Authorization: Bearer {KEY}\r\n"


class Seconds:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def write(path: Path, **rate: float) -> Path:
    path.write_text(yaml.safe_dump({"keys": [{"name": "model", "key": KEY, "scopes": ["ingest"], **rate}]}))
    return path


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def keys(tmp_path, seconds):
    def made(**rate: float) -> Keys:
        return Keys(write(tmp_path / "keys.yaml", **rate), seconds)

    return made


@WAYS
@pytest.mark.asyncio
async def test_requests_above_the_rate_get_429_and_a_retry_after_that_is_true(way, keys, seconds):
    async with street(keys=keys(requests_per_second=0.5, burst_seconds=4)) as both:
        port = getattr(both, way)
        assert [(await said(port, asked(head=HEAD)))[0].status for _ in range(2)] == [202, 202]
        (answer,) = await said(port, asked(head=HEAD))
        assert answer.status == 429
        assert answer.problem["type"] == "/problems/rate-limited"
        assert answer.problem["limit"] == 0.5
        assert "'model'" in answer.problem["detail"]
        assert KEY not in str(answer)
        wait = int(answer.headers["retry-after"])
        seconds.now += wait - 0.1
        assert (await said(port, asked(head=HEAD)))[0].status == 429
        seconds.now += 0.1
        assert (await said(port, asked(head=HEAD)))[0].status == 202
        assert len(both.house.intake.taken) == 3
        assert refusals(both.house.telemetry.text().decode(), "requests_rate") == 2


@WAYS
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/v1/monitors/flights/inferences", "application/json", b"[" + b",".join([ONE] * 50) + b"]"),
        ("/v1/monitors/flights/inferences", "application/x-ndjson", b"\n".join([ONE] * 50)),
        ("/v1/monitors/flights/inferences", "application/json", b'{"columns": {"distance": [%s]}}' % b",".join([b"1"] * 50)),
        ("/v1/monitors/flights/labels", "application/json", b"[" + b",".join([b'{"id": "a", "target": 1}'] * 50) + b"]"),
        ("/flights/data", "application/json", b'{"distance": {%s}}' % b",".join(b'"%d": 1' % n for n in range(50))),
    ],
    ids=["rows", "lines", "columns", "labels", "a frame of the retired collector"],
)  # fmt: skip
async def test_a_large_request_is_let_in_and_the_next_ones_wait_for_its_rows(
    way, path, content_type, body, keys, seconds
):
    head = f"{HEAD}Content-Type: {content_type}\r\n"
    line = f"POST {path} HTTP/1.1"
    async with street(keys=keys(rows_per_second=10)) as both:
        port = getattr(both, way)
        assert (await said(port, asked(body, head, line=line)))[0].status in (201, 202, 422)  # bad rows count too
        (answer,) = await said(port, asked(body, head, line=line))
        assert (answer.status, answer.headers["retry-after"]) == (429, "5")  # it owes 40 rows, and one more is to come
        assert answer.problem["limit"] == 10
        seconds.now += 4.9
        assert (await said(port, asked(head=HEAD)))[0].status == 202
        assert refusals(both.house.telemetry.text().decode(), "rows_rate") == 1


@pytest.mark.asyncio
async def test_the_rows_of_events_and_of_logs_count_too(keys, seconds):
    event = f"{HEAD}ce-specversion: 1.0\r\nce-id: e\r\nce-source: here\r\nContent-Type: application/json\r\n"
    half = f"{event}ce-type: org.kubeflow.serving.inference."
    request = orjson.dumps({"instances": [{"distance": 1, "note": "a"}] * 50})
    response = orjson.dumps({"predictions": [0.5] * 50})
    log = {"timeUnixNano": "1360000000000000000", "body": {"stringValue": "no row"}}
    logs = orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [log] * 50}]}]})
    events, records = "POST /cloudevents/flights HTTP/1.1", "POST /v1/logs/flights HTTP/1.1"
    for sent in (
        [asked(request, f"{half}request\r\n", line=events), asked(response, f"{half}response\r\n", line=events)],
        [asked(logs, f"{HEAD}Content-Type: application/json\r\n", line=records)],
    ):
        async with street(keys=keys(rows_per_second=10)) as both:
            assert 429 not in [(await said(both.short, each))[0].status for each in sent]
            (answer,) = await said(both.short, sent[0])
            assert (answer.status, answer.headers["retry-after"]) == (429, "5")


@pytest.mark.asyncio
async def test_a_refused_request_costs_nothing_and_a_bad_body_costs_one_request(keys, seconds):
    async with street(keys=keys(requests_per_second=1, burst_seconds=2)) as both:
        assert (await said(both.short, asked(b"{no json", HEAD)))[0].status == 400
        assert (await said(both.short, asked(head=HEAD)))[0].status == 202
        for _ in range(20):
            assert (await said(both.short, asked(head=HEAD)))[0].status == 429
        seconds.now += 1
        assert (await said(both.short, asked(head=HEAD)))[0].status == 202


@pytest.mark.asyncio
async def test_a_key_without_a_rate_goes_as_fast_as_it_likes(keys):
    async with street(keys=keys()) as both:
        assert {(await said(both.short, asked(head=HEAD)))[0].status for _ in range(50)} == {202}


@pytest.mark.asyncio
async def test_the_handshake_of_a_webhook_tells_the_rate_of_the_key(keys):
    async with street(keys=keys(requests_per_second=2)) as both:
        question = asked(b"", f"{HEAD}WebHook-Request-Origin: e.example\r\n", line="OPTIONS /cloudevents HTTP/1.1")
        (answer,) = await said(both.short, question)
        assert answer.headers["webhook-allowed-rate"] == "120"


def test_a_file_that_is_read_again_does_not_fill_the_buckets(tmp_path, seconds):
    path = write(tmp_path / "keys.yaml", requests_per_second=1)
    keys = Keys(path, seconds)

    def pace() -> Pace:
        found = keys.grant(f"Bearer {KEY}", Scope.INGEST).pace
        assert found is not None
        return found

    pace().admit()
    path.write_text(path.read_text() + "# changed\n")
    assert pace().refusal() is not None
    write(path, requests_per_second=2)
    os.utime(path, ns=(1, 1))
    assert pace().refusal() is None


@pytest.mark.parametrize("name", ["requests_per_second", "rows_per_second", "burst_seconds"])
@pytest.mark.parametrize("value", [0, -1, "5", True, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_named(tmp_path, name, value):
    with pytest.raises(Invalid, match=rf"keys\[0\]\.{name}: expected a number above 0"):
        load(write(tmp_path / "keys.yaml", **{name: value}))


def test_a_burst_of_nothing_is_a_mistake(tmp_path):
    with pytest.raises(Invalid, match="burst_seconds: goes with"):
        load(write(tmp_path / "keys.yaml", burst_seconds=2))


@given(
    per_second=st.floats(0.01, 1000),
    burst=st.floats(0.01, 100),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 500)), max_size=50),
)
def test_over_any_time_no_more_than_the_rate_and_one_burst_is_let_in_beside_the_last_request(per_second, burst, steps):
    now = 0.0
    bucket = Bucket(per_second=per_second, most=per_second * burst, now=now)
    admitted, last = 0, 0
    for pause, tokens in steps:
        now += pause
        if bucket.wait_seconds(now) == 0:
            bucket.take(tokens, now)
            admitted, last = admitted + tokens, tokens
    assert admitted - last <= (max(per_second * burst, 1) + per_second * now) * (1 + 1e-9)


@given(per_second=st.floats(0.01, 1000), owed=st.integers(1, 100_000))
def test_after_the_time_that_was_told_there_is_a_token(per_second, owed):
    bucket = Bucket(per_second=per_second, most=1, now=0.0)
    bucket.take(owed, 0.0)
    wait = bucket.wait_seconds(0.0)
    assert bucket.wait_seconds(wait * (1 + 1e-9)) == pytest.approx(0, abs=1e-6)
    assert bucket.wait_seconds(wait * 0.9) > 0


def test_what_is_not_used_is_saved_up_for_no_longer_than_the_burst():
    bucket = Bucket(per_second=2, most=4, now=0.0)
    bucket.take(1, now=1_000_000.0)
    bucket.take(3, now=1_000_000.0)
    assert bucket.wait_seconds(now=1_000_000.0) == 0.5


def test_requests_and_rows_have_a_bucket_each():
    seconds = Seconds()
    pace = Pace("both", Rate(requests_per_second=2, rows_per_second=100), seconds)
    pace.admit()
    pace.charge(1000)
    with pytest.raises(TooFast, match="100 rows a second") as caught:
        pace.admit()
    assert caught.value.reason == "rows_rate"
    assert caught.value.retry_after_seconds == pytest.approx(9.01)
