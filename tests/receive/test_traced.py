"""A request's `traceparent` on its way from the door, whichever, to the delivery: by links, over both queues."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

from collector.clock import ManualClock
from collector.monitor import Monitor
from collector.ports import Buffer
from collector.receive import http
from collector.settings import Settings
from tests.pipeline.conftest import CountingEvaluator, buffer, clock  # noqa: F401 - fixtures
from tests.pipeline.harness import DESTINATION, Pipeline
from tests.receive.street import asked, said

pytestmark = pytest.mark.asyncio
WISH = Monitor.model_validate(
    {"id": "flights", "columns": {"id": "id"}, "window": {"rows": 2}, "reports": [{"name": "r", "metrics": ["M"]}],
     "forward": [DESTINATION]}
)  # fmt: skip
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TOLD = f"traceparent: 00-{TRACE}-{PARENT}-01\r\n"


@dataclass
class Served:
    """The doors in front of the whole pipeline."""

    pipeline: Pipeline
    spans: InMemorySpanExporter
    short: int
    long: int

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans.get_finished_spans() if span.name == name]


@pytest_asyncio.fixture
async def served(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Served]:  # noqa: F811
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    pipeline = Pipeline(buffer, CountingEvaluator(), clock, tmp_path, tracer=provider.get_tracer("test"))
    await pipeline.watch(WISH)

    async def ready() -> None:
        return None

    application = http.build(
        monitors=pipeline.registry, intake=pipeline.intake, buffer=buffer, settings=Settings(), ready=ready,
        telemetry=pipeline.telemetry, clock=clock,
    )  # fmt: skip
    async with TestServer(application) as server:
        await server.start_server(None, **http.RUNNER_OPTIONS)
        assert isinstance(server.runner, web.AppRunner)
        lanes = http.lanes(application, server.runner)
        loop = asyncio.get_running_loop()
        ports = [await loop.create_server(way, "127.0.0.1", 0) for way in (lanes.connection, lanes.long_way)]
        yield Served(pipeline, spans, *(port.sockets[0].getsockname()[1] for port in ports))
        for port in ports:
            port.close()
        await lanes.close(5)


def row(name: str) -> bytes:
    return orjson.dumps([{"id": name, "x": 1}])


async def test_a_delivery_leads_back_to_the_requests_of_its_rows(served: Served):
    for port, name in ((served.short, "a"), (served.long, "b")):
        (answer,) = await said(port, asked(row(name), TOLD))
        assert answer.status == 202
    await served.pipeline.work()
    received = served.named("receive")
    assert [format_trace_id(span.context.trace_id) for span in received] == [TRACE, TRACE]
    assert [format_span_id(span.parent.span_id) for span in received if span.parent] == [PARENT, PARENT]
    assert received[0].attributes == received[1].attributes
    (evaluated,) = served.named("evaluate")
    assert {link.context.span_id for link in evaluated.links} == {span.context.span_id for span in received}
    assert {link.context.trace_id for link in evaluated.links} == {received[0].context.trace_id}
    (forwarded,) = served.named("forward")
    assert [link.context.span_id for link in forwarded.links] == [evaluated.context.span_id]
    assert len(served.pipeline.received.bodies) == 1


@pytest.mark.parametrize("head", ["", "traceparent: banana\r\n", "traceparent: \xe9\r\n"])
async def test_a_request_without_one_is_taken_and_begins_a_trace(served: Served, head: str):
    for port, name in ((served.short, "a"), (served.long, "b")):
        (answer,) = await said(port, asked(row(name), head))
        assert answer.status == 202
    traces = {span.context.trace_id for span in served.named("receive")}
    assert len(traces) == 2
    assert int(TRACE, 16) not in traces


async def test_a_span_fails_when_the_service_does_and_not_when_the_request_is_wrong(
    served: Served,
):
    for port in (served.short, served.long):
        assert (await said(port, asked(b"[{}]", TOLD)))[0].status == 422
    (answer,) = await said(served.long, asked(row("a"), line="PUT /v1/monitors/flights/inferences HTTP/1.1"))
    assert answer.status == 405
    await served.pipeline.buffer.close()
    for port in (served.short, served.long):
        assert (await said(port, asked(row("a"), TOLD)))[0].status == 503
    codes = [span.status.status_code.name for span in served.named("receive")]
    assert codes == ["UNSET"] * 3 + ["ERROR"] * 2
