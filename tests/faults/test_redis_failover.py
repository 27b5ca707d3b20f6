"""The server that holds the rows dies, and another takes its place: the buffer goes on, and loses no replicated row."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
import redis

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.errors import Invalid, Unavailable
from collector.model import MonitorId, Window
from collector.ports import Buffer
from tests.buffer.making import PANE, account, is_back, item, label, names, rows, settle, settlement, take
from tests.redis_cluster import RedisCluster
from tests.redis_sentinel import Watched
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.asyncio, pytest.mark.redis, pytest.mark.timeout(180)]
FAILOVER_SECONDS = 60
A, B = MonitorId("a"), MonitorId("c")
"""Two monitors that different servers of a cluster hold."""


async def opened(url: str) -> Buffer:
    buffer = open_buffer(url, clock=ManualClock(), limits=Limits(10**6, 10**9))
    await buffer.open()
    return buffer


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest.fixture
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RedisCluster]:
    made = RedisCluster(tmp_path, replicas=getattr(request, "param", 0))
    try:
        made.start()
        yield made
    finally:
        made.kill()


@pytest_asyncio.fixture
async def buffers() -> AsyncIterator[Callable[[str], Awaitable[Buffer]]]:
    made: list[Buffer] = []

    async def make(url: str) -> Buffer:
        made.append(await opened(url))
        return made[-1]

    yield make
    for buffer in made:
        await buffer.close()


async def replicated(server: RedisServer) -> None:
    """Returns once a replica has everything that was acknowledged."""
    with server.client() as client:
        assert client.wait(1, 10_000) == 1


async def until_taken(buffer: Buffer, name: str, monitor: MonitorId = A) -> int:
    """Send one row as a sender does, until it is acknowledged; says how often it was told to wait."""
    deadline = time.monotonic() + FAILOVER_SECONDS
    refused = 0
    while time.monotonic() < deadline:
        try:
            (answer,) = await buffer.rows.append([rows(name, monitor=monitor)])
        except Unavailable:
            refused += 1
            await asyncio.sleep(0.05)
        else:
            assert answer.accepted + len(answer.duplicates) == 1
            return refused
    raise AssertionError("nobody took the place of the server that died")


async def test_a_primary_that_dies_is_replaced_by_what_the_sentinels_elect(watched: Watched, buffers) -> None:
    buffer = await buffers(watched.url)
    await buffer.rows.append([rows("a", "b", monitor=A)])
    await settle(buffer, settlement(2), monitor=A)
    await buffer.queue.put([item("waits", monitor=A)])
    await replicated(watched.primary)
    watched.primary.kill()
    assert await until_taken(buffer, "c") > 0
    await is_back(buffer)
    found = await account(buffer, A)
    assert (found.accepted, found.evaluated, found.waiting) == (3, 2, 1)
    assert names(await buffer.rows.read(A, Window(PANE))) == ["a", "b", "c"]
    lease = await take(buffer, monitors=(A,))
    assert lease is not None
    await buffer.queue.ack(lease)


async def test_a_primary_that_comes_back_as_a_replica_takes_no_rows(watched: Watched, buffers) -> None:
    buffer = await buffers(watched.url)
    await until_taken(buffer, "a")
    await replicated(watched.primary)
    watched.primary.kill()
    await until_taken(buffer, "b")
    watched.primary.start()
    for number in range(20):
        await until_taken(buffer, f"c{number}")
    with watched.replica.client() as client:
        assert client.info("replication")["role"] == "master"
    assert (await account(buffer, A)).accepted == 22


async def test_a_primary_that_was_deposed_gets_no_rows_although_it_would_take_them(watched: Watched, buffers) -> None:
    """As when somebody asks the Sentinels for a failover: it is told ten seconds later that it is none any more."""
    buffer = await buffers(watched.url)
    await until_taken(buffer, "a")
    await replicated(watched.primary)
    with (
        redis.Redis(port=watched.ports[0]) as sentinel,
        watched.primary.client() as old,
        watched.replica.client() as new,
    ):
        sentinel.sentinel_failover("main")
        for number in count():
            await until_taken(buffer, f"b{number}")
            if accepted(new) > accepted(old):
                break
            assert number < FAILOVER_SECONDS * 20
            await asyncio.sleep(0.05)
        assert old.info("replication")["role"] == "master"  # it would have taken this one


def accepted(client: redis.Redis) -> int:
    """Rows of a monitor, as this server has them."""
    rows_there = client.hget("collector:{a}:account", "accepted")
    assert isinstance(rows_there, bytes)
    return int(rows_there)


async def test_a_new_process_finds_the_new_primary(watched: Watched, buffers) -> None:
    first = await buffers(watched.url)
    await until_taken(first, "a")
    await replicated(watched.primary)
    watched.primary.kill()
    await until_taken(first, "b")
    second = await buffers(watched.url)
    assert (await account(second, A)).accepted == 2


async def test_sentinels_that_do_not_know_the_service_are_said_so(watched: Watched) -> None:
    with pytest.raises(Unavailable, match="No master found for 'other'"):
        await opened(watched.url.replace("/main/", "/other/"))


async def test_a_node_of_a_cluster_is_no_server_of_its_own(cluster: RedisCluster) -> None:
    other = next(server for server in cluster.primaries if server is not cluster.holder("collector:layout"))
    with pytest.raises(Invalid, match=r"redis\+cluster://"):
        await opened(other.url)


@pytest.mark.parametrize("cluster", [1], indirect=True)
async def test_a_primary_of_a_cluster_that_dies_is_replaced_by_its_replica(cluster: RedisCluster, buffers) -> None:
    buffer = await buffers(cluster.url)
    await buffer.rows.append([rows("a", monitor=A), rows("a", monitor=B)])
    holder = cluster.holder("{a}")
    assert holder is not cluster.holder("{c}")
    await replicated(holder)
    holder.kill()
    assert await until_taken(buffer, "b") > 0
    await until_taken(buffer, "b", B)
    for monitor in (A, B):
        assert (await account(buffer, monitor)).accepted == 2
        assert names(await buffer.rows.read(monitor, Window(PANE))) == ["a", "b"]


async def test_a_server_of_a_cluster_that_is_away_stops_its_own_monitors_only(cluster: RedisCluster, buffers) -> None:
    """Without a replica nothing takes its place; the others go on, in the same calls."""
    for server in cluster.primaries:
        with server.client() as client:
            client.config_set("cluster-require-full-coverage", "no")
    buffer = await buffers(cluster.url)
    await buffer.queue.put([item("a", monitor=A), item("b", monitor=B)])
    holder = cluster.holder("{a}")
    holder.kill()
    for number in range(5):
        away, taken = await buffer.rows.append([rows(f"r{number}", monitor=A), rows(f"r{number}", monitor=B)])
        assert isinstance(away.refused, Unavailable)
        assert (away.accepted, taken.accepted, taken.refused) == (0, 1, None)
    lease = await take(buffer, monitors=(A, B))
    assert lease is not None
    assert lease.monitor == B
    with pytest.raises(Unavailable):
        await take(buffer, monitors=(A, B))
    assert (await account(buffer, B)).accepted == 5
    holder.start()
    await until_taken(buffer, "again")
    assert (await account(buffer, A)).accepted == 1


async def test_a_slot_that_moves_to_another_server_takes_its_monitor_along(cluster: RedisCluster, buffers) -> None:
    buffer = await buffers(cluster.url)
    await buffer.rows.append([rows("a", monitor=A), rows("a", monitor=B)])
    await buffer.queue.put([item("a", monitor=A)])
    source = cluster.holder("{a}")
    target = next(server for server in cluster.primaries if server is not source)
    cluster.move_slot("{a}", source, target)
    (answer,) = await buffer.rows.append([rows("a", "b", monitor=A)])
    assert (answer.accepted, list(answer.duplicates)) == (1, [0])
    assert (await account(buffer, A)).accepted == 2
    assert await take(buffer, monitors=(A,)) is not None
    assert (await account(buffer, B)).accepted == 1


async def test_a_slot_that_is_half_moved_holds_up_its_own_monitor_only(cluster: RedisCluster, buffers) -> None:
    """Its rows and its work wait until it has moved; in the same calls the others go on."""
    buffer = await buffers(cluster.url)
    await buffer.rows.append([rows("a", monitor=A), rows("a", monitor=B)])
    await buffer.queue.put([item("a", monitor=A), item("b", monitor=B)])
    source = cluster.holder("{a}")
    target = next(server for server in cluster.primaries if server is not source)
    cluster.begin_move("{a}", source, target, [b"collector:{a}:account"])
    moving, there = await buffer.rows.append([rows("b", monitor=A), rows("b", monitor=B)])
    assert isinstance(moving.refused, Unavailable)
    assert there.accepted == 1
    lease = await take(buffer, monitors=(A, B))
    assert lease is not None
    assert lease.monitor == B
    with pytest.raises(Unavailable, match="moves"):
        await take(buffer, monitors=(A, B))
    cluster.move_slot("{a}", source, target)
    assert await until_taken(buffer, "b") == 0
    assert names(await buffer.rows.read(A, Window(PANE))) == ["a", "b"]
    assert await take(buffer, monitors=(A, B)) is not None


async def test_labels_that_wait_are_not_lost_while_the_slot_of_their_monitor_moves(
    cluster: RedisCluster, buffers
) -> None:
    """Their shelves may go before anything else of the monitor does. What needs one then is refused, and changes nothing."""
    buffer = await buffers(cluster.url)
    await buffer.rows.append([rows("old", monitor=A, key="k")])
    await buffer.rows.add_labels(A, [label("a"), label("b")])
    source = cluster.holder("{a}")
    target = next(server for server in cluster.primaries if server is not source)
    with source.client() as client:  # as of a monitor that purged: else the cluster misses this key, and refuses all
        client.zadd("collector:{a}:tombstones", {"0-1": 1})
        shelves = list(client.scan_iter("collector:{a}:orphans:*"))
    cluster.begin_move("{a}", source, target, shelves)
    with pytest.raises(Unavailable, match="moves"):
        await buffer.rows.append([rows("a", monitor=A)])
    for name in ("b", "new"):
        with pytest.raises(Unavailable, match="moves"):
            await buffer.rows.add_labels(A, [label("old"), label(name, 0)])
    cluster.move_slot("{a}", source, target)
    assert await until_taken(buffer, "a") == 0
    again = await buffer.rows.add_labels(A, [label("old"), label("b", 0), label("new", 0)])
    assert (again.joined, again.waiting) == (1, 2)
    assert await until_taken(buffer, "b") == 0
    (pane,) = (await buffer.rows.state(A)).panes
    assert (pane.rows, pane.labelled) == (3, 3)
    assert names(await buffer.rows.read(A, Window(PANE))) == ["old", "a", "b"]
