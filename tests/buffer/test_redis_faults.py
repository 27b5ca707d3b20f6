"""Accidents of the shared buffer: refused writes, restarts, cut and half-open connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from collector.buffer import open_buffer
from collector.clock import ManualClock
from collector.errors import Unavailable
from collector.ports import Buffer
from tests.buffer.conftest import ROOMY
from tests.buffer.making import (
    PANE,
    M,
    account,
    is_back,
    item,
    nameless,
    rows,
    settle,
    settlement,
    snapshot,
    take,
    taken,
)
from tests.faults.proxy import Proxy
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.asyncio, pytest.mark.redis]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    made.start()
    yield made
    made.kill()


async def opened(url: str) -> Buffer:
    buffer = open_buffer(url, clock=ManualClock(), limits=ROOMY)
    await buffer.open()
    return buffer


@pytest_asyncio.fixture
async def buffer(server: RedisServer) -> AsyncIterator[Buffer]:
    made = await opened(server.url)
    yield made
    await made.close()


async def refuses(call: Awaitable[object], words: str) -> None:
    with pytest.raises(Unavailable, match=words) as caught:
        await call
    assert caught.value.retry_after_seconds > 0


async def test_memory_limit_reached_refuses_rows_and_lets_the_work_go_on(server: RedisServer, buffer: Buffer) -> None:
    await buffer.rows.append([nameless(1_000)])
    with server.client() as client:
        client.config_set("maxmemory", "1mb")
    await refuses(buffer.rows.append([rows("a")]), "memory limit")
    await refuses(buffer.ping(), "memory limit")
    assert (await account(buffer)).accepted == 1_000
    await buffer.queue.put([item()])  # a window that became due since: its work is what frees memory
    lease = await buffer.queue.renew(await taken(buffer), seconds=30)
    await buffer.queue.ack(lease, settlement=settlement(1_000), snapshots=[snapshot("s")])
    assert await buffer.rows.purge(M, PANE, before_row=None)
    assert (await account(buffer)).evaluated == 1_000
    with server.client() as client:
        client.config_set("maxmemory", "0")
    await buffer.ping()


async def test_a_replica_refuses_writes(server: RedisServer, buffer: Buffer) -> None:
    with server.client() as client:
        client.config_set("replica-serve-stale-data", "yes")
        client.replicaof("127.0.0.1", "1")
        await refuses(buffer.rows.append([rows("a")]), "read-only replica")
        await refuses(buffer.ping(), "read-only replica")
        client.replicaof("NO", "ONE")
    assert (await buffer.rows.append([rows("a")]))[0].accepted == 1


async def test_too_few_replicas_refuse_writes(server: RedisServer, buffer: Buffer) -> None:
    with server.client() as client:
        client.config_set("min-replicas-to-write", "1")
        await refuses(buffer.rows.append([rows("a")]), "replicas")
        client.config_set("min-replicas-to-write", "0")
    assert (await account(buffer)).accepted == 0


async def test_a_server_that_restarts_between_append_and_lease_has_everything(
    server: RedisServer, buffer: Buffer
) -> None:
    """Acknowledged with AOF, then kill -9: rows, leases and snapshots are there, and scripts load themselves again."""
    await buffer.rows.append([rows("a", "b")])
    await settle(buffer, settlement(2))
    await buffer.queue.put([item("leased", at=1), item("ready", at=2)])
    leased = await taken(buffer)
    server.kill()
    await refuses(buffer.rows.append([rows("c")]), "reached")
    await refuses(buffer.rows.state(M), "reached")
    server.start()
    await is_back(buffer)
    assert (await buffer.rows.append([rows("a", "c")]))[0].accepted == 1
    assert (await taken(buffer)).key == "ready"
    await buffer.queue.ack(leased)
    found = await account(buffer)
    assert (found.accepted, found.evaluated, found.waiting) == (3, 2, 1)


async def test_scripts_that_the_server_forgot_are_loaded_again(server: RedisServer, buffer: Buffer) -> None:
    with server.client() as client:
        client.script_flush()
    answers = await buffer.rows.append([rows("a"), rows("b"), rows("a")])
    assert [answer.accepted for answer in answers] == [1, 1, 0]
    with server.client() as client:
        client.script_flush()
    await buffer.queue.put([item()])
    with server.client() as client:
        client.script_flush()
    await buffer.queue.ack(await taken(buffer), snapshots=[snapshot("s")])
    assert await take(buffer) is None


@pytest_asyncio.fixture
async def proxied(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Proxy, Buffer]]:
    monkeypatch.setattr("collector.buffer.redis.store.ANSWER_SECONDS", 1.0)
    proxy = Proxy(server.port)
    await proxy.start()
    buffer = await opened(f"redis://127.0.0.1:{proxy.port}/0")
    yield proxy, buffer
    await buffer.close()
    await proxy.stop()


async def test_a_cut_connection_is_replaced(proxied: tuple[Proxy, Buffer]) -> None:
    proxy, buffer = proxied
    await buffer.rows.append([rows("a")])
    proxy.cut()
    await asyncio.sleep(0)
    for _ in range(2):  # the loss itself may cost one call, and no more
        try:
            (answer,) = await buffer.rows.append([rows("b")])
            break
        except Unavailable:
            continue
    assert answer.accepted == 1
    assert (await account(buffer)).accepted == 2


async def test_a_connection_that_falls_silent_is_unavailable_and_passes(proxied: tuple[Proxy, Buffer]) -> None:
    proxy, buffer = proxied
    await buffer.rows.append([rows("a")])
    proxy.silent = True
    await refuses(buffer.rows.append([rows("b")]), "in time")
    proxy.silent = False
    assert (await buffer.rows.append([rows("b")]))[0].accepted == 1


async def test_an_answer_that_is_lost_after_the_commit_makes_no_second_row(proxied: tuple[Proxy, Buffer]) -> None:
    """Whether it was stored is not known to the caller; the repeat finds out."""
    proxy, buffer = proxied
    await buffer.ping()
    proxy.swallow_answers = True
    await refuses(buffer.rows.append([rows("a"), nameless(3, key="r")]), "in time")
    proxy.swallow_answers = False
    answers = await buffer.rows.append([rows("a"), nameless(3, key="r")])
    assert [(answer.accepted, list(answer.duplicates)) for answer in answers] == [(0, [0]), (0, [0, 1, 2])]
    assert (await account(buffer)).accepted == 4


async def test_nothing_is_repeated_behind_the_callers_back(proxied: tuple[Proxy, Buffer]) -> None:
    """Rows without id and key cannot be told apart: a hidden repeat would double them."""
    proxy, buffer = proxied
    await buffer.ping()
    proxy.cut_at_next_answer = True  # the server is there again at once, so that a repeat would succeed
    await refuses(buffer.rows.append([nameless(1)]), "cannot be reached")
    assert (await account(buffer)).accepted == 1


async def test_half_of_an_answer_is_none(proxied: tuple[Proxy, Buffer]) -> None:
    proxy, buffer = proxied
    await buffer.ping()
    proxy.half_of_next_answer = True
    await refuses(buffer.rows.append([nameless(1), rows("a")]), "cannot be reached")
    (answer,) = await buffer.rows.append([rows("a")])
    assert (answer.accepted, list(answer.duplicates)) == (0, [0])
    assert (await account(buffer)).accepted == 2


async def test_an_answer_that_comes_too_late_is_nobody_elses(proxied: tuple[Proxy, Buffer]) -> None:
    proxy, buffer = proxied
    await buffer.ping()
    proxy.delay_seconds = 0.7  # there and back it takes longer than anybody waits
    await refuses(buffer.rows.append([rows("a")]), "in time")
    proxy.delay_seconds = 0.0
    (answer,) = await buffer.rows.append([rows("a", "b")])
    assert (answer.accepted, list(answer.duplicates)) == (1, [0])


async def test_more_callers_than_connections_wait_for_their_turn(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.buffer.redis.store.MAX_CONNECTIONS", 2)
    buffer = await opened(server.url)
    answers = await asyncio.gather(*(buffer.rows.append([nameless(1)]) for _ in range(100)))
    assert sum(answer.accepted for (answer,) in answers) == 100
    await buffer.close()


async def test_a_cancelled_call_leaves_no_answer_for_the_next_one(buffer: Buffer) -> None:
    for number in range(20):
        call = asyncio.create_task(buffer.rows.append([rows(f"a{number}")]))
        for _ in range(number % 5):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert list((await buffer.rows.state(M)).panes) is not None
        assert (await buffer.rows.append([rows(f"b{number}")]))[0].accepted == 1
    found = await account(buffer)
    assert 20 <= found.accepted <= 40
