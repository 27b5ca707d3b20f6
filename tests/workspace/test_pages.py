"""Rules of the pages that need no browser."""

import gzip
import html
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
from tests.render.samples import arms, snapshot

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


def links(text: str, label: str) -> dict[str, str]:
    """Names and addresses of the links of one navigation."""
    (nav,) = re.findall(rf'<nav[^>]*aria-label="{label}">(.*?)</nav>', text, re.DOTALL) or [""]
    return {
        html.unescape(name): html.unescape(href) for href, name in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)', nav)
    }


@pytest.mark.asyncio
async def test_a_tag_leaves_the_snapshots_that_carry_it() -> None:
    """Two monitors share a project; each page knows its own arms only."""
    names = ("flights", "fares")
    snapshots = [each for name in names for day in range(3) for each in arms(day=day, monitor=name)]
    client = await serving(Source(snapshots, [MonitorView(name, "Flight delays", {}) for name in names]))
    text = await (await client.get("/monitors/fares")).text()
    assert list(links(text, "Segments")) == [
        "all rows", "model_version: challenger", "model_version: champion", "model_version: challenger vs champion",
    ]  # fmt: skip
    tags = links(text, "Tags")
    assert list(tags) == [
        "all",
        "challenger",
        "champion",
        "vs champion",
        "vs reference",
    ]  # prod tells nothing: all have it
    filtered = await (await client.get(tags["vs champion"])).text()
    shown = set(re.findall(r'href="/snapshots/([^"]+)"', filtered))
    assert shown == {arms(day=day, monitor="fares")[3].id for day in range(3)}
    assert links(filtered, "Segments") == {}  # one is left
    both = await (await client.get(tags["vs reference"])).text()
    address = links(both, "Segments")["model_version: challenger"]
    assert "tag=vs+reference" in address
    shown = set(re.findall(r'href="/snapshots/([^"]+)"', await (await client.get(address)).text()))
    assert shown == {arms(day=day, monitor="fares")[2].id for day in range(3)}
    unknown = await (await client.get("/monitors/fares", params={"tag": "nobody"})).text()
    assert len(set(re.findall(r'href="/snapshots/([^"]+)"', unknown))) == 3
    await client.close()


@pytest.mark.asyncio
async def test_a_store_that_does_not_answer_is_503_with_a_page() -> None:
    client = await serving(Down([], []))
    answer = await client.get("/")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert "redis does not answer" in await answer.text()
    await client.close()
