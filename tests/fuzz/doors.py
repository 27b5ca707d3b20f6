"""Every door of the service: what is asked of it, and where the answer to bad input must come from.

A door is an address and what its senders say about their bodies. The corpus has a folder for each.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MONITORS = (
    {"id": "open"},
    {
        "id": "closed",
        "columns": {
            "id": "id", "timestamp": "time", "target": "late", "prediction": "score", "task": "regression",
            "numerical_features": ["distance", "departure_delay"], "categorical_features": ["carrier"],
            "text_features": ["note"],
        },
    },
    {
        "id": "asked",
        "columns": {"id": "id", "timestamp": "time", "numerical_features": ["distance", "departure_delay"]},
        "source": {"events": "request", "component": None},
    },
    {
        "id": "hidden",
        "columns": {"id": "id", "timestamp": "time", "categorical_features": ["carrier"]},
        "privacy": {"drop": ["distance"], "hash": ["carrier", "id"], "mask": ["note"]},
    },
    {"id": "answered", "columns": {"id": "id", "prediction": ["score", "other"]}, "source": {"events": "response"}},
)  # fmt: skip
CONFIG = json.dumps({"monitors": [{"window": {"every": "1d"}, "reports": [], **each} for each in MONITORS]})


@dataclass(frozen=True)
class Door:
    """`addresses` are asked one after another. `head`: the corpus' files begin with header lines and a blank line.

    `in_address`: they stand at the end of the address. `wrap` is what senders put around the fuzzed bytes; `then` is asked afterwards, and must be answered as before.
    """

    addresses: tuple[str, ...]
    content_type: str = "application/json"
    method: str = "POST"
    encoding: str | None = None
    event: str | None = None
    head: bool = False
    in_address: bool = False
    wrap: Callable[[bytes], bytes] = bytes
    then: tuple[str, ...] = ()

    def request(self, address: str, data: bytes) -> tuple[bytes, bytes]:
        """The head without the body's length, and the body."""
        if self.in_address:
            begin = f"{self.method} {address}".encode() + _NOT_IN_ADDRESSES.sub(b"", data)
            return begin + b" HTTP/1.1\r\nHost: collector", b""
        lines = [f"{self.method} {address} HTTP/1.1", "Host: collector"]
        if self.encoding is not None:
            lines.append(f"Content-Encoding: {self.encoding}")
        if self.event is not None:
            lines += ["ce-specversion: 1.0", "ce-id: 1", "ce-source: closed", f"ce-type: {self.event}"]
        given = b""
        if self.head:
            given, _, data = data.partition(b"\n\n")
        else:
            lines.append(f"Content-Type: {self.content_type}")
        return b"\r\n".join(["\r\n".join(lines).encode(), *given.split(b"\n")]).rstrip(b"\r\n"), self.wrap(data)


_NOT_IN_ADDRESSES = re.compile(rb"[\x00-\x20]")


def _logged_by_modelmesh(kind: str) -> Callable[[bytes], bytes]:
    def wrap(message: bytes) -> bytes:
        data = base64.b64encode(message).decode()
        return json.dumps({"id": "1", "modelid": "asked__isvc-0", "kind": kind, "data": data}).encode()

    return wrap


_ROWS = tuple(f"/v1/monitors/{name}/inferences" for name in ("open", "closed", "hidden"))
_LABELS = ("/v1/monitors/open/labels", "/v1/monitors/closed/labels")
_REFERENCES = tuple(f"/v1/monitors/{name}/reference" for name in ("open", "closed", "hidden"))
_KSERVE = "org.kubeflow.serving.inference"
DOORS: Mapping[str, Door] = {
    "rows-json": Door(_ROWS),
    "rows-ndjson": Door(_ROWS, "application/x-ndjson"),
    "rows-arrow": Door(_ROWS, "application/vnd.apache.arrow.stream"),
    "rows-csv": Door(_ROWS, "text/csv"),
    "rows-gzip": Door(_ROWS, encoding="gzip"),
    "rows-deflate": Door(_ROWS, encoding="deflate"),
    "rows-zstd": Door(_ROWS, encoding="zstd"),
    "labels-json": Door(_LABELS),
    "labels-arrow": Door(_LABELS, "application/vnd.apache.arrow.stream"),
    "reference-json": Door(_REFERENCES, method="PUT"),
    "reference-csv": Door(_REFERENCES, "text/csv", "PUT"),
    "reference-arrow": Door(_REFERENCES, "application/vnd.apache.arrow.stream", "PUT"),
    "reference-parquet": Door(_REFERENCES, "application/vnd.apache.parquet", "PUT"),
    "events-binary": Door(("/", "/cloudevents/closed"), head=True),
    "events-structured": Door(("/", "/cloudevents/closed"), "application/cloudevents+json"),
    "events-batch": Door(("/", "/cloudevents/closed"), "application/cloudevents-batch+json"),
    "events-lines": Door(("/", "/cloudevents/closed"), "application/jsonl"),
    "model-request": Door(("/cloudevents/asked",), event=f"{_KSERVE}.request"),
    "model-response": Door(("/cloudevents/answered",), event=f"{_KSERVE}.response"),
    "feedback": Door(("/cloudevents/closed",), event="io.seldon.serving.feedback"),
    "modelmesh": Door(("/consumer/kserve/v2",)),
    "grpc-request": Door(("/consumer/kserve/v2",), wrap=_logged_by_modelmesh("request")),
    "grpc-response": Door(("/consumer/kserve/v2",), wrap=_logged_by_modelmesh("response")),
    "otlp-protobuf": Door(("/v1/logs/closed", "/v1/logs"), "application/x-protobuf"),
    "otlp-json": Door(("/v1/logs/closed", "/v1/logs")),
    "retired-collector": Door(("/made",), then=("/made", "/v1/monitors/made", "/v1/monitors")),
    "retired-frame": Door(("/open/data", "/closed/data", "/closed/reference")),
    "query": Door(("/v1/snapshots?", "/v1/dead-letters?"), method="GET", in_address=True),
    "address": Door(("/", "/v1/monitors/", "/v1/snapshots/", "/v1/dead-letters/"), method="GET", in_address=True),
    "monitor": Door(("/v1/monitors/made",), method="PUT", then=("/v1/monitors/made", "/v1/monitors")),
}
