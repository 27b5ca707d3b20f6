"""A real Redis Cluster of our own: three primaries, each with as many replicas as wished, on free ports."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import redis

from tests.redis_server import RedisServer, free_port

SLOTS = 16384
PRIMARIES = 3
FORM_SECONDS = 30


class RedisCluster:
    """`primaries[n]` holds the n-th third of the slots; replicas stand in `replicas`, in the same order."""

    def __init__(self, folder: Path, *options: str, replicas: int = 0) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", *options)
        self.primaries = [self._server(folder / f"primary-{n}", *options) for n in range(PRIMARIES)]
        self.replicas = [self._server(folder / f"replica-{n}", *options) for n in range(PRIMARIES * replicas)]

    @staticmethod
    def _server(folder: Path, *options: str) -> RedisServer:
        folder.mkdir()
        return RedisServer(folder, *options, "--cluster-port", str(free_port()))

    @property
    def servers(self) -> list[RedisServer]:
        return [*self.primaries, *self.replicas]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.primaries)
        return f"redis+cluster://{hosts}"

    def start(self) -> None:
        """Returns once every server says that the cluster is whole."""
        for server in self.servers:
            server.start()
        for number, server in enumerate(self.primaries):
            with server.client() as client:
                first, stop = (SLOTS * each // PRIMARIES for each in (number, number + 1))
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, stop - 1)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        with self.primaries[0].client() as client:
            for server in self.servers[1:]:
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", server.port, server.option("--cluster-port"))
        self._until(lambda client: client.cluster("info")["cluster_known_nodes"] == str(len(self.servers)))
        for number, server in enumerate(self.replicas):
            with server.client() as client:
                client.execute_command("CLUSTER", "REPLICATE", self.node_id(self.primaries[number % PRIMARIES]))
        self._until(lambda client: client.cluster("info")["cluster_state"] == "ok")
        for server in self.replicas:
            self._until(lambda client: client.info("replication").get("master_link_status") == "up", [server])

    @staticmethod
    def node_id(server: RedisServer) -> str:
        with server.client() as client:
            return str(client.execute_command("CLUSTER", "MYID").decode())

    def _until(self, holds: Callable[[redis.Redis], bool], servers: Sequence[RedisServer] | None = None) -> None:
        deadline = time.monotonic() + FORM_SECONDS
        for server in self.servers if servers is None else servers:
            with server.client() as client:
                while not holds(client):
                    if time.monotonic() > deadline:
                        raise AssertionError(f"the cluster did not form: {client.execute_command('CLUSTER NODES')}")
                    time.sleep(0.02)

    def holder(self, key: str) -> RedisServer:
        """The primary that holds a key, as the slots were given out at the start."""
        with self.primaries[0].client() as client:
            slot = client.execute_command("CLUSTER", "KEYSLOT", key)
        return next(server for number, server in enumerate(self.primaries) if slot < SLOTS * (number + 1) // PRIMARIES)

    def move_slot(self, key: str, source: RedisServer, target: RedisServer) -> None:
        """Give the slot of a key, and everything in it, to another primary, as resharding does."""
        self.begin_move(key, source, target)
        with source.client() as there:
            slot = there.execute_command("CLUSTER", "KEYSLOT", key)
            while names := there.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
                self._migrate(source, target, names)
        for server in (target, source, *self.primaries):
            with server.client() as client:
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", self.node_id(target))

    def begin_move(self, key: str, source: RedisServer, target: RedisServer, names: Sequence[bytes] = ()) -> None:
        """The slot of a key is on its way, with these keys moved so far."""
        with source.client() as there, target.client() as here:
            slot = there.execute_command("CLUSTER", "KEYSLOT", key)
            here.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.node_id(source))
            there.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", self.node_id(target))
        if names:
            self._migrate(source, target, names)

    @staticmethod
    def _migrate(source: RedisServer, target: RedisServer, names: Sequence[bytes]) -> None:
        with source.client() as there:
            there.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *names)

    def kill(self) -> None:
        for server in self.servers:
            server.kill()


def keys_of(servers: Sequence[RedisServer]) -> list[bytes]:
    found: list[bytes] = []
    for server in servers:
        with server.client() as client:
            found += client.scan_iter()
    return found
