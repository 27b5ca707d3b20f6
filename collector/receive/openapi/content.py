"""Which content types carry a request's body, an answer and a problem."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.receive.decoders import DECODERS, cloudevents, otlp
from collector.receive.openapi.schemas import TEXT, list_of, ref
from collector.receive.problems import kind
from collector.receive.references.reference import ARROW, PARQUET
from collector.receive.route import Body, Route

Content = Mapping[str, Mapping[str, object]]
"""By content type: how its schema looks, where JSON can say it."""


def _json(schema: str) -> Content:
    return {"application/json": {"schema": ref(schema)}}


def _decoded(schema: str, media: Sequence[str] = ()) -> Content:
    """Whatever there is a decoder for, and some more; the schema speaks of JSON."""
    return {**{name: {"schema": {}} for name in (*DECODERS, *media)}, **_json(schema)}


REQUESTS: Mapping[Body, Content] = {
    "rows": _decoded("Rows"),
    "labels": _decoded("Labels"),
    "reference": _decoded("Rows", (PARQUET[0], *ARROW)),
    "monitor": _json("MonitorSettings"),
    "collector": _json("Collector"),
    "frame": _json("Frame"),
    "modelmesh": _json("Modelmesh"),
    "logs": {otlp.PROTOBUF: {}, otlp.JSON: {"schema": {"type": "object"}}},
    "events": {
        "application/json": {},
        f"{cloudevents.STRUCTURED}+json": {"schema": ref("Event")},
        f"{cloudevents.BATCH}+json": {"schema": {**list_of(ref("Event")), "minItems": 1}},
        **{media: {} for media in cloudevents.LINES},
    },
}
_ANSWERS: Mapping[str, Mapping[str, object]] = {
    "": {"description": "Done"},
    "html": {"description": "A page", "content": {"text/html": {"schema": TEXT}}},
    "parquet": {
        "description": "Rows as Parquet",
        "content": {PARQUET[0]: {"schema": {"type": "string", "format": "binary"}}},
    },
    "text": {"description": "Text", "content": {"text/plain": {"schema": TEXT}}},
    "Logged": {"description": "Logged", "content": {**_json("Logged"), otlp.PROTOBUF: {}}},
}
"""Those that are not, or not only, JSON of the schema that they name."""


def answer(schema: str) -> Mapping[str, object]:
    """A good answer, by what its route calls it."""
    return _ANSWERS.get(schema) or {"description": schema, "content": _json(schema)}


def problems(route: Route) -> dict[str, Any]:
    """The bad answers by status; what every route may answer is among them."""
    names = [*route.problems, "head-too-large", "unavailable", "internal"]
    names += ["unauthorized", "forbidden", "rate-limited", "overloaded"] if route.scope is not None else []
    names += ["too-slow"] if route.body is not None else []
    by_status: dict[int, list[str]] = {}
    for each in map(kind, names):
        by_status.setdefault(each.status, []).append(each.title)
    content: dict[str, Any] = {"application/problem+json": {"schema": ref("Problem")}}
    if route.body == "logs":  # its senders read a google.rpc.Status, which has the problem beside
        content |= {otlp.JSON: {"schema": ref("Problem")}, otlp.PROTOBUF: {}}
    return {
        str(status): {"description": "; ".join(titles), "content": content}
        for status, titles in sorted(by_status.items())
    }
