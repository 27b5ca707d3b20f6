"""The connection to Redis: scripts by name, several of them in one round trip, errors in our words.

Nothing is repeated here on a lost connection: whether the server did it is not known, and only the caller knows
whether a repeat is harmless. The one exception is a script that the server has forgotten: it did nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from collector.buffer.redis.faults import translated, unavailable
from collector.buffer.redis.keys import PING
from collector.errors import Invalid, Unavailable

CONNECT_SECONDS = 3.0
"""A server that takes longer to accept is as good as down; the sender waits for us meanwhile."""
ANSWER_SECONDS = 10.0
"""Longer than the slowest script (200,000 new ids: under a second) behind a few others."""
MAX_CONNECTIONS = 64
"""Per process; more callers than that wait for a free one."""
IDLE_CHECK_SECONDS = 30
"""A connection that was idle for longer is probed before it is used, so that half-open ones are noticed."""
MIN_REDIS = (7, 0)
"""Scripts declare flags (`allow-oom`, `no-writes`)."""

Argument = str | bytes | int

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A script to run: its name, keys and arguments."""

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


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself; None where it may not be asked."""

    version: str | None
    aof: bool | None
    eviction: str | None


class Store:
    """One server and its connections. Every method raises Unavailable."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._scripts = _load_scripts()
        self._client: Redis | None = None

    async def open(self) -> Facts:
        """Raises Invalid when the server cannot be used as it is, with what to do."""
        try:
            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=MAX_CONNECTIONS,
                timeout=ANSWER_SECONDS,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
                health_check_interval=IDLE_CHECK_SECONDS,
                retry=Retry(NoBackoff(), 0),
                decode_responses=False,
                protocol=2,  # the shapes of answers below are those of RESP2, which every server and proxy speaks
            )
        except ValueError as error:
            raise Invalid(f"the buffer URL is not one of Redis: {error}", variable="COLLECTOR_BUFFER_URL") from error
        self._client = Redis(connection_pool=pool)
        try:
            return await self._prepare()
        except BaseException:
            await self.close()
            raise

    async def _prepare(self) -> Facts:
        client = self._connected()
        try:
            facts = await self.facts()
            if facts.version is not None and _version(facts.version) < MIN_REDIS:
                raise Invalid(f"Redis {facts.version} is too old: {MIN_REDIS[0]}.{MIN_REDIS[1]} or later is needed")
            for script in self._scripts.values():
                await client.script_load(script.source)
            await self.ping()
        except (redis_errors.AuthenticationError, redis_errors.AuthorizationError) as error:
            raise Invalid(f"Redis does not accept the user or password of the buffer URL: {error}") from error
        except redis_errors.NoPermissionError as error:
            raise Invalid(
                f"the Redis user may not do what the buffer needs: {error}. "
                "Allow +@read +@write +@scripting +@connection on keys collector:*"
            ) from error
        except redis_errors.ResponseError as error:
            if "Error compiling script" in str(error):
                raise Invalid(
                    f"Redis 7.0 or later is needed, this server does not know its scripts: {error}"
                ) from error
            raise unavailable(error) from error
        except (redis_errors.RedisError, OSError) as error:
            raise unavailable(error) from error
        return facts

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
            await client.connection_pool.disconnect()

    def _connected(self) -> Redis:
        if self._client is None:
            raise Unavailable("the buffer is closed")
        return self._client

    async def ping(self) -> None:
        """Write something. Raises redis-py's errors: `open` tells them apart, others go through `translated`."""
        await self._connected().set(PING, "1", px=60_000)

    async def facts(self) -> Facts:
        try:
            info: dict[str, Any] = await self._connected().info()
        except redis_errors.NoPermissionError:
            return Facts(None, None, None)
        aof = info.get("aof_enabled")
        version = info.get("redis_version")
        return Facts(
            version=None if version is None else str(version),
            aof=None if aof is None else bool(aof),
            eviction=info.get("maxmemory_policy"),
        )

    # ------------------------------------------------------------ round trips

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        (answer,) = await self.run_all([Call(script, keys, arguments)])
        return answer

    async def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """Run scripts in one round trip; each is atomic, all of them together are not."""
        with translated():
            answers = await self._pipeline([self._command(call) for call in calls])
            forgotten = [place for place, answer in enumerate(answers) if _is_forgotten(answer)]
            if forgotten:
                _log.info("Redis has forgotten the scripts, most likely it restarted: they are loaded again")
                for script in self._scripts.values():
                    await self._connected().script_load(script.source)
                again = await self._pipeline([self._command(calls[place]) for place in forgotten])
                for place, answer in zip(forgotten, again, strict=True):
                    answers[place] = answer
            return _all_good(answers)

    async def commands(self, commands: Sequence[Sequence[Argument]], *, atomic: bool = False) -> list[Any]:
        """Run plain commands in one round trip; `atomic`: nothing of others happens between them."""
        with translated():
            return _all_good(await self._pipeline(commands, atomic=atomic))

    async def unlink(self, pattern: str) -> None:
        """Remove all keys of one hash tag whose names match, at the same instant. Their memory is freed later."""
        with translated():
            names = [name async for name in self._connected().scan_iter(match=pattern, count=1000)]
        if names:
            await self.commands([("UNLINK", *names)])

    def _command(self, call: Call) -> Sequence[Argument]:
        return ("EVALSHA", self._scripts[call.script].sha, len(call.keys), *call.keys, *call.arguments)

    async def _pipeline(self, commands: Sequence[Sequence[Argument]], *, atomic: bool = False) -> list[Any]:
        client = self._connected()
        if not commands:
            return []
        async with client.pipeline(transaction=atomic) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            return list(await pipeline.execute(raise_on_error=False))


def _all_good(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _is_forgotten(answer: Any) -> bool:
    return isinstance(answer, redis_errors.NoScriptError)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
