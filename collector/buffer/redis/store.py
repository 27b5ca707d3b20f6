"""The connection to Redis: scripts by name, several of them in one round trip, errors in our words.

Nothing is repeated here on a lost connection: whether the server did it is not known, and only the caller knows
whether a repeat is harmless. The one exception is a script that the server has forgotten: it did nothing.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis import exceptions as redis_errors

from collector.buffer.redis import link
from collector.buffer.redis.address import Kind, parse
from collector.buffer.redis.connect import connect
from collector.buffer.redis.facts import Facts, facts_of
from collector.buffer.redis.faults import REDIS_ERRORS, translated, unavailable
from collector.buffer.redis.gate import Gate
from collector.buffer.redis.keys import COMMON, LAYOUT, LAYOUT_VERSION, PING
from collector.buffer.redis.link import Argument, Command, Link
from collector.errors import Invalid, Unavailable

CONNECT_SECONDS = 3.0
"""A server that takes longer to accept is as good as down; the sender waits for us meanwhile."""
ANSWER_SECONDS = 10.0
"""Much longer than any script takes: a disk that is slow to write the append-only file may hold it up."""
MAX_CONNECTIONS = 64
"""Per process and server; more callers than that wait for a free one."""
MIN_REDIS = (7, 0)
"""Scripts declare flags (`allow-oom`, `no-writes`)."""
NEEDED_RIGHTS = "~collector:* +@read +@write +@scripting +@connection +info +cluster|slots +cluster|shards"
"""What an ACL user needs; without `info` it works too, but cannot say what rows survive."""

_MISTAKES = (
    ("Error compiling script", "Redis 7.0 or later is needed, this server does not know its scripts"),
    ("DB index is out of range", "this Redis has no database of that number"),
    ("cluster support disabled", "this Redis is no node of a cluster: expected redis://HOST:PORT"),
    ("unknown command 'SENTINEL'", "this is a Redis and no Sentinel: expected redis://HOST:PORT, or a Sentinel's port"),
)
"""What Redis says of an address that will not become right by waiting, and that in our words."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A script to run: its name, keys (all of one hash tag) and arguments."""

    script: str
    keys: Sequence[str]
    arguments: Sequence[Argument]


@dataclass(frozen=True, slots=True)
class _Script:
    source: str
    sha: str


def _load_scripts() -> dict[str, _Script]:
    folder = files("collector.buffer.redis") / "scripts"
    library = (folder / "lib.lua").read_text()
    scripts = {}
    for file in folder.iterdir():
        name = file.name.removesuffix(".lua")
        if name != "lib" and file.name.endswith(".lua"):
            shebang, deed = file.read_text().split("\n", 1)
            source = f"{shebang}\n{library}\n{deed}"
            scripts[name] = _Script(source, sha1(source.encode()).hexdigest())  # noqa: S324 - Redis' own name for it
    return scripts


