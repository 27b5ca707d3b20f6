"""What a cluster's servers say about who holds what, and where a call goes then. The servers are doubles."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from redis import exceptions as redis_errors

from collector.buffer.redis.cluster import Cluster
from collector.buffer.redis.link import Argument, Command

pytestmark = pytest.mark.asyncio

KEY = "collector:{a}:account"
CALL: Sequence[Command] = [("GET", KEY)]


class Node:
    """`says`: answers to commands by their first word, a list of them one after another; `away`: no answer at all."""

    def __init__(self, **says: Any) -> None:
        self.says = says
        self.away = False
        self.closed = False
        self.heard: list[Command] = []

    async def open(self) -> None:
        return

    def place(self, key: str) -> str:
        return ""

    async def send(self, place: str, commands: Sequence[Command]) -> list[Any]:
        if self.away:
            raise redis_errors.ConnectionError("refused")
        self.heard += commands
        return [self._answer(str(command[0])) for command in commands]

    def _answer(self, word: str) -> Any:
        answer = self.says.get(word, b"OK")
        return answer.pop(0) if isinstance(answer, list) and word != "CLUSTER" else answer

    async def everywhere(self, *command: Argument) -> list[Any]:
        return await self.send("", [command])

    async def names(self, pattern: str) -> AsyncIterator[bytes]:
        yield b"name"

    async def lost(self, place: str) -> None:
        return

    async def close(self) -> None:
        self.closed = True


def slots(*holders: str) -> list[Any]:
    """Who holds which equal part of the slots, as `CLUSTER SLOTS` says it."""
    each = 16384 // len(holders) + 1
    return [
        [number * each, min((number + 1) * each, 16384) - 1, [host.encode(), 6379, b"id"]]
        for number, host in enumerate(holders)
    ]


async def opened(nodes: dict[str, Node], *hosts: str) -> Cluster:
    cluster = Cluster([(host, 6379) for host in hosts], lambda host, _: nodes[host])
    await cluster.open()
    return cluster


async def test_a_cluster_whose_servers_all_have_new_addresses_is_found_by_the_name_in_the_url() -> None:
    nodes = {"service": Node(CLUSTER=slots("old")), "old": Node(CLUSTER=slots("old")), "new": Node()}
    cluster = await opened(nodes, "service")
    await cluster.send(cluster.place(KEY), CALL)
    nodes["old"].away = True
    nodes["service"].says["CLUSTER"] = slots("new")
    await cluster.lost(cluster.place(KEY))
    assert cluster.place(KEY) == "new:6379"
    assert nodes["old"].closed


async def test_a_cluster_is_found_by_any_of_its_servers_once_those_of_the_url_are_gone() -> None:
    nodes = {"named": Node(CLUSTER=slots("named", "other")), "other": Node(CLUSTER=slots("other"))}
    cluster = await opened(nodes, "named")
    nodes["named"].away = True
    await cluster.lost("named:6379")
    assert cluster.place(KEY) == "other:6379"


async def test_the_server_that_was_lost_is_asked_last() -> None:
    """It may be one that takes seconds to say nothing, or that does not know yet that another took its place."""
    nodes = {host: Node(CLUSTER=slots("a", "b")) for host in ("a", "b")}
    cluster = await opened(nodes, "a", "b")
    for node in nodes.values():
        node.heard.clear()
    for _ in range(10):
        await cluster.lost("a:6379")
    assert nodes["a"].heard == []


async def test_what_has_moved_is_asked_for_once_more_where_it_is_and_the_others_are_not_repeated() -> None:
    nodes = {"a": Node(CLUSTER=slots("a"), GET=[b"mine", redis_errors.MovedError("7 b:6379")]), "b": Node(GET=b"there")}
    cluster = await opened(nodes, "a")
    nodes["a"].says["CLUSTER"] = slots("b")
    assert await cluster.send("a:6379", [("GET", "x"), ("GET", KEY)]) == [b"mine", b"there"]
    assert nodes["b"].heard == [("GET", KEY)]
    assert cluster.place(KEY) == "b:6379"


async def test_what_is_on_its_way_is_asked_for_there_with_leave_and_the_slot_stays_where_it_is() -> None:
    nodes = {"a": Node(CLUSTER=slots("a"), GET=redis_errors.AskError("7 b:6379")), "b": Node(GET=b"there")}
    cluster = await opened(nodes, "a")
    assert await cluster.send("a:6379", CALL) == [b"there"]
    assert nodes["b"].heard == [("ASKING",), ("GET", KEY)]
    assert cluster.place(KEY) == "a:6379"


async def test_a_server_that_leads_to_one_that_is_away_is_not_away_itself() -> None:
    nodes = {"a": Node(CLUSTER=slots("a"), GET=redis_errors.AskError("7 b:6379")), "b": Node()}
    nodes["b"].away = True
    cluster = await opened(nodes, "a")
    (answer,) = await cluster.send("a:6379", CALL)
    assert isinstance(answer, redis_errors.ClusterError)
    assert not isinstance(answer, redis_errors.ClusterDownError | redis_errors.ConnectionError)


async def test_servers_that_lead_in_a_circle_are_followed_once() -> None:
    nodes = {
        host: Node(CLUSTER=slots(host), GET=redis_errors.MovedError(f"7 {other}:6379")) for host, other in ("ab", "ba")
    }
    cluster = await opened(nodes, "a")
    (answer,) = await cluster.send("a:6379", CALL)
    assert isinstance(answer, redis_errors.MovedError)


async def test_slots_that_nobody_has_cost_no_others() -> None:
    nodes = {"a": Node(CLUSTER=[[0, 10, [b"a", 6379, b"id"]]])}
    cluster = await opened(nodes, "a")
    place = cluster.place(KEY)
    with pytest.raises(redis_errors.ClusterDownError):
        await cluster.send(place, CALL)
    nodes["a"].says["CLUSTER"] = slots("a")
    await cluster.lost(place)
    assert await cluster.send(cluster.place(KEY), CALL) == [b"OK"]


async def test_a_server_without_a_name_is_where_it_was_asked() -> None:
    nodes = {"only": Node(CLUSTER=[[0, 16383, [b"", 6379, b"id"]]])}
    cluster = await opened(nodes, "only")
    assert cluster.place(KEY) == "only:6379"


async def test_what_nobody_can_tell_is_an_error_at_the_start() -> None:
    refusal = redis_errors.ResponseError("This instance has cluster support disabled")
    with pytest.raises(redis_errors.ResponseError, match="cluster support disabled"):
        await opened({"a": Node(CLUSTER=refusal)}, "a")
