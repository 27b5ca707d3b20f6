"""Spans for OpenTelemetry, where they are wished. Where to send them is said by its own variables (`OTEL_EXPORTER_OTLP_...`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from collector.errors import Invalid


@contextmanager
def tracer(version: str) -> Iterator[Any]:
    """A tracer whose spans are sent by OTLP until the end. Raises Invalid when the extra `otel` is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - opt-in
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        sentence = "COLLECTOR_TRACING needs OpenTelemetry: install inference-collector[otel]"
        raise Invalid(f"{sentence} ({error.name} is missing)") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "inference-collector"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider.get_tracer("collector", version)
    finally:
        provider.shutdown()
