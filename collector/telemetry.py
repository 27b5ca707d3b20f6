"""The service's own Prometheus series, all of them, as data. `docs/telemetry.md` is generated from this table."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

from collector import tracing

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its name, what a change in it means, and its labels (all of bounded cardinality)."""

    kind: Kind
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_DELAYS = (1.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0, 2 * 86400.0, 7 * 86400.0, 14 * 86400.0, 30 * 86400.0)

SERIES = (
    Series("gauge", "collector_build_info", "Always 1; version, and what an acknowledged row survives.",
           ("version", "durability")),
    Series("counter", "collector_configuration_reloads_total",
           "Times the configuration was read again on SIGHUP: taken, refused (it is wrong, and the old one stays).",
           ("outcome",)),
    Series("counter", "collector_receive_rows_total",
           "Rows of answered requests: accepted, rejected (bad), duplicate (seen before), late (past retention), "
           "refused (buffer full or unreachable; the sender was told to repeat).", ("monitor", "outcome")),
    Series("counter", "collector_receive_labels_total",
           "Labels of answered requests: accepted, rejected, duplicate.", ("monitor", "outcome")),
    Series("counter", "collector_receive_events_total",
           "Events of model servers: met (request and response became rows), waiting (for the other of the two), known "
           "(seen before), whole (rows or labels by itself), ignored (not asked for), rejected.",
           ("monitor", "outcome")),
    Series("gauge", "collector_receive_waiting_halves",
           "Requests and responses that wait for their counterpart; they are no rows yet.", ("monitor",)),
    Series("counter", "collector_receive_dropped_halves_total",
           "Requests and responses discarded, by reason: unpaired (the counterpart did not come in time), "
           "unfit (it came, and the two make no rows).",
           ("monitor", "side", "reason")),
    Series("histogram", "collector_label_delay_seconds",
           "Time from the end of an inference's window to its first label; 0 when it came before the end. For windows "
           "with an end.", ("monitor",), _DELAYS),
    Series("gauge", "collector_label_coverage_ratio",
           "Share of the rows with a label, over the closed windows that the buffer still holds.", ("monitor",)),
    Series("counter", "collector_receive_requests_total", "Answered requests by route and status.",
           ("route", "status")),
    Series("counter", "collector_receive_refusals_total",
           "Requests that a limit of the door refused, by reason: requests_rate, rows_rate (of a key), concurrent "
           "(requests), connections, slow (408), head (431).", ("reason",)),
    Series("histogram", "collector_receive_request_seconds", "Time from a request's head to its answer.",
           ("route",), _FAST),
    Series("histogram", "collector_buffer_append_seconds", "Round trip of one group of appends to the buffer.",
           (), _FAST),
    Series("gauge", "collector_buffer_accepted_rows", "Rows accepted since the monitor began.", ("monitor",)),
    Series("gauge", "collector_buffer_waiting_rows", "Rows whose window was not settled yet.", ("monitor",)),
    Series("gauge", "collector_buffer_waiting_bytes", "Their stored bytes.", ("monitor",)),
    Series("gauge", "collector_buffer_oldest_wait_seconds", "Age of the oldest waiting row; 0 when none waits.",
           ("monitor",)),
    Series("gauge", "collector_buffer_fill_ratio",
           "What waits of all monitors as a share of the bound (rows or bytes, the larger); at 1 everything is refused."),
    Series("gauge", "collector_evaluate_rows", "Rows of evaluated windows.", ("monitor",)),
    Series("gauge", "collector_dead_rows", "Rows of dead-lettered windows.", ("monitor",)),
    Series("gauge", "collector_dropped_rows", "Rows discarded on purpose, by reason.", ("monitor", "reason")),
    Series("gauge", "collector_account_imbalance_rows",
           "accepted - evaluated - dead - dropped - waiting: anything but 0 at rest is a defect.", ("monitor",)),
    Series("counter", "collector_evaluate_windows_total",
           "Attempts by outcome: evaluated, retried, dead, lost (another worker took over).", ("monitor", "outcome")),
    Series("histogram", "collector_evaluate_seconds", "Time to evaluate one window.", ("monitor",), _SLOW),
    Series("counter", "collector_evaluate_failed_metrics_total", "Metrics and tests that ended in an error.",
           ("monitor",)),
    Series("gauge", "collector_window_lag_seconds", "How long the oldest due window has been waiting to be evaluated.",
           ("monitor",)),
    Series("counter", "collector_forward_snapshots_total",
           "Deliveries by outcome: delivered, retried, dead, lost.", ("to", "outcome")),
    Series("gauge", "collector_forward_waiting_snapshots", "Deliveries that wait for a destination, all monitors.", ("to",)),
    Series("gauge", "collector_forward_oldest_wait_seconds",
           "For how long the delivery that is next in a destination's outbox has been wanted; 0 when none waits.",
           ("to",)),
    Series("gauge", "collector_forward_breaker_state",
           "A destination's circuit breaker in this process: 0 closed, 1 half-open (the next delivery is a probe), "
           "2 open (nothing is tried for a while).", ("to",)),
    Series("histogram", "collector_forward_seconds", "Time of one delivery.", ("to",), _SLOW),
    Series("counter", "collector_alert_messages_total", "Messages of alerts put into outboxes; state: firing, resolved.",
           ("monitor", "alert", "state")),
    Series("gauge", "collector_last_success_timestamp_seconds", "When a window of the monitor was last evaluated.",
           ("monitor",)),
)  # fmt: skip


