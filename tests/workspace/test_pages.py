"""Rules of the pages that need no browser."""

import gzip
import re
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from collector.errors import Unavailable
from collector.workspace import pages
from collector.workspace.pages import MonitorView
from tests.browser.site import Source
from tests.render.samples import snapshot

Client = TestClient[web.Request, web.Application]
REPORTS = ("drift", "model", "stability")


class Down(Source):
    async def monitors(self) -> Sequence[MonitorView]:
        raise Unavailable("redis does not answer", retry_after_seconds=7)


async def serving(source: pages.PageSource) -> Client:
    app = web.Application()
    app.add_routes(pages.routes(source))
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    snapshots = [snapshot(report, day=day) for day in range(330) for report in REPORTS]
    client = await serving(Source(snapshots, [MonitorView("flight-delays", "Flight delays", {})]))
    yield client
    await client.close()


@pytest.mark.asyncio
async def test_a_year_of_three_reports_a_day_is_a_page_of_sane_size(client: Client) -> None:
    answer = await client.get("/monitors/flight-delays")
    body = await answer.read()
    assert answer.headers["Content-Encoding"] in ("gzip", "deflate")
    assert len(body) < 1_000_000
    assert body.count(b'class="cell ') >= 330


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/monitors/flight-delays", f"/snapshots/{snapshot('drift').id}"])
async def test_every_page_is_kept_to_itself_by_a_policy(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    text = await answer.text()
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", text)
    assert not re.findall(r"\son[a-z]+=", text)


@pytest.mark.asyncio
async def test_static_files_are_kept_for_ever_under_an_address_that_changes_with_them(client: Client) -> None:
    text = await (await client.get(f"/snapshots/{snapshot('drift').id}")).text()
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(addresses) == 4
    for address in addresses:
        answer = await client.get(address, headers={"Accept-Encoding": "gzip"}, auto_decompress=False)
        body = await answer.read()
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert gzip.decompress(body)
        plain = await client.get(address, headers={"Accept-Encoding": "identity"})
        assert await plain.read() == gzip.decompress(body)
        again = await client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["nope.js", "..%2Fhtml.py", "%2Fetc%2Fpasswd"])
async def test_no_other_file_is_served(client: Client, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status == 404


@pytest.mark.asyncio
async def test_unknown_things_are_404(client: Client) -> None:
    for path in ("/monitors/nope", "/snapshots/nope"):
        answer = await client.get(path)
        assert answer.status == 404
        assert "nope" in await answer.text()


@pytest.mark.asyncio
async def test_an_unknown_segment_shows_all_rows(client: Client) -> None:
    answer = await client.get("/monitors/flight-delays", params={"segment": "{bad"})
    assert answer.status == 200


@pytest.mark.asyncio
async def test_a_store_that_does_not_answer_is_503_with_a_page() -> None:
    client = await serving(Down([], []))
    answer = await client.get("/")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert "redis does not answer" in await answer.text()
    await client.close()
