"""Random deeds, in any order, against the plain model: whatever happens, the buffer says what the model says.

The machine runs each adapter in a loop of its own, reopens it now and then, and moves the clock by hand. Besides all
rules together, those of the queue run alone: fewer rules reach deeper.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.buffer.machine import BufferMachine
from tests.buffer.machine_queue import QueueRules
from tests.buffer.machine_rows import RowRules
from tests.redis_cluster import RedisCluster
from tests.redis_server import RedisServer


class OnSqlite(BufferMachine):
    folder: Path
    runs: Iterator[int]

    def reset(self) -> None:
        self.url = f"sqlite://{self.folder}/run{next(self.runs)}/buffer.db"


class OnRedis(BufferMachine):
    server: RedisServer

    def reset(self) -> None:
        self.url = self.server.url
        with self.server.client() as client:
            client.flushall()


class OnCluster(BufferMachine):
    cluster: RedisCluster

    def reset(self) -> None:
        self.url = self.cluster.url
        for server in self.cluster.primaries:
            with server.client() as client:
                client.flushall()


class SqliteMachine(OnSqlite, RowRules, QueueRules):
    pass


class SqliteQueueMachine(OnSqlite, QueueRules):
    pass


class RedisMachine(OnRedis, RowRules, QueueRules):
    pass


class RedisQueueMachine(OnRedis, QueueRules):
    pass


class ClusterMachine(OnCluster, RowRules, QueueRules):
    pass


THOROUGH = int(os.environ.get("BUFFER_MACHINE_TIMES", "1"))
"""How many times as many examples as usual: for a change of an adapter, try 50."""


def examples(count: int) -> settings:
    return settings(
        max_examples=count * THOROUGH,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.timeout(60 + 300 * (THOROUGH - 1))
@pytest.mark.parametrize("machine", [SqliteMachine, SqliteQueueMachine])
def test_sqlite_does_what_the_model_does(machine: type[OnSqlite], tmp_path: Path) -> None:
    OnSqlite.folder = tmp_path
    OnSqlite.runs = iter(range(10**9))
    run_state_machine_as_test(machine, settings=examples(50))


@pytest.mark.redis
@pytest.mark.timeout(60 + 300 * (THOROUGH - 1))
@pytest.mark.parametrize("machine", [RedisMachine, RedisQueueMachine])
def test_redis_does_what_the_model_does(machine: type[OnRedis], shared_redis: RedisServer) -> None:
    OnRedis.server = shared_redis
    run_state_machine_as_test(machine, settings=examples(30))


@pytest.mark.redis
@pytest.mark.timeout(60 + 300 * (THOROUGH - 1))
def test_a_cluster_does_what_the_model_does(shared_cluster: RedisCluster) -> None:
    OnCluster.cluster = shared_cluster
    run_state_machine_as_test(ClusterMachine, settings=examples(10))
