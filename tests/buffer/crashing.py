"""A process to be killed: appends rows and evaluates them, and says on stdout what was acknowledged, line by line.

Usage: python -m tests.buffer.crashing URL
"""

import asyncio
import itertools
import sys

from collector.buffer import Limits, open_buffer
from collector.clock import SystemClock
from collector.model import Window
from collector.ports import Buffer
from tests.buffer.making import ENDLESS, M, item, rows, settlement, snapshot, taken

ROWS = 10


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def receive(buffer: Buffer, sender: int) -> None:
    for number in itertools.count():
        name = f"{sender}-{number}"
        (answer,) = await buffer.rows.append([rows(name, pane=ENDLESS)])
        assert answer.accepted == 1
        say(f"row {name}")


async def work(buffer: Buffer) -> None:
    for part in itertools.count():
        while (await buffer.account(M)).accepted < (part + 1) * ROWS:  # noqa: ASYNC110 - asked as a scheduler asks
            await asyncio.sleep(0.001)
        window = Window(ENDLESS, part, part * ROWS, (part + 1) * ROWS)
        await buffer.queue.put([item(window.key)])
        lease = await taken(buffer)
        made = snapshot(window.key, part)
        await buffer.queue.ack(
            lease,
            settlement=settlement(ROWS, window=window),
            snapshots=[made],
            then=[item(made.id, queue="outbox/local")],
        )
        say(f"window {part}")


async def main(url: str) -> None:
    buffer = open_buffer(url, clock=SystemClock(), limits=Limits(10**6, 10**9), sqlite_synchronous="NORMAL")
    await buffer.open()
    async with asyncio.TaskGroup() as tasks:
        for sender in range(4):
            tasks.create_task(receive(buffer, sender))
        tasks.create_task(work(buffer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