class Store:
    """Redis behind one URL. Every method raises Unavailable."""

    def __init__(self, url: str) -> None:
        self._address = parse(url)
        self._scripts = _load_scripts()
        self._link: Link | None = None
        self._gates: defaultdict[str, Gate] = defaultdict(
            lambda: Gate(calls=MAX_CONNECTIONS, patience_seconds=ANSWER_SECONDS)
        )

    async def open(self) -> Facts:
        """Raises Invalid when the server cannot be used as it is, with what to do."""
        self._link = connect(self._address, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS)
        try:
            return await self._prepare(self._link)
        except BaseException:
            await self.close()
            raise

    async def _prepare(self, way: Link) -> Facts:
        try:
            await way.open()
            facts = await self._facts(way)
            if facts.version is not None and facts.version < MIN_REDIS:
                version, needed = (".".join(map(str, each)) for each in (facts.version, MIN_REDIS))
                raise Invalid(f"Redis {version} is too old: {needed} or later is needed")
            for script in self._scripts.values():
                _any_good(await way.everywhere("SCRIPT", "LOAD", script.source))
            await self._check_layout(way)
            (written,) = await self._send([_PING])
            if not isinstance(written, redis_errors.OutOfMemoryError):  # who works on makes room: see the scripts
                _all_good([written])
        except (redis_errors.AuthenticationError, redis_errors.AuthorizationError) as error:
            raise Invalid(f"Redis does not accept the user or password of the buffer URL: {error}") from error
        except redis_errors.NoPermissionError as error:
            raise Invalid(
                f"the Redis user may not do what the buffer needs: {error}. It needs {NEEDED_RIGHTS}"
            ) from error
        except redis_errors.ResponseError as error:
            for sign, sentence in _MISTAKES:
                if sign in str(error):
                    raise Invalid(f"{sentence} ({error})", variable="COLLECTOR_BUFFER_URL") from error
            if isinstance(error, redis_errors.MovedError) and self._address.kind is not Kind.CLUSTER:
                raise Invalid(
                    "this Redis is a node of a cluster: expected redis+cluster://HOST:PORT,HOST:PORT",
                    variable="COLLECTOR_BUFFER_URL",
                ) from error
            raise unavailable(error) from error
        except REDIS_ERRORS as error:
            raise unavailable(error) from error
        return facts

    async def _check_layout(self, way: Link) -> None:
        (version,) = _all_good(await self._send([("GET", LAYOUT)]))
        if version is None:
            # Data without a version is of a release before there were versions. Nobody else's name begins like ours.
            async for name in way.names("collector:*"):
                if name.decode() not in COMMON:
                    (version,) = _all_good(await self._send([("GET", LAYOUT)]))  # another replica may just have begun
                    version = version or b"1"
                    break
            else:
                _all_good(await self._send([("SET", LAYOUT, LAYOUT_VERSION, "NX")]))
                (version,) = _all_good(await self._send([("GET", LAYOUT)]))
        if int(version) != LAYOUT_VERSION:
            raise Invalid(
                f"the data in this Redis has layout {int(version)}, this release reads and writes layout "
                f"{LAYOUT_VERSION}: let the release that wrote it evaluate and deliver what waits, then use another "
                "database, or remove the keys collector:*",
                variable="COLLECTOR_BUFFER_URL",
            )

    async def close(self) -> None:
        way, self._link = self._link, None
        if way is not None:
            await way.close()

    def _opened(self) -> Link:
        if self._link is None:
            raise Unavailable("the buffer is closed")
        return self._link

    async def ping(self) -> None:
        """Write something. Whoever emptied the database under us finds it marked as ours again."""
        await self.commands([_PING, ("SET", LAYOUT, LAYOUT_VERSION, "NX")])

    async def facts(self) -> Facts:
        with translated():
            return await self._facts(self._opened())

    async def _facts(self, way: Link) -> Facts:
        answers = await way.everywhere("INFO")
        if any(isinstance(answer, redis_errors.NoPermissionError) for answer in answers):
            return Facts(None, None, None)
        return facts_of(_any_good(answers))

    # ------------------------------------------------------------ round trips

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        (answer,) = await self.run_all([Call(script, keys, arguments)])
        return answer

    async def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """Run scripts in one round trip; each is atomic, all of them together are not."""
        return _none_failed(await self.run_each(calls))

    async def run_each(self, calls: Sequence[Call]) -> list[Any]:
        """The same, but what failed has its Unavailable in place of the answer."""
        with translated():
            answers = await self._send([self._command(call) for call in calls])
            forgotten = [place for place, answer in enumerate(answers) if _is_forgotten(answer)]
            if forgotten:
                _log.info("Redis has forgotten the scripts, most likely it restarted: they are loaded again")
                for script in self._scripts.values():
                    await self._opened().everywhere("SCRIPT", "LOAD", script.source)
                again = await self._send([self._command(calls[place]) for place in forgotten])
                for place, answer in zip(forgotten, again, strict=True):
                    answers[place] = answer
            return _in_our_words(answers)

    async def commands(self, commands: Sequence[Command]) -> list[Any]:
        """Run plain commands in one round trip; the second word of each is its key."""
        return _none_failed(await self.commands_each(commands))

    async def commands_each(self, commands: Sequence[Command]) -> list[Any]:
        """The same, but what failed has its Unavailable in place of the answer."""
        with translated():
            return _in_our_words(await self._send(commands))

    async def unlink(self, pattern: str) -> None:
        """Remove all keys of one hash tag whose names match, at the same instant. Their memory is freed later."""
        with translated():
            names = [name async for name in self._opened().names(pattern)]
        if names:
            await self.commands([("UNLINK", *names)])

    def _command(self, call: Call) -> Command:
        return ("EVALSHA", self._scripts[call.script].sha, len(call.keys), *call.keys, *call.arguments)

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        """Each server gets its commands in one round trip, all servers at the same time."""
        way = self._opened()
        by_place: dict[str, list[int]] = {}
        for index, command in enumerate(commands):
            by_place.setdefault(way.place(_key(command)), []).append(index)
        if len(by_place) == 1:
            return await self._trip(way, next(iter(by_place)), commands)
        trips = [self._trip(way, place, [commands[index] for index in some]) for place, some in by_place.items()]
        answers: list[Any] = [None] * len(commands)
        for some, found in zip(by_place.values(), await asyncio.gather(*trips), strict=True):
            for index, answer in zip(some, found, strict=True):
                answers[index] = answer
        return answers

    async def _trip(self, way: Link, place: str, commands: Sequence[Command]) -> list[Any]:
        """The answers, or errors in their place: one server's failure is not the others'."""
        gate = self._gates[place]
        began = asyncio.get_running_loop().time()
        try:
            async with gate.passed():
                try:
                    answers = await way.send(place, commands)
                except REDIS_ERRORS as error:
                    answers = [error] * len(commands)
                lost = next((answer for answer in answers if link.is_lost(answer)), None)
                if lost is None:
                    gate.answered()
                else:
                    gate.failed(began, str(unavailable(lost)))
                    await way.lost(place)
                return answers
        except Unavailable as error:
            return [error] * len(commands)


_PING: Command = ("SET", PING, "1", "PX", 60_000)


def _key(command: Command) -> str:
    key = command[3] if command[0] == "EVALSHA" else command[1]
    return key.decode() if isinstance(key, bytes) else str(key)


def _all_good(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _any_good(answers: list[Any]) -> list[Any]:
    """A server that is away is forgiven while another is there; one that refuses is not."""
    there = [answer for answer in answers if not link.is_lost(answer)]
    return _all_good(there or answers)


def _in_our_words(answers: list[Any]) -> list[Any]:
    return [unavailable(answer) if isinstance(answer, REDIS_ERRORS) else answer for answer in answers]


def _none_failed(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Unavailable):
            raise answer
    return answers


def _is_forgotten(answer: Any) -> bool:
    return isinstance(answer, redis_errors.NoScriptError)
