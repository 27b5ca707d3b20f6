"""One route as data: what serves it, who may use it, and what its documentation says."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from collector.receive.admission.keys import Scope

RESERVED = ("livez", "readyz", "metrics", "docs", "openapi.json", "cloudevents", "consumer", "v1", "static", "monitors",
            "snapshots")  # fmt: skip
"""First parts of this service's own addresses: nothing of the retired collector's has such a name."""
_RETIRED = re.compile(r"^/\{monitor\}")
_FREE = f"/{{monitor:(?!(?:{'|'.join(map(re.escape, RESERVED))})(?:/|$))[^/]+}}"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = Literal["rows", "labels", "reference", "monitor", "events", "collector", "frame", "logs", "modelmesh"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header, as its documentation shows it."""

    name: str
    meaning: str
    place: Literal["query", "header"] = "query"
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    is_json: bool = False
    """Its value is JSON, as text."""


@dataclass(frozen=True, slots=True)
class Route:
    """`scope` None: open to everybody; `also` is a second scope that opens it.

    `answers` names the schema of each good status, `problems` the bad kinds that are particular to this route; what any
    route may answer (keys, faults of ours) is added by the document.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope | None
    summary: str
    answers: Sequence[tuple[int, str]]
    problems: Sequence[str] = ()
    body: Body | None = None
    parameters: Sequence[Parameter] = ()
    also: Scope | None = None

    @property
    def pattern(self) -> str:
        """The path as the router needs it."""
        return _RETIRED.sub(lambda _: _FREE, self.path)
