"""The servers that receiving is measured on, each in a process of its own, pinned to one core when asked."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.service import Service, free_port

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".oracle/bin/python"
SERVER_CORE, CLIENT_CORE = 0, 1
CONFIG = """
monitors:
  - id: m
    window: {every: 1d}
    reports: [{name: rows, metrics: [DatasetSummaryMetric]}]
"""
_BARE = """
import asyncio, sys, orjson, uvloop
from aiohttp import web
async def take(request):
    orjson.loads(await request.read())
    return web.Response(status=202, body=b"{}")
async def main():
    application = web.Application(client_max_size=2**26)
    application.router.add_post("/v1/monitors/m/inferences", take)
    application.router.add_get("/readyz", lambda request: web.Response())
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()
uvloop.run(main())
"""
_PEER = (
    "import sys; from evidently.legacy.collector.app import run; run(port=int(sys.argv[1]), config_path=sys.argv[2])"
)


@dataclass(frozen=True, slots=True)
class Server:
    """Something that takes rows at an address. `database` is its SQLite file, if it has one."""

    url: str
    pid: int
    path: str = "/v1/monitors/m/inferences"
    database: Path | None = None

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started meanwhile runs on this core; None: on all of them."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _process(command: list[str], directory: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with on_core(SERVER_CORE):
        process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def bare() -> Iterator[Server]:
    """A handler that reads the body and parses it, no more."""
    port = free_port()
    with _process([sys.executable, "-c", _BARE, str(port)]) as process:
        url = f"http://127.0.0.1:{port}"
        _ready(f"{url}/readyz")
        yield Server(url, process.pid)


@contextmanager
def peer() -> Iterator[Server]:
    """The collector that this one succeeds, with one collector that never reports."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "config.json").write_text('{"snapshot_interval": 1000000, "collectors": {}}')
        command = [str(PEER), "-c", _PEER, str(port), "config.json"]
        with _process(command, Path(directory)) as process:
            url = f"http://127.0.0.1:{port}"
            _ready(f"{url}/schema")
            config = {
                "trigger": {"type": "evidently:collector_trigger:IntervalTrigger", "interval": 1e9, "last_triggered": time.time()},
                "report_config": {"metrics": [], "tests": [], "options": {"render": None, "custom": {}}, "metadata": {}, "tags": []},
                "reference_path": None, "project_id": "p", "api_url": "http://127.0.0.1:1", "api_secret": None,
                "cache_reference": True, "is_cloud": False, "save_datasets": False,
            }  # fmt: skip
            request = urllib.request.Request(
                f"{url}/m", json.dumps(config).encode(), {"Content-Type": "application/json"}, method="POST"
            )
            urllib.request.urlopen(request, timeout=10).close()
            yield Server(url, process.pid, "/m/data")


@dataclass(slots=True)
class Options:
    """How `collector serve` runs."""

    core: int | None = SERVER_CORE
    arguments: tuple[str, ...] = ("--role", "receive")
    settings: dict[str, str] = field(default_factory=dict)
    config: str = CONFIG


@contextmanager
def ours(buffer_url: str | None = None, options: Options | None = None, **settings: str) -> Iterator[Server]:
    """`collector serve`; without a URL on a SQLite file of its own."""
    chosen = options or Options()
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "buffer.db"
        service = Service(
            Path(directory), chosen.config, COLLECTOR_BUFFER_URL=buffer_url or f"sqlite://{database}",
            COLLECTOR_MAX_BUFFERED_ROWS="1000000000", COLLECTOR_MAX_BUFFERED_BYTES="1000000000000",
            COLLECTOR_MAX_BODY_BYTES="300000000", COLLECTOR_TICK_SECONDS="1", **settings,
        )  # fmt: skip
        with on_core(chosen.core):
            service.start(*chosen.arguments)
        try:
            assert service.process is not None
            yield Server(service.url, service.process.pid, database=None if buffer_url else database)
        finally:
            service.stop()


@contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis server without persistence, on the client's core."""
    port = free_port()
    with on_core(CLIENT_CORE):
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _ready(url: str) -> None:
    for _ in range(400):
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not become ready")
