"""Rules of the webhook."""

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from aiohttp import web
from pydantic import SecretStr

from collector.errors import Permanent, Transient
from collector.forward import build
from collector.forward.webhook import SIGNATURE
from collector.monitor import WebhookDestination
from collector.ports import Destination
from tests.render.samples import snapshot

SECRET = "s3cret"  # noqa: S105 - this test's own


@dataclass
class Hook:
    """Keeps what it gets, and answers what it is told."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def post(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers, text=self.answer)


@asynccontextmanager
async def hooked(hook: Hook, *, secret: str | None = None, path: str = "/hook") -> AsyncIterator[Destination]:
    app = web.Application(client_max_size=50_000_000)
    app.add_routes([web.post("/hook", hook.post)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    settings = WebhookDestination(
        type="webhook", url=f"http://{host}:{port}{path}", secret=SecretStr(secret) if secret else None
    )
    destination = build("hook", settings)
    try:
        yield destination
    finally:
        await destination.close()
        await runner.cleanup()


@pytest.mark.asyncio
async def test_the_snapshots_json_arrives_as_it_is() -> None:
    hook = Hook(status=204)
    async with hooked(hook) as destination:
        await destination.deliver(snapshot().json())
    ((headers, body),) = hook.got
    assert orjson.loads(body) == orjson.loads(snapshot().json())
    assert headers["Content-Type"] == "application/json"
    assert SIGNATURE not in headers


@pytest.mark.asyncio
async def test_rows_never_go_to_a_hook() -> None:
    hook = Hook()
    async with hooked(hook) as destination:
        await destination.deliver(snapshot().json(), b"rows that nobody else may see")
    ((_, body),) = hook.got
    assert body == snapshot().json()


@pytest.mark.asyncio
async def test_a_repeat_has_the_same_key_and_a_new_revision_another() -> None:
    hook = Hook()
    async with hooked(hook) as destination:
        for revision in (1, 1, 2):
            await destination.deliver(snapshot(revision=revision).json())
    first, second, third = (headers["Idempotency-Key"] for headers, _ in hook.got)
    assert first == second == f"{snapshot().id}/1"
    assert third == f"{snapshot().id}/2"


@pytest.mark.asyncio
async def test_with_a_secret_the_body_is_signed() -> None:
    hook = Hook()
    async with hooked(hook, secret=SECRET) as destination:
        await destination.deliver(snapshot().json())
    ((headers, body),) = hook.got
    assert headers[SIGNATURE] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 520, 530])
async def test_what_may_pass_is_transient(status: int) -> None:
    async with hooked(Hook(status=status)) as destination:
        with pytest.raises(Transient, match=str(status)):
            await destination.deliver(snapshot().json())


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 501, 505])
async def test_what_never_will_is_permanent_with_the_answers_reason(status: int) -> None:
    async with hooked(Hook(status=status, answer="no such channel")) as destination:
        with pytest.raises(Permanent, match=f"{status}.*no such channel"):
            await destination.deliver(snapshot().json())


@pytest.mark.asyncio
async def test_a_redirect_is_no_delivery() -> None:
    hook = Hook(status=302, headers={"Location": "/elsewhere"})
    async with hooked(hook) as destination:
        with pytest.raises(Permanent, match="redirects"):
            await destination.deliver(snapshot().json())
    assert len(hook.got) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("1e9", 3600), ("soon", None), ("-3", None), ("nan", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
async def test_retry_after_is_honoured_within_reason(value: str, seconds: float | None) -> None:
    async with hooked(Hook(status=429, headers={"Retry-After": value})) as destination:
        with pytest.raises(Transient) as caught:
            await destination.deliver(snapshot().json())
    assert caught.value.retry_after_seconds == seconds


@pytest.mark.asyncio
async def test_nobody_at_the_address_is_transient_and_the_address_stays_secret() -> None:
    destination = build("hook", WebhookDestination(type="webhook", url="http://127.0.0.1:9/hook?token=hunter2"))
    with pytest.raises(Transient, match="'hook' cannot be reached") as caught:
        await destination.deliver(snapshot().json())
    assert "hunter2" not in str(caught.value)
    await destination.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["not an address hunter2", "ftp://hunter2", "http://"])
async def test_an_address_that_is_none_is_permanent(url: str) -> None:
    destination = build("hook", WebhookDestination(type="webhook", url=url))
    with pytest.raises(Permanent, match="not an address") as caught:
        await destination.deliver(snapshot().json())
    assert "hunter2" not in str(caught.value)
    await destination.close()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Destination]:
    """A hook that says these bytes to each request, and then nothing more without ending the connection."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    destination = build("hook", WebhookDestination(type="webhook", url=f"http://127.0.0.1:{port}/hook-s3cret"))
    try:
        yield destination
    finally:
        await destination.close()
        done.set()
        server.close()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OK + b"Content-Length: 1000\r\n\r\nbeg", id="a body that never ends"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", id="a body that never begins"),
        pytest.param(OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", id="no gzip"),
    ],
)
async def test_a_yes_is_one_whatever_follows_it(answer: bytes) -> None:
    async with answering(answer) as destination, asyncio.timeout(10):
        await destination.deliver(snapshot().json())


@pytest.mark.asyncio
async def test_a_packed_answer_is_not_unpacked() -> None:
    """Two kilobytes may be a gigabyte."""
    packed = gzip.compress(bytes(2_000_000))
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with answering(head + packed) as destination:
        with pytest.raises(Permanent, match=r"answered 400 Bad$"):
            await destination.deliver(snapshot().json())


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [b"no HTTP at all\r\n\r\n", OK + b"X: 1\r\n" * 2_000 + b"\r\n"])
async def test_an_answer_that_cannot_be_read_is_transient_and_the_address_stays_secret(answer: bytes) -> None:
    async with answering(answer) as destination:
        with pytest.raises(Transient, match="cannot be read") as caught:
            await destination.deliver(snapshot().json())
    assert "s3cret" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_large_snapshot_is_sent_whole() -> None:
    hook = Hook()
    large = snapshot(tags=["x" * 3_000_000])
    async with hooked(hook) as destination:
        await destination.deliver(large.json())
    assert hook.got[0][1] == large.json()


@pytest.mark.asyncio
async def test_closing_twice_and_before_the_first_delivery_is_fine() -> None:
    destination = build("hook", WebhookDestination(type="webhook", url="http://127.0.0.1:9"))
    await destination.close()
    await destination.close()
