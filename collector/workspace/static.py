"""The pages' own files: styles, scripts, plotly. Served from memory, compressed once, kept by browsers for ever."""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from collector.render import html

FILES = ("widgets.css", "pages.css", "widgets.js", "plotly.min.js")
_TYPES = {"css": "text/css", "js": "text/javascript"}
_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes
    digest: str


@cache
def _file(name: str) -> _File:
    source = html.plotly_js() if name == "plotly.min.js" else html.asset(name)
    body = source.encode()
    return _File(body, gzip.compress(body, 6, mtime=0), hashlib.blake2b(body, digest_size=8).hexdigest())


def address(name: str) -> str:
    """The address of a static file changes with its content, so that browsers may keep it for ever."""
    return f"/static/{name}?{_file(name).digest}"


async def serve(request: web.Request) -> web.StreamResponse:
    """`GET /static/{name}`."""
    name = request.match_info["name"]
    if name not in FILES:
        raise web.HTTPNotFound(text=f"There is no file {name!r} here.")
    file = await asyncio.to_thread(_file, name)
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable",
        "ETag": f'"{file.digest}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if file.digest in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    zipped = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    body = file.zipped if zipped else file.body
    headers |= {"Content-Encoding": "gzip"} if zipped else {}
    return web.Response(body=body, content_type=_TYPES[name.rsplit(".", 1)[-1]], charset="utf-8", headers=headers)
