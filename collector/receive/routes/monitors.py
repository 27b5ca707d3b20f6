"""Monitors: what is watched, how it stands, and changing it."""

import asyncio

from aiohttp import web

from collector.config import load_monitor
from collector.errors import Invalid
from collector.monitor import Monitor
from collector.receive.door import Door, door_of, grant_of, json_answer, json_body, monitor_of, read
from collector.receive.words import shown


async def list_all(request: web.Request) -> web.Response:
    """All monitors that the key may see."""
    door, grant = door_of(request), grant_of(request)
    seen = [await _shown(door, monitor) for monitor in door.monitors.all() if grant.covers(monitor.id)]
    return json_answer({"monitors": seen})


async def get(request: web.Request) -> web.Response:
    return json_answer(await _shown(door_of(request), monitor_of(request)))


async def put(request: web.Request) -> web.Response:
    """Create or replace; every replica follows."""
    door, name = door_of(request), request.match_info["monitor"]
    document = await json_body(request)
    if isinstance(document, dict):
        document.pop("state", None)  # what GET answers may be put back
        given = document.setdefault("id", name)
        if given != name:
            raise Invalid(f"the body's id is {shown(given)}, the address names {name!r}: expected the same", key="id")
    monitor = await asyncio.to_thread(
        load_monitor, document
    )  # whatever is wrong is told with what was meant: that takes time
    new = await door.monitors.put(monitor)
    return json_answer(await _shown(door, monitor), status=201 if new else 200)


async def delete(request: web.Request) -> web.Response:
    """The monitor goes, and all that is kept of it: rows, snapshots, dead letters, its reference."""
    door, name = door_of(request), request.match_info["monitor"]
    dropped = await door.monitors.delete(name)
    door.judge.forget(name)
    return json_answer({"deleted": name, "dropped_rows": dropped})


async def flush(request: web.Request) -> web.Response:
    """Close the open windows now."""
    if request.can_read_body and (await read(request)).strip() not in (b"", b"{}", b"null"):
        raise Invalid("flush takes no body")
    windows = await door_of(request).intake.flush(monitor_of(request))
    return json_answer({"windows": list(windows)}, status=202)


async def _shown(door: Door, monitor: Monitor) -> dict[str, object]:
    """As configured, and its state beside. A monitor has no secrets: destinations do, and it only names them."""
    configured = monitor.model_dump(mode="json", exclude_defaults=True)
    return {**configured, "state": await door.monitors.describe(monitor)}
