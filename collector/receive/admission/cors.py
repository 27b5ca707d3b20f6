"""Which pages of other origins a browser lets read our answers: none, unless the settings name them.

Keys travel in a header that a page has to set itself, never as a cookie. So `Access-Control-Allow-Credentials` is
never sent, and `*` is as safe as a list of origins. What changes or deletes things is for no page of another origin.
"""

from collections.abc import Sequence

from aiohttp import hdrs, web

_REQUEST_HEADERS = (
    "Authorization, Content-Type, Content-Encoding, Idempotency-Key, ce-id, ce-source, ce-specversion, ce-type, ce-time"
)
_REMEMBERED_SECONDS = "600"
_ANY = "*"


class Cors:
    """What the settings allow. Without origins it changes no answer."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)
        self.is_on = bool(self._origins)

    def allowed(self, request: web.Request) -> str | None:
        """What to allow the page that this request comes from; None: nothing."""
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return None
        if _ANY in self._origins:
            return _ANY
        return origin if origin in self._origins else None

    def tell(self, request: web.Request, answer: web.StreamResponse, *, shared: bool) -> None:
        """Say in the answer who may read it; `shared`: its route is one for pages of other origins."""
        if not self.is_on or answer.prepared:
            return
        answer.headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = self.allowed(request) if shared else None
        if origin is not None:
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            answer.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER

    def preflight(self, request: web.Request, methods: Sequence[str]) -> web.Response:
        """The answer to a browser that asks before it sends; `methods` are those that pages may use here."""
        answer = web.Response(status=204)
        self.tell(request, answer, shared=bool(methods))
        if hdrs.ACCESS_CONTROL_ALLOW_ORIGIN in answer.headers:
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(methods)
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _REQUEST_HEADERS
            answer.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _REMEMBERED_SECONDS
        return answer


def is_preflight(request: web.Request) -> bool:
    headers = request.headers
    return (
        request.method == hdrs.METH_OPTIONS and hdrs.ORIGIN in headers and hdrs.ACCESS_CONTROL_REQUEST_METHOD in headers
    )
