"""The reference in: taken whole or not at all."""

import asyncio

from aiohttp import hdrs, web

from collector.receive.compression import decompress
from collector.receive.door import door_of, json_answer, monitor_of, read
from collector.receive.references.reference import Reference, from_body


async def put(request: web.Request) -> web.Response:
    """Replace the reference of a monitor; an equal one keeps its version."""
    door, monitor = door_of(request), monitor_of(request)
    body = await read(request)
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "identity")
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")

    def work() -> Reference:
        data = decompress(body, encoding, limit=door.settings.max_body_bytes)
        return from_body(monitor, data, content_type, door.reference_limits, door.judge.protection(monitor))

    async with door.large:
        found = await asyncio.to_thread(work)
    version = await door.intake.set_reference(monitor, found.parquet)
    return json_answer({"version": version, "rows": found.rows, "columns": list(found.columns)})
