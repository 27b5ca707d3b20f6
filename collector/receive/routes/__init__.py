"""The table of routes: every address that this service answers, but the pages."""

from collector.receive.admission.keys import Scope
from collector.receive.route import Parameter, Route
from collector.receive.routes import (
    cloudevents,
    dead_letters,
    evidently,
    monitors,
    otlp,
    reference,
    rows,
    service,
    snapshots,
)

_ROWS = ("malformed", "too-large", "unknown-encoding", "invalid", "no-valid-rows", "unknown-monitor", "backpressure")
_IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "A resend under the same key is taken once",
    "header",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
)
_MONITOR = Parameter("monitor", "Only those of this monitor")
_INSTANT = {"type": "string", "format": "date-time"}
_LIST = (
    _MONITOR,
    Parameter(
        "segment",
        'Only those of a segment: a JSON object, or null for "all rows"',
        schema={"type": ["object", "null"]},
        is_json=True,
    ),
    Parameter("tag", "Only those with this tag"),
    Parameter("from", "Only those at or after this instant, ISO 8601", schema=_INSTANT),
    Parameter("to", "Only those before this instant, ISO 8601", schema=_INSTANT),
    Parameter(
        "limit", "At most so many; 100 unless said", schema={"type": "integer", "minimum": 1, "maximum": snapshots.MOST}
    ),
    Parameter("after", "The `next` of the page before", schema={"type": "string", "pattern": "^-?[0-9]{1,18}:"}),
    Parameter("values", "With the numbers that the page plots over time", schema={"type": "boolean"}),
)
_CE = (
    Parameter("ce-id", "Binary mode: the event's id, which a request and its response share", "header"),
    Parameter("ce-type", "Binary mode: what the event is", "header"),
    Parameter("ce-source", "Binary mode: who sent it", "header"),
    Parameter("ce-specversion", "Binary mode: 1.0", "header"),
)
_WEBHOOK = (Parameter("WebHook-Request-Origin", "Who wants to send; told again in WebHook-Allowed-Origin", "header"),)
_M = "/v1/monitors/{monitor}"
_S = "/v1/snapshots/{snapshot}"
_D = "/v1/dead-letters/{letter}"
_INGEST, _READ, _ADMIN = Scope.INGEST, Scope.READ, Scope.ADMIN

