"""A real primary, a replica and Sentinels that watch them, on free ports."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from tests.redis_server import START_SECONDS, RedisServer, free_port, redis_binary

SERVICE = "main"


class Watched:
    """`primary` and `replica` as they are at the start; Sentinels notice within a second that one is gone."""

    def __init__(self, folder: Path, *options: str, sentinels: int = 3) -> None:
        self.folder = folder
        for name in ("primary", "replica"):
            (folder / name).mkdir()
        self.primary = RedisServer(folder / "primary", *options)
        self.replica = RedisServer(folder / "replica", *options, "--replicaof", f"127.0.0.1 {self.primary.port}")
        self.ports = [free_port() for _ in range(sentinels)]
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/{SERVICE}/0"

    def start(self) -> None:
        """Returns once every Sentinel knows the replica and the other Sentinels, and the replica has the data."""
        self.primary.start()
        self.replica.start()
        for port in self.ports:
            self._start_sentinel(port)
        self._until(self.replica.port, lambda client: client.info("replication")["master_link_status"] == "up")
        for port in self.ports:
            self._until(port, self._knows_all)

    def _start_sentinel(self, port: int) -> None:
        folder = self.folder / f"sentinel-{port}"
        folder.mkdir()
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile {folder / 'sentinel.log'}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.primary.port} {len(self.ports) // 2 + 1}\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 2000\n"
        )
        command = [redis_binary(), str(configuration), "--sentinel"]
        self._processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def _knows_all(self, client: redis.Redis) -> bool:
        state: Any = client.sentinel_master(SERVICE)
        return int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == len(self.ports) - 1

    @staticmethod
    def _until(port: int, holds: Callable[[redis.Redis], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis(port=port) as client:
            while True:
                try:
                    if holds(client):
                        return
                except redis.RedisError:
                    pass
                if time.monotonic() > deadline:
                    raise AssertionError(f"the server at port {port} is not where it should be")
                time.sleep(0.02)

    def kill(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self.primary.kill()
        self.replica.kill()
        for port in self.ports:
            shutil.rmtree(self.folder / f"sentinel-{port}", ignore_errors=True)
