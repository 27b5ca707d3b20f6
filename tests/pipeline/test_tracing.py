"""Spans, where somebody wishes them: one for each stage of a row's way, and none for anybody else."""

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from collector.clock import ManualClock
from collector.monitor import Monitor
from collector.ports import Buffer
from collector.telemetry import Telemetry
from collector.tracing import tracer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import DESTINATION, Pipeline

WISH = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id"}, "window": {"rows": 2}, "reports": [{"name": "r", "metrics": ["M"]}],
     "forward": [DESTINATION]}
)  # fmt: skip


@pytest.mark.asyncio
async def test_each_stage_of_a_rows_way_is_a_span(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    pipeline = Pipeline(buffer, CountingEvaluator(), clock, tmp_path, tracer=provider.get_tracer("test"))
    await pipeline.watch(WISH)
    await pipeline.send(WISH, ["a", "b"], [0, 0])
    await pipeline.work()
    told = {span.name: dict(span.attributes or {}) for span in spans.get_finished_spans()}
    assert list(told) == ["append", "evaluate", "forward"]
    assert told["append"] == {"collector.chunks": 1, "collector.rows": 2}
    assert told["evaluate"]["collector.monitor"] == "m"
    assert told["evaluate"]["collector.attempt"] == 1
    assert told["forward"]["collector.to"] == DESTINATION


def test_without_a_tracer_a_span_is_nothing():
    with Telemetry().span("receive", route="/") as nothing:
        assert nothing is None


def test_a_tracer_ends_with_the_service(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with tracer("1") as made:
        assert made.start_span("x").is_recording()
