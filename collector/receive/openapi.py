"""The OpenAPI 3.1 document and the page at `/docs`, both made from the table of routes: they cannot disagree with it."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from collector.monitor import Monitor
from collector.receive import decoders
from collector.receive.decoders import cloudevents, otlp
from collector.receive.problems import PROBLEMS, kind
from collector.receive.references.reference import ARROW, PARQUET
from collector.receive.route import Body, Parameter, Route

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}


def _object(properties: Mapping[str, object], *, optional: Sequence[str] = ()) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
    }


def _list(item: object) -> dict[str, object]:
    return {"type": "array", "items": item}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_MAYBE_TEXT = {"type": ["string", "null"]}
_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
_TYPED = _object({"type": _TEXT})
_ROW_NUMBER = {"type": ["integer", "null"]}
_ROW = {"type": "object", "additionalProperties": _SCALAR, "minProperties": 1}
_ERROR = _object({"row": _COUNT, "column": {"type": ["string", "null"]}, "reason": _TEXT})
SCHEMAS: Mapping[str, Mapping[str, object]] = {
    "Rows": {
        "description": "An array of rows, one row, or columns",
        "anyOf": [
            {**_list(_ROW), "minItems": 1},
            _ROW,
            _object({"columns": {"type": "object", "additionalProperties": _list(_SCALAR)}}),
        ],
    },
    "Labels": _list(
        _object(
            {
                "id": {"type": ["string", "integer"]},
                "target": {"type": ["string", "number", "boolean"]},
                "timestamp": {"type": ["string", "number", "null"]},
            },
            optional=["timestamp"],
        )
    ),
    "Receipt": _object(
        {"accepted": _COUNT, "rejected": _COUNT, "duplicates": _COUNT, "late": _COUNT, "errors": _list(_ERROR)}
    ),
    "EventsReceipt": _object(
        {
            **dict.fromkeys(("accepted", "rejected", "duplicates", "late"), _COUNT),
            "errors": _list(_object({"event": _COUNT, "row": _ROW_NUMBER, "column": _MAYBE_TEXT, "reason": _TEXT})),
            "events": {
                "type": "object",
                "additionalProperties": _COUNT,
                "description": "Events by what became of them",
            },
        }
    ),
    "Reference": _object({"version": _COUNT, "rows": _COUNT, "columns": _list(_TEXT)}),
    "Deleted": _object({"deleted": _TEXT, "dropped_rows": _COUNT}),
    "Flushed": _object({"windows": _list(_TEXT)}),
    "Monitor": {
        **_object({"id": _TEXT, "state": {"type": "object"}}),
        "description": "As configured (MonitorSettings), and its state beside",
    },
    "Monitors": _object({"monitors": _list(_ref("Monitor"))}),
    "Collector": {
        **_object(
            {"trigger": _TYPED, "report_config": {"type": "object"}, "project_id": _TEXT, "api_url": _MAYBE_TEXT},
            optional=["project_id", "api_url"],
        ),
        "description": "A CollectorConfig, as the retired client sends it",
    },
    "Frame": {
        "description": "DataFrame.to_dict(): an object per column, whose keys are the index",
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": _SCALAR},
    },
    "Logs": _list(_object({"type": _TEXT, "report_id": _TEXT, "ok": {"type": "boolean"}, "error": _TEXT})),
    "Event": {
        **_object(
            {
                "specversion": {"enum": ["1.0", "0.3"]},
                "id": _NAME,
                "source": _NAME,
                "type": _NAME,
                "time": _TIME,
                "data": {},
                "data_base64": _TEXT,
            },
            optional=["time", "data", "data_base64"],
        ),
        "description": "A CloudEvent; in binary mode its attributes are headers, and the body is its data",
    },
    "Modelmesh": _object({"id": _NAME, "kind": {"enum": ["request", "response"]}, "modelid": _NAME, "data": _NAME}),
    "Logged": _object(
        {"partialSuccess": _object({"rejectedLogRecords": _TEXT, "errorMessage": _TEXT})}, optional=["partialSuccess"]
    ),
    "Snapshot": {"type": "object", "description": "Schema 1; see snapshot.schema.json"},
    "Snapshots": _object({"snapshots": _list({"type": "object"}), "next": {"type": ["string", "null"]}}),
    "DeadLetter": _object(
        {
            "id": _TEXT,
            "queue": _TEXT,
            "monitor": _TEXT,
            "key": _TEXT,
            "reason": _TEXT,
            "attempts": _COUNT,
            "died": _TIME,
            "rows": _COUNT,
        }
    ),
    "DeadLetters": _object({"dead_letters": _list(_ref("DeadLetter"))}),
    "Replayed": _object({"replayed": _TEXT}),
    "Status": _object({"status": _TEXT}),
    "OpenApi": _object({"openapi": {"enum": ["3.1.0"]}, "info": {"type": "object"}, "paths": {"type": "object"}}),
    "Problem": {
        **_object(
            {
                "type": {"type": "string", "enum": [each.type for each in PROBLEMS]},
                "title": _TEXT,
                "status": {"type": "integer"},
                "detail": _TEXT,
            }
        ),
        "additionalProperties": True,
    },
}


def document(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inference collector", "version": version},
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **_monitor_schema()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", route.path)]),
        "parameters": [_path_parameter(name) for name in _names_in(route.path)]
        + [_parameter(each) for each in route.parameters],
        "responses": {str(status): _answer(schema) for status, schema in route.answers} | _problems(route),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    if route.scope is not None:
        operation["security"] = [{"key": [str(route.scope)]}, {}]
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    value = (
        {"content": {"application/json": {"schema": parameter.schema}}}
        if parameter.is_json
        else {"schema": parameter.schema}
    )
    return {"name": parameter.name, "in": parameter.place, "description": parameter.meaning, **value}


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def _answer(schema: str) -> dict[str, Any]:
    if not schema:
        return {"description": "Done"}
    if schema == "html":
        return {"description": "A page", "content": {"text/html": {"schema": _TEXT}}}
    if schema == "parquet":
        content = {"application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}}}
        return {"description": "Rows as Parquet", "content": content}
    if schema == "text":
        return {"description": "Text", "content": {"text/plain": {"schema": _TEXT}}}
    content = {"application/json": {"schema": _ref(schema)}}
    if schema == "Logged":
        content[otlp.PROTOBUF] = {}
    return {"description": schema, "content": content}


def _problems(route: Route) -> dict[str, Any]:
    """By status; what every route may answer is among them."""
    names = [*route.problems, "head-too-large", "unavailable", "internal"]
    names += ["unauthorized", "forbidden", "rate-limited", "overloaded"] if route.scope is not None else []
    names += ["too-slow"] if route.body is not None else []
    by_status: dict[int, list[str]] = {}
    for each in map(kind, names):
        by_status.setdefault(each.status, []).append(each.title)
    content: dict[str, Any] = {"application/problem+json": {"schema": _ref("Problem")}}
    if route.body == "logs":  # its senders read a google.rpc.Status, which has the problem beside
        content |= {otlp.JSON: {"schema": _ref("Problem")}, otlp.PROTOBUF: {}}
    return {
        str(status): {"description": "; ".join(titles), "content": content}
        for status, titles in sorted(by_status.items())
    }


def _content(body: Body) -> dict[str, Any]:
    if body == "monitor":
        return {"application/json": {"schema": _ref("MonitorSettings")}}
    if body in ("collector", "frame", "modelmesh"):
        return {"application/json": {"schema": _ref(body.capitalize())}}
    if body == "logs":
        return {otlp.PROTOBUF: {}, otlp.JSON: {"schema": {"type": "object"}}}
    if body == "events":
        one, many = f"{cloudevents.STRUCTURED}+json", f"{cloudevents.BATCH}+json"
        return {
            "application/json": {},
            one: {"schema": _ref("Event")},
            many: {"schema": {**_list(_ref("Event")), "minItems": 1}},
        } | {media: {} for media in cloudevents.LINES}
    schema = _ref("Labels" if body == "labels" else "Rows")
    media = list(decoders.DECODERS)
    if body == "reference":
        media += [each for each in (*PARQUET[:1], *ARROW) if each not in media]
    return {name: {"schema": schema if name == "application/json" else {}} for name in media}


def _monitor_schema() -> dict[str, Any]:
    schema = Monitor.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["required"] = [name for name in schema["required"] if name != "id"]  # the address says it
    return {**schema.pop("$defs", {}), "MonitorSettings": schema}


def page(routes: Sequence[Route]) -> str:
    """The routes for people: one HTML page, no script, no network."""
    rows = "\n".join(map(_row, routes))
    problems = "\n".join(
        f'<tr id="{escape(each.name)}"><td>{each.status}</td><td><code>{escape(each.type)}</code></td>'
        f"<td>{escape(each.title)}</td></tr>"
        for each in PROBLEMS
    )
    return _PAGE.format(rows=rows, problems=problems)


def _row(route: Route) -> str:
    details = [f"<p>{escape(_needs(route))}</p>"]
    if route.body is not None:
        media = ", ".join(f"<code>{escape(name)}</code>" for name in _content(route.body))
        details.append(f"<p>Body: {media}</p>")
    if route.parameters:
        items = "".join(
            f"<li><code>{escape(each.name)}</code> ({each.place}): {escape(each.meaning)}</li>"
            for each in route.parameters
        )
        details.append(f"<ul>{items}</ul>")
    answers = [f"<li><b>{status}</b> {escape(schema)}</li>" for status, schema in route.answers]
    answers += [
        f"<li><b>{status}</b> {escape(answer['description'])}</li>" for status, answer in _problems(route).items()
    ]
    return (
        f"<details><summary><b class={route.method.lower()}>{route.method}</b> <code>{escape(route.path)}</code> "
        f"<span>{escape(route.summary)}</span></summary>{''.join(details)}<ul>{''.join(answers)}</ul></details>"
    )


def _needs(route: Route) -> str:
    if route.scope is None:
        return "Open."
    return f"With keys: scope {route.scope}{f' or {route.also}' if route.also else ''}."


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Inference collector: HTTP API</title>
<meta name="viewport" content="width=device-width"><style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430 }}
details {{ border: 1px solid #d8dde6; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }}
summary {{ cursor: pointer }} summary span {{ color: #5a6577 }} summary b {{ display: inline-block; min-width: 4.5rem }}
.get {{ color: #0b6b3a }} .post {{ color: #8a4b00 }} .put {{ color: #1f4fb2 }} .delete {{ color: #a4161a }}
td {{ padding: .15rem 1rem .15rem 0 }}
</style></head><body>
<h1>HTTP API</h1>
<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
{rows}
<h2>Problems</h2>
<p>Every error is <code>application/problem+json</code> with one of these types, a sentence in <code>detail</code>,
and the place of the fault where there is one.</p>
<table>{problems}</table>
</body></html>
"""
