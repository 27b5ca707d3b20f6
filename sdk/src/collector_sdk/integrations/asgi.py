"""ASGI middleware: the JSON that a route takes and answers becomes inferences.

Bodies are copied as they pass, and read only after the answer has been sent; what the model server sees and sends is
not touched.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from collector_sdk.base import BaseCollector
from collector_sdk.values import loads

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One inference found in a request and its answer."""

    features: Mapping[str, object]
    prediction: object = None
    id: object = None


Extract = Callable[[Any, Any, Mapping[str, str]], Iterable[Seen]]
"""(request JSON, answer JSON, request headers in lower case) -> inferences."""


def object_and_prediction(request: Any, answer: Any, headers: Mapping[str, str]) -> Iterable[Seen]:
    """The default: an object of features, or a list of them; an answer `{"prediction": ..}`, a list, or a value.

    The id is the request's `id`, else the `x-request-id` header, with the index of the row when there are several.
    """
    rows = request if isinstance(request, list) else [request]
    said = answer
    if isinstance(answer, Mapping):
        said = next((answer[name] for name in ("prediction", "predictions") if name in answer), None)
    predictions = said if isinstance(request, list) and isinstance(said, list) else [said] * len(rows)
    for index, (row, prediction) in enumerate(zip(rows, predictions, strict=True)):
        features = dict(row)
        name = features.pop("id", None)
        if name is None and "x-request-id" in headers:
            name = headers["x-request-id"] + (f"-{index}" if len(rows) > 1 else "")
        yield Seen(features, prediction, name)


class CollectorMiddleware:
    """Wraps an ASGI application. Only successful answers (2xx) of POST requests to `paths` are logged. Where the
    application is mounted, or has a root path, they may be given with that or without.

    A request or an answer larger than `max_body_bytes`, or one that `extract` cannot read, is counted as
    dropped{invalid}, and changes nothing for the client.
    """

    def __init__(
        self,
        app: App,
        *,
        collector: BaseCollector,
        paths: Iterable[str] = ("/predict",),
        extract: Extract = object_and_prediction,
        max_body_bytes: int = 1024 * 1024,
    ) -> None:
        self._app = app
        self._collector = collector
        self._paths = frozenset(paths)
        self._extract = extract
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or self._paths.isdisjoint(_paths_of(scope)):
            await self._app(scope, receive, send)
            return
        request, answer = _Copy(self._max_body_bytes), _Copy(self._max_body_bytes)
        status = 0

        async def receive_and_copy() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                request.add(message.get("body", b""))
            return message

        async def send_and_copy(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                answer.add(message.get("body", b""))
            await send(message)

        await self._app(scope, receive_and_copy, send_and_copy)
        if 200 <= status < 300:
            self._log(request, answer, scope.get("headers", ()))

    def _log(self, request: "_Copy", answer: "_Copy", headers: Iterable[tuple[bytes, bytes]]) -> None:
        try:
            named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
            for seen in self._extract(loads(request.whole()), loads(answer.whole()), named):
                self._collector.log(seen.features, prediction=seen.prediction, id=seen.id)
        except Exception as error:  # noqa: BLE001 - the client has its answer; what it holds is not our concern
            self._collector.refuse(f"CollectorMiddleware: {type(error).__name__}: {error}")


def _paths_of(scope: Any) -> tuple[str, str]:
    """As the server has it, and as the application knows it: without the path where it is mounted."""
    path = str(scope["path"])
    return path, path.removeprefix(str(scope.get("root_path") or "").rstrip("/"))


class _Copy:
    """A body as it passes, up to a size."""

    def __init__(self, max_bytes: int) -> None:
        self._parts: list[bytes] = []
        self._left = max_bytes

    def add(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left >= 0:
            self._parts.append(part)
        else:
            self._parts.clear()

    def whole(self) -> bytes:
        if self._left < 0:
            raise ValueError("the body is larger than max_body_bytes")
        return b"".join(self._parts)
