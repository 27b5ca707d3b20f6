"""One route as data: what serves it, who may use it, and what its documentation says."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from collector.receive.keys import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = Literal["rows", "labels", "reference", "monitor", "events", "collector", "frame", "logs", "modelmesh"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or header, as its documentation shows it."""

    name: str
    meaning: str
    place: Literal["query", "header"] = "query"
    type: Literal["string", "integer", "boolean"] = "string"


@dataclass(frozen=True, slots=True)
class Route:
    """`scope` None: open to everybody; `also` is a second scope that opens it. `answers` names the schema of each good status, `problems` the bad kinds that
    are particular to this route; what any route may answer (keys, faults of ours) is added by the document.
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
