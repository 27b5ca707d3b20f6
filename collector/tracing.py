"""Spans for OpenTelemetry, where they are wished. Where to send them is said by its own variables (`OTEL_EXPORTER_OTLP_...`).

Requests meet in windows, and windows in deliveries: one span has many before it. So a stage's span is no child of the one
before, but links to it, as OpenTelemetry's conventions for messaging ask. What a span is linked by travels through the
queues as a W3C `traceparent`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any, Literal

from collector.errors import Backpressure, Invalid

Kind = Literal["SERVER", "PRODUCER", "CONSUMER"]

MOST_LINKS = 8
"""Of one span, and of what a stored chunk remembers: a window has millions of requests."""


class Spans:
    """The spans of one process."""

    def __init__(self, tracer: Any) -> None:
        """`tracer` is OpenTelemetry's."""
        from opentelemetry import trace  # noqa: PLC0415 - opt-in
        from opentelemetry.context import Context  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._tracer = tracer
        self._api = trace
        self._nothing = Context()
        self._propagator = TraceContextTextMapPropagator()

    def begin(
        self,
        name: str,
        kind: Kind,
        *,
        parent: str | None = None,
        links: Iterable[str] = (),
        attributes: Mapping[str, str | int] | None = None,
    ) -> Any:
        """A span that somebody will `end`: a child of `parent`, a `traceparent` that anybody may have sent, or a root."""
        return self._tracer.start_span(
            name,
            context=self._context(parent),
            kind=self._api.SpanKind[kind],
            links=[self._api.Link(each) for each in self._named(links)],
            attributes=attributes,
        )

    def within(self, span: Any) -> AbstractContextManager[Any]:
        """What happens in there knows the span as the current one. It does not end with it."""
        within: AbstractContextManager[Any] = self._api.use_span(
            span, record_exception=False, set_status_on_exception=False
        )
        return within

    @contextmanager
    def span(self, name: str, kind: Kind, **wishes: Any) -> Iterator[Any]:
        """As `begin`, for the time of a block."""
        span = self.begin(name, kind, **wishes)
        error = None
        try:
            with self.within(span):
                yield span
        except Exception as caught:
            error = caught
            raise
        finally:
            self.end(span, error)

    def end(self, span: Any, error: Exception | None) -> None:
        if error is not None and _is_failure(error):  # its type alone: what it says may quote a row
            span.set_status(self._api.StatusCode.ERROR, type(error).__name__)
        span.end()

    def link(self, links: Iterable[str]) -> None:
        """Link the current span to these."""
        span = self._api.get_current_span()
        if span.is_recording():
            for each in self._named(links):
                span.add_link(each)

    def traceparent(self) -> str | None:
        """The current span's, if anybody will ever see it."""
        if not self._api.get_current_span().get_span_context().trace_flags.sampled:
            return None
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")

    def _named(self, links: Iterable[str]) -> Iterator[Any]:
        """Each once, so many at most; what is no `traceparent` names nothing."""
        found: dict[str, Any] = {}
        for each in links:
            context = self._api.get_current_span(self._context(each)).get_span_context()
            if each not in found and context.is_valid:
                found[each] = context
            if len(found) == MOST_LINKS:
                break
        yield from found.values()

    def _context(self, traceparent: str | None) -> Any:
        if traceparent is None:
            return self._nothing
        return self._propagator.extract({"traceparent": traceparent}, self._nothing)


def _is_failure(error: Exception) -> bool:
    """Whether something went wrong here: a request that was refused with good reason is no failure of the service."""
    return not isinstance(error, Invalid | Backpressure) and getattr(error, "status", 500) >= 500


LAST_SPANS_SECONDS = 3.0
"""What was not sent by then, after everything else has stopped, is not sent any more."""


@contextmanager
def spans(version: str) -> Iterator[Spans]:
    """Spans that are sent by OTLP until the end. Raises Invalid when the extra `otel` is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - opt-in
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        sentence = "COLLECTOR_TRACING needs OpenTelemetry: install inference-collector[otel]"
        raise Invalid(f"{sentence} ({error.name} is missing)") from error
    resource = Resource.create({"service.name": "inference-collector"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Spans(provider.get_tracer("collector", version))
    finally:
        # It waits for half a minute when nobody takes the spans: longer than whoever stops us has patience.
        ending = Thread(target=provider.shutdown, name="last spans", daemon=True)
        ending.start()
        ending.join(LAST_SPANS_SECONDS)