SPANS: Mapping[str, tuple[tracing.Kind, str]] = {
    "receive": ("SERVER", "a request; a child of the sender's span when it brings a `traceparent`"),
    "append": ("PRODUCER", "a write to the buffer; linked to requests whose rows it stores"),
    "evaluate": ("CONSUMER", "an attempt at a window; linked to requests that brought its rows"),
    "forward": ("CONSUMER", "an attempt at a delivery; linked to the evaluation that made the snapshot"),
}
"""One for each stage of a row's way: its kind, and what it is."""


class Telemetry:
    """The series of one process. A name that is not in the table is a KeyError at once, not a silent new series."""

    def __init__(self, spans: tracing.Spans | None = None) -> None:
        """`spans`, when they are wished."""
        self._spans = spans
        # A second gauge beside every counter, which nobody asked for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library says no type here
        self.registry = CollectorRegistry()
        self._series: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}
        for series in SERIES:
            if series.kind == "counter":
                self._series[series.name] = Counter(series.name, series.meaning, series.labels, registry=self.registry)
            elif series.kind == "gauge":
                self._series[series.name] = Gauge(series.name, series.meaning, series.labels, registry=self.registry)
            else:
                self._series[series.name] = Histogram(
                    series.name, series.meaning, series.labels, buckets=series.buckets, registry=self.registry
                )

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        if not amount:
            return
        self.counter(name, **labels)(amount)

    def counter(self, name: str, **labels: str) -> Callable[[float], None]:
        """As `count`, for whoever counts the same thing thousands of times a second."""
        series = self._of(name, labels)
        if not isinstance(series, Counter):
            raise TypeError(f"{name} is not a counter")
        return series.inc

    def observer(self, name: str, **labels: str) -> Callable[[float], None]:
        """As `observe`, likewise."""
        series = self._of(name, labels)
        if not isinstance(series, Histogram):
            raise TypeError(f"{name} is not a histogram")
        return series.observe

    def set(self, name: str, value: float, **labels: str) -> None:
        series = self._of(name, labels)
        if not isinstance(series, Gauge):
            raise TypeError(f"{name} is not a gauge")
        series.set(value)

    def observe(self, name: str, seconds: float, *, times: int = 1, **labels: str) -> None:
        """`times` stands for as many equal observations."""
        series = self._of(name, labels)
        if not isinstance(series, Histogram):
            raise TypeError(f"{name} is not a histogram")
        for _ in range(times):
            series.observe(seconds)

    def forget(self, label: str, value: str) -> None:
        """Show no gauge of this label value any more. Counters stay: what they counted has happened."""
        for key in list(self._children):
            name, *rest = key
            labels = dict(zip(rest[: len(rest) // 2], rest[len(rest) // 2 :], strict=True))
            series = self._series[name]
            if isinstance(series, Gauge) and labels.get(label) == value:
                series.remove(*(labels[each] for each in series._labelnames))  # noqa: SLF001 - it names them nowhere else
                del self._children[key]

    # ------------------------------------------------------------ spans; nothing when nobody traces

    @property
    def traces(self) -> bool:
        return self._spans is not None

    def span(
        self, name: str, *, parent: str | None = None, links: Iterable[str] = (), **about: str | int
    ) -> AbstractContextManager[Any]:
        """The time of a piece of work as a span: a child of `parent`, and linked to what led to it."""
        if self._spans is None:
            return nullcontext()
        return self._spans.span(name, SPANS[name][0], parent=parent, links=links, attributes=_named(about))

    def begin(self, name: str, *, parent: str | None = None, **about: str | int) -> Any:
        """The same for work that ends elsewhere, with `end`. None when nobody traces."""
        if self._spans is None:
            return None
        return self._spans.begin(name, SPANS[name][0], parent=parent, attributes=_named(about))

    def within(self, span: Any) -> AbstractContextManager[Any]:
        return nullcontext() if self._spans is None else self._spans.within(span)

    def end(self, span: Any, error: Exception | None = None) -> None:
        if self._spans is not None:
            self._spans.end(span, error)

    def link(self, links: Iterable[str]) -> None:
        """What led to the current span, as it turned out."""
        if self._spans is not None:
            self._spans.link(links)

    def traceparent(self) -> str | None:
        """A name of the current span, for whoever will be linked to it."""
        return None if self._spans is None else self._spans.traceparent()

    def text(self) -> bytes:
        """The exposition that Prometheus scrapes."""
        return generate_latest(self.registry)

    def _of(self, name: str, labels: Mapping[str, str]) -> Counter | Gauge | Histogram:
        # The library looks a child up under a lock, and checks its labels each time: once is enough.
        key = (name, *labels, *labels.values())
        found = self._children.get(key)
        if found is None:
            series = self._series[name]
            found = self._children[key] = series.labels(**labels) if labels else series
        return found


def _named(about: Mapping[str, str | int]) -> Mapping[str, str | int]:
    return {f"collector.{key}": value for key, value in about.items()}


def document() -> str:
    """The table of `docs/telemetry.md`."""
    lines = [
        "# Telemetry",
        "",
        "Generated from `collector/telemetry.py` by `python -m collector.telemetry`; a test fails when it is stale.",
        "",
        "| series | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{s.name}` | {s.kind} | {', '.join(s.labels) or '-'} | {s.meaning} |" for s in SERIES]
    lines += [
        "",
        "## Spans",
        "",
        "With `COLLECTOR_TRACING`, by OTLP. A window has many requests, so that one stage's span is no child of the one before",
        f"but is linked to it, over queues and replicas; to {tracing.MOST_LINKS} at most. What was not sampled is not remembered.",
        "Turn it on when every replica runs this release or a later one: the ones before cannot read what remembers its requests.",
        "",
        "| span | kind | of |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {kind.lower()} | {meaning} |" for name, (kind, meaning) in SPANS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the module's command
