"""Spans, where somebody wishes them: one for each stage of a row's way, linked to the one before, and none for anybody else."""

import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import format_span_id

from collector import chunks, tracing
from collector.clock import ManualClock
from collector.errors import Transient
from collector.model import MonitorId, Pane, Window, outbox
from collector.monitor import Monitor
from collector.pipeline import sampling
from collector.ports import Buffer
from collector.telemetry import SPANS, Telemetry
from collector.tracing import MOST_LINKS, spans
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

WISH = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id"}, "window": {"rows": 2}, "reports": [{"name": "r", "metrics": ["M"]}],
     "forward": [DESTINATION]}
)  # fmt: skip
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def seen() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path, seen: InMemorySpanExporter) -> Pipeline:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path, tracer=provider.get_tracer("test"))
    await made.watch(WISH)
    return made


async def send(pipeline: Pipeline, monitor: Monitor, *ids: str, parent: str | None = None) -> None:
    """As the door does: the request is the current span."""
    with pipeline.telemetry.span("receive", parent=parent):
        await pipeline.send(monitor, ids, [0] * len(ids))


def by_name(seen: InMemorySpanExporter) -> Mapping[str, list[ReadableSpan]]:
    return {name: [span for span in seen.get_finished_spans() if span.name == name] for name in SPANS}


def linked(span: ReadableSpan) -> set[str]:
    return {format_span_id(link.context.span_id) for link in span.links}


def names(found: Sequence[ReadableSpan]) -> set[str]:
    return {format_span_id(span.context.span_id) for span in found}


@pytest.mark.asyncio
async def test_each_stage_of_a_rows_way_is_a_span_that_is_linked_to_the_one_before(
    pipeline: Pipeline, seen: InMemorySpanExporter
):
    await send(pipeline, WISH, "a", parent=PARENT)
    await send(pipeline, WISH, "b")
    await pipeline.work()
    found = by_name(seen)
    first, second = found["receive"]
    assert first.parent is not None
    assert f"{first.parent.span_id:016x}" == PARENT.split("-")[2]  # the sender's own
    assert second.parent is None
    assert [linked(span) for span in found["append"]] == [names([first]), names([second])]
    (evaluated,), (forwarded,) = found["evaluate"], found["forward"]
    assert linked(evaluated) == names(found["receive"])
    assert linked(forwarded) == names([evaluated])
    assert {span.parent for span in (*found["append"], evaluated, forwarded)} == {None}
    assert [span.kind.name for span in (first, found["append"][0], evaluated, forwarded)] == [
        kind for kind, _ in SPANS.values()
    ]
    assert dict(evaluated.attributes or {})["collector.monitor"] == "m"
    assert dict(forwarded.attributes or {})["collector.to"] == DESTINATION


@pytest.mark.asyncio
async def test_a_window_of_many_requests_is_linked_to_a_few(pipeline: Pipeline, seen: InMemorySpanExporter):
    many = WISH.model_copy(update={"window": WISH.window.model_copy(update={"rows": 40})})
    await pipeline.watch(many)
    for number in range(40):
        await send(pipeline, many, f"r{number}")
    await pipeline.work()
    (evaluated,) = by_name(seen)["evaluate"]
    assert len(evaluated.links) == MOST_LINKS
    assert linked(evaluated) < names(by_name(seen)["receive"])


@pytest.mark.asyncio
async def test_the_rows_of_a_sample_remember_their_requests_too(
    pipeline: Pipeline, seen: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sampling, "BLOCK_ROWS", 8)
    await send(pipeline, WISH, *[f"r{number}" for number in range(30)])
    found = await sampling.sample(pipeline.buffer.rows, MonitorId("m"), [Window(Pane(None, None, 2))], 10)
    assert found.rows.rows == 10
    assert len({name for stored in found.rows.chunks for name in chunks.traces(stored.data)}) == 1


@pytest.mark.asyncio
async def test_spans_that_nobody_will_see_are_not_remembered(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    provider = TracerProvider(sampler=ALWAYS_OFF)
    pipeline = Pipeline(buffer, CountingEvaluator(), clock, tmp_path, tracer=provider.get_tracer("test"))
    await pipeline.watch(WISH)
    await send(pipeline, WISH, "a", "b")
    await nothing_is_remembered(pipeline)


@pytest.mark.asyncio
async def test_without_tracing_nothing_is_remembered(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    pipeline = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await pipeline.watch(WISH)
    await send(pipeline, WISH, "a", "b", parent=PARENT)
    await nothing_is_remembered(pipeline)


async def nothing_is_remembered(pipeline: Pipeline) -> None:
    rows = await pipeline.buffer.rows.read(MonitorId("m"), Window(Pane(None, None, 2)))
    assert [stored.data[0] for stored in rows.chunks] == [chunks.VERSION]
    await pipeline.housekeeping.close_due_windows()
    await pipeline.evaluating.step()
    lease = await pipeline.buffer.queue.lease(outbox(DESTINATION), [MonitorId("m")], owner="test", seconds=1)
    assert lease is not None
    assert set(orjson.loads(lease.payload)) == {"snapshot", "revision", "data"}


@pytest.mark.asyncio
async def test_a_span_says_that_its_work_failed_and_quotes_nothing(pipeline: Pipeline, seen: InMemorySpanExporter):
    await send(pipeline, WISH, "a", "b")
    pipeline.received.fail = [Transient("the row of Mrs Smith")]
    await pipeline.work()
    (forwarded,) = by_name(seen)["forward"]
    assert (forwarded.status.status_code.name, forwarded.status.description) == ("ERROR", "Transient")
    assert "Smith" not in forwarded.to_json()


@pytest.mark.parametrize("sent", ["", "banana", PARENT.replace("-b7", "-"), f"00-{'0' * 32}-{'0' * 16}-01", "é" * 55])
def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(pipeline: Pipeline, sent: str):
    with pipeline.telemetry.span("receive", parent=sent) as span:
        assert span.parent is None
    with pipeline.telemetry.span("append", links=[sent, PARENT]) as span:
        assert len(span.links) == 1


def test_a_chunk_with_its_requests_is_the_same_chunk():
    plain = chunks.encode({"x": [1.0, 2.0]}, 2)
    some = chunks.traced(plain, [PARENT] * MOST_LINKS)
    assert chunks.traces(some) == (PARENT,) * MOST_LINKS
    assert bytes(chunks.decode(some).cells) == bytes(chunks.decode(plain).cells)
    assert chunks.traces(chunks.picked(some, [1])) == chunks.traces(some)


def test_without_a_tracer_a_span_is_nothing():
    with Telemetry().span("receive", route="/") as nothing:
        assert nothing is None


def test_a_tracer_ends_with_the_service(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with spans("1") as made:
        span = made.begin("x", "SERVER")
        assert span.is_recording()
        made.end(span, None)


def test_a_service_that_stops_does_not_wait_for_spans_that_nobody_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracing, "LAST_SPANS_SECONDS", 0.05)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with spans("1") as made:
            made.end(made.begin("x", "SERVER"), None)
        (sending,) = (thread for thread in threading.enumerate() if thread.name == "last spans")
        assert sending.daemon  # it keeps no process alive either
    sending.join(30)
