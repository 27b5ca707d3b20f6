"""A Redis server of our own on a free port, in a folder of its own. Missing on a laptop it skips, in CI it fails."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

START_SECONDS = 30


def redis_binary() -> str:
    found = shutil.which("redis-server")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not on PATH; CI must have it")
        pytest.skip("redis-server is not on PATH")
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class RedisServer:
    """Started, killed and started again as the tests want; its folder stays."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def option(self, name: str) -> str:
        return self._options[self._options.index(name) + 1]

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once the server has loaded its data and answers."""
        self._process = subprocess.Popen(
            [
                redis_binary(),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--save", "", "--logfile", str(self.folder / "redis.log"), *self._options),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if time.monotonic() > deadline or self._process.poll() is not None:
                        raise
                    time.sleep(0.01)
                else:
                    return

    def kill(self) -> None:
        """kill -9: the server has no chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
