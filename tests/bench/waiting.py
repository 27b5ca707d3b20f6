"""What a million ids take in Redis while they wait for their other half, and for how long one script holds Redis up.

python -m tests.bench.waiting > waiting.md
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import redis

from collector.buffer import Limits, open_buffer
from collector.clock import SystemClock
from collector.model import Append, Label, MonitorId, Pane, RequestPart
from collector.ports import Buffer
from tests.redis_server import RedisServer

MILLION = 1_000_000
MONITOR = MonitorId("waiting")
PANE = Pane(0, 60_000_000)
IN_A_CALL = 10_000
DIGEST = 12


def ids(count: int) -> bytes:
    return os.urandom(DIGEST * count)


def chunk(count: int) -> Append:
    return Append(MONITOR, PANE, b"", (RequestPart(count),), ids(count))


def labels(count: int, at_us: int | None) -> list[Label]:
    names = ids(count)
    return [Label(names[n * DIGEST : (n + 1) * DIGEST], b"0", at_us) for n in range(count)]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        buffer = open_buffer(server.url, clock=SystemClock(), limits=Limits(10 * MILLION, 10**12))
        await buffer.open()
        try:
            with server.client() as client:
                print("| a million that wait | MB in Redis |\n|---|---|")
                await memory(buffer, client)
                print("\n| call | longest script, ms |\n|---|---|")
                await latency(buffer, client)
        finally:
            await buffer.close()
            server.kill()


async def memory(buffer: Buffer, client: redis.Redis) -> None:
    now_us = time.time_ns() // 1000
    kinds = {
        "predictions, for their label": lambda: buffer.rows.append([chunk(IN_A_CALL)]),
        "labels, for their prediction": lambda: buffer.rows.add_labels(MONITOR, labels(IN_A_CALL, None)),
        "labels with an instant of their own": lambda: buffer.rows.add_labels(MONITOR, labels(IN_A_CALL, now_us)),
    }
    for name, send in kinds.items():
        client.flushall()
        before = used(client)
        for _ in range(MILLION // IN_A_CALL):
            await send()
        print(f"| {name} | {(used(client) - before) / 1e6:.0f} |")
    client.flushall()


def used(client: redis.Redis) -> int:
    info: Any = client.info("memory")
    return int(info["used_memory"])


async def latency(buffer: Buffer, client: redis.Redis) -> None:
    client.config_set("slowlog-log-slower-than", 1000)
    await timed(client, "100,000 rows with ids, in one chunk", buffer.rows.append([chunk(100_000)]))
    pieces = [chunk(IN_A_CALL) for _ in range(10)]
    await timed(client, "the same in chunks of 10,000, as the receiver makes them", buffer.rows.append(pieces))
    await timed(client, "100,000 labels", buffer.rows.add_labels(MONITOR, labels(100_000, None)))
    await timed(client, "purging these 200,000 rows", buffer.rows.purge(MONITOR, PANE, before_row=None))


async def timed(client: redis.Redis, name: str, call: Awaitable[object]) -> None:
    client.slowlog_reset()
    await call
    scripts: Any = client.slowlog_get(1000)
    slowest = max((entry["duration"] for entry in scripts), default=0) / 1000
    print(f"| {name} | {slowest:.0f} |")


if __name__ == "__main__":
    asyncio.run(main())
