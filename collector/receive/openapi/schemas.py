"""The schemas of bodies, by name: what this service asks for, and what it answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.durations import SchemaWithDurations
from collector.monitor import Monitor
from collector.receive.problems import PROBLEMS

TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}


def _object(properties: Mapping[str, object], *, optional: Sequence[str] = ()) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
    }


def list_of(item: object) -> dict[str, object]:
    return {"type": "array", "items": item}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_MAYBE_TEXT = {"type": ["string", "null"]}
_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
_TYPED = _object({"type": TEXT})
_ROW_NUMBER = {"type": ["integer", "null"]}
_ROW = {"type": "object", "additionalProperties": _SCALAR, "minProperties": 1}
_ERROR = _object({"row": _COUNT, "column": _MAYBE_TEXT, "reason": TEXT})
_COUNTS = dict.fromkeys(("accepted", "rejected", "duplicates", "late"), _COUNT)
_BODIES: Mapping[str, Mapping[str, object]] = {
    "Rows": {
        "description": "An array of rows, one row, or columns",
        "anyOf": [
            {**list_of(_ROW), "minItems": 1},
            _ROW,
            _object({"columns": {"type": "object", "additionalProperties": list_of(_SCALAR)}}),
        ],
    },
    "Labels": list_of(
        _object(
            {
                "id": {"type": ["string", "integer"]},
                "target": {"type": ["string", "number", "boolean"]},
                "timestamp": {"type": ["string", "number", "null"]},
            },
            optional=["timestamp"],
        )
    ),
    "Receipt": _object({**_COUNTS, "errors": list_of(_ERROR)}),
    "EventsReceipt": _object(
        {
            **_COUNTS,
            "errors": list_of(_object({"event": _COUNT, "row": _ROW_NUMBER, "column": _MAYBE_TEXT, "reason": TEXT})),
            "events": {
                "type": "object",
                "additionalProperties": _COUNT,
                "description": "Events by what became of them",
            },
        }
    ),
    "Reference": _object({"version": _COUNT, "rows": _COUNT, "columns": list_of(TEXT)}),
    "Deleted": _object({"deleted": TEXT, "dropped_rows": _COUNT}),
    "Flushed": _object({"windows": list_of(TEXT)}),
    "Monitor": {
        **_object({"id": TEXT, "state": {"type": "object"}}),
        "description": "As configured (MonitorSettings), and its state beside",
    },
    "Monitors": _object({"monitors": list_of(ref("Monitor"))}),
    "Collector": {
        **_object(
            {"trigger": _TYPED, "report_config": {"type": "object"}, "project_id": TEXT, "api_url": _MAYBE_TEXT},
            optional=["project_id", "api_url"],
        ),
        "description": "A CollectorConfig, as the retired client sends it",
    },
    "Frame": {
        "description": "DataFrame.to_dict(): an object per column, whose keys are the index",
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": _SCALAR},
    },
    "Logs": list_of(_object({"type": TEXT, "report_id": TEXT, "ok": {"type": "boolean"}, "error": TEXT})),
    "Event": {
        **_object(
            {
                "specversion": {"enum": ["1.0", "0.3"]},
                "id": _NAME,
                "source": _NAME,
                "type": _NAME,
                "time": _TIME,
                "data": {},
                "data_base64": TEXT,
            },
            optional=["time", "data", "data_base64"],
        ),
        "description": "A CloudEvent; in binary mode its attributes are headers, and the body is its data",
    },
    "Modelmesh": _object({"id": _NAME, "kind": {"enum": ["request", "response"]}, "modelid": _NAME, "data": _NAME}),
    "Logged": _object(
        {"partialSuccess": _object({"rejectedLogRecords": TEXT, "errorMessage": TEXT})}, optional=["partialSuccess"]
    ),
    "Snapshot": {"type": "object", "description": "Schema 1; see snapshot.schema.json"},
    "Snapshots": _object({"snapshots": list_of({"type": "object"}), "next": _MAYBE_TEXT}),
    "DeadLetter": _object(
        {
            "id": TEXT,
            "queue": TEXT,
            "monitor": TEXT,
            "key": TEXT,
            "reason": TEXT,
            "attempts": _COUNT,
            "died": _TIME,
            "rows": _COUNT,
        }
    ),
    "DeadLetters": _object({"dead_letters": list_of(ref("DeadLetter"))}),
    "Replayed": _object({"replayed": TEXT}),
    "Status": _object({"status": TEXT}),
    "OpenApi": _object({"openapi": {"enum": ["3.1.0"]}, "info": {"type": "object"}, "paths": {"type": "object"}}),
    "Problem": {
        **_object(
            {
                "type": {"type": "string", "enum": [each.type for each in PROBLEMS]},
                "title": TEXT,
                "status": {"type": "integer"},
                "detail": TEXT,
            }
        ),
        "additionalProperties": True,
    },
}


def schemas() -> dict[str, Any]:
    """All of them, those of a monitor's settings among them."""
    settings = Monitor.model_json_schema(
        ref_template="#/components/schemas/{model}", schema_generator=SchemaWithDurations
    )
    settings["required"] = [name for name in settings["required"] if name != "id"]  # the address says it
    return {**_BODIES, **settings.pop("$defs", {}), "MonitorSettings": settings}
