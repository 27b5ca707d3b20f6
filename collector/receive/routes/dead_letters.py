"""Dead letters: what was set aside, why, and putting it back."""

from aiohttp import web

from collector.model import DeadLetter, MonitorId
from collector.receive.door import door_of, grant_of, json_answer
from collector.receive.problems import Forbidden, NotFound
from collector.snapshot import iso


async def list_all(request: web.Request) -> web.Response:
    monitor = request.query.get("monitor")
    grant = grant_of(request)
    if monitor is not None:
        grant.require(monitor)
    elif grant.monitors is not None:
        raise Forbidden(f"the key {grant.name!r} is for some monitors only: name one with ?monitor=")
    letters = await door_of(request).buffer.dead_letters.list(None if monitor is None else MonitorId(monitor))
    return json_answer({"dead_letters": [_shown(letter) for letter in letters]})


async def get(request: web.Request) -> web.Response:
    return json_answer(_shown(await _letter(request)))


async def replay(request: web.Request) -> web.Response:
    """Put it back with fresh attempts."""
    door, letter = door_of(request), await _letter(request)
    if not await door.buffer.dead_letters.replay(letter.id, now_us=door.clock.now_us()):
        raise _not_found(letter.id)
    return json_answer({"replayed": letter.id}, status=202)


async def delete(request: web.Request) -> web.Response:
    """Drop it on purpose; its rows are counted as dropped."""
    letter = await _letter(request)
    if not await door_of(request).buffer.dead_letters.delete(letter.id):
        raise _not_found(letter.id)
    return web.Response(status=204)


async def _letter(request: web.Request) -> DeadLetter:
    """Raises NotFound, Forbidden."""
    name = request.match_info["letter"]
    letter = await door_of(request).buffer.dead_letters.get(name)
    if letter is None:
        raise _not_found(name)
    grant_of(request).require(letter.monitor)
    return letter


def _not_found(letter: str) -> NotFound:
    return NotFound(f"there is no dead letter {letter!r}", dead_letter=letter)


def _shown(letter: DeadLetter) -> dict[str, object]:
    """Without the payload: it may hold what only the worker and the destination should see."""
    return {
        "id": letter.id,
        "queue": letter.queue,
        "monitor": letter.monitor,
        "key": letter.key,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "died": iso(letter.died_us),
        "rows": letter.rows,
    }