# fmt: off
_WORKING: tuple[Route, ...] = (
    Route("POST", f"{_M}/inferences", rows.inferences, _INGEST, "Take rows of features and predictions",
          [(202, "Receipt")], [*_ROWS, "bad-parameter"], "rows", [_IDEMPOTENCY]),
    Route("POST", f"{_M}/labels", rows.labels, _INGEST, "Take targets of inferences, by inference id",
          [(202, "Receipt")], _ROWS, "labels"),
    Route("POST", "/", otlp.root, _INGEST, "Take CloudEvents of model servers: KServe, Seldon, Azure ML",
          [(200, "EventsReceipt")], _ROWS, "events", _CE),
    Route("POST", "/cloudevents", cloudevents.take, _INGEST, "The same",
          [(200, "EventsReceipt")], _ROWS, "events", _CE),
    Route("POST", "/cloudevents/{monitor}", cloudevents.take, _INGEST, "The same, all of them for one monitor",
          [(200, "EventsReceipt")], _ROWS, "events", _CE),
    *(Route("OPTIONS", path, cloudevents.handshake, None, "Agree to the handshake of a webhook that sends CloudEvents",
            [(200, "")], [], None, _WEBHOOK) for path in ("/", "/cloudevents", "/cloudevents/{monitor}")),
    Route("POST", "/consumer/kserve/v2", cloudevents.modelmesh, _INGEST, "Take what ModelMesh's payload processor sends",
          [(200, "EventsReceipt")], _ROWS, "modelmesh"),
    Route("POST", "/v1/logs", otlp.take, _INGEST, "Take OTLP logs: BentoML, any OpenTelemetry SDK",
          [(200, "Logged")], _ROWS, "logs"),
    Route("POST", "/v1/logs/{monitor}", otlp.take, _INGEST, "The same, all of them for one monitor",
          [(200, "Logged")], _ROWS, "logs"),
    Route("PUT", f"{_M}/reference", reference.put, _ADMIN, "Replace the rows that windows are compared with",
          [(200, "Reference")], ["malformed", "too-large", "unknown-encoding", "invalid", "unknown-monitor"],
          "reference"),
    Route("POST", f"{_M}/flush", monitors.flush, _ADMIN, "Close the open windows now",
          [(202, "Flushed")], ["unknown-monitor", "invalid"]),
    Route("GET", "/v1/monitors", monitors.list_all, _READ, "All monitors and how they stand",
          [(200, "Monitors")]),
    Route("GET", _M, monitors.get, _READ, "One monitor and how it stands",
          [(200, "Monitor")], ["unknown-monitor"], also=_INGEST),  # the SDK asks which columns to fill
    Route("PUT", _M, monitors.put, _ADMIN, "Create or replace a monitor",
          [(200, "Monitor"), (201, "Monitor")], ["malformed", "invalid", "too-large"], "monitor"),
    Route("DELETE", _M, monitors.delete, _ADMIN, "Watch it no longer, and forget all that is kept of it",
          [(200, "Deleted")], ["unknown-monitor"]),
    Route("GET", "/v1/snapshots", snapshots.list_some, _READ, "Snapshots, newest first, page by page",
          [(200, "Snapshots")], ["bad-parameter", "invalid"], None, _LIST),
    Route("GET", _S, snapshots.get, _READ, "A snapshot",
          [(200, "Snapshot")], ["not-found"]),
    Route("DELETE", _S, snapshots.delete, _ADMIN, "Forget a snapshot",
          [(204, "")], ["not-found"]),
    Route("GET", f"{_S}/report.html", snapshots.report, _READ, "A snapshot as a page",
          [(200, "html")], ["not-found"]),
    Route("GET", f"{_S}/data", snapshots.data, _READ, "The rows of a snapshot, as Parquet, where its monitor includes them",
          [(200, "parquet")], ["not-found"]),
    Route("GET", "/v1/dead-letters", dead_letters.list_all, _READ, "What was set aside, and why",
          [(200, "DeadLetters")], [], None, [_MONITOR]),
    Route("GET", _D, dead_letters.get, _READ, "One dead letter",
          [(200, "DeadLetter")], ["not-found"]),
    Route("POST", f"{_D}/replay", dead_letters.replay, _ADMIN, "Put it back, with fresh attempts",
          [(202, "Replayed")], ["not-found"]),
    Route("DELETE", _D, dead_letters.delete, _ADMIN, "Drop it on purpose",
          [(204, "")], ["not-found"]),
    Route("POST", "/{monitor}", evidently.create, _ADMIN, "Retired Evidently collector: create or replace a collector",
          [(201, "Collector")], ["malformed", "invalid", "too-large", "unknown-encoding"], "collector"),
    Route("GET", "/{monitor}", evidently.get, _READ, "Retired Evidently collector: a collector",
          [(200, "Collector")], ["not-found"]),
    Route("POST", "/{monitor}/data", evidently.data, _INGEST, "Retired Evidently collector: take a data frame",
          [(201, "Receipt")], [*_ROWS, "bad-parameter"], "frame", [_IDEMPOTENCY]),
    Route("POST", "/{monitor}/reference", evidently.reference, _ADMIN,
          "Retired Evidently collector: replace the reference",
          [(201, "Reference")], ["malformed", "too-large", "unknown-encoding", "invalid", "unknown-monitor"], "frame"),
    Route("GET", "/{monitor}/logs", evidently.logs, _READ, "Retired Evidently collector: the newest reports",
          [(200, "Logs")], ["unknown-monitor"]),
    Route("GET", "/livez", service.livez, None, "The process answers",
          [(200, "Status")]),
    Route("GET", "/readyz", service.readyz, None, "Rows would be taken now",
          [(200, "Status")]),
    Route("GET", "/metrics", service.metrics, None, "Telemetry, for Prometheus",
          [(200, "text")]),
)
# fmt: on

_OPENAPI, _DOCS = service.described(_WORKING)
ROUTES: tuple[Route, ...] = (
    *_WORKING,
    Route("GET", "/openapi.json", _OPENAPI, None, "This table as an OpenAPI 3.1 document", [(200, "OpenApi")]),
    Route("GET", "/docs", _DOCS, None, "This table as a page", [(200, "html")]),
)
