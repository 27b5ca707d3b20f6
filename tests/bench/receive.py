"""Receiving, as a ratio to a bare aiohttp handler that reads and parses the body, in the same run.

`python -m tests.bench.receive [--seconds 4] [--rounds 3] [--append PAGE]` prints a Markdown table. Needs wrk and
redis-server. Everything is on 127.0.0.1; every load is bounded in time.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import orjson

from tests.bench.page import put_section
from tests.service import Service, free_port

BARE = """
import sys, orjson, uvloop
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
    import asyncio
    await asyncio.Event().wait()
uvloop.run(main())
"""
_BARE = "bare aiohttp: reads and parses"
CONFIG = """
monitors:
  - id: m
    window: {every: 1d}
    reports: [{name: rows, metrics: [DatasetSummaryMetric]}]
"""


def body(rows: int) -> bytes:
    """Rows of 20 columns: 15 floats, 3 short strings, a prediction, a target; about 400 bytes of JSON each."""
    import random

    draw = random.Random(7)
    return orjson.dumps(
        [
            {**{f"feature_{i:02}": draw.gauss(0, 1) for i in range(15)}, "carrier": draw.choice(["AA", "UA", "DL"]),
             "origin": draw.choice(["JFK", "LGA"]), "dest": draw.choice(["LAX", "ORD"]),
             "prediction": draw.random(), "target": draw.randint(0, 1)}
            for _ in range(rows)
        ]
    )  # fmt: skip


@contextmanager
def bare() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def ours(buffer_url: Callable[[Path], str], **settings: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        service = Service(
            Path(directory), CONFIG, COLLECTOR_BUFFER_URL=buffer_url(Path(directory)),
            COLLECTOR_MAX_BUFFERED_ROWS="1000000000", COLLECTOR_TICK_SECONDS="1", **settings,
        )  # fmt: skip
        service.start("--role", "receive")
        try:
            yield service.url
        finally:
            service.stop()


@contextmanager
def redis() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _ready(url: str) -> str:
    for _ in range(200):
        with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=2):
            return url
        time.sleep(0.05)
    raise SystemExit(f"{url} did not become ready")


def load(url: str, payload: bytes, seconds: float) -> tuple[float, float]:
    """Requests per second, and the 99th percentile in milliseconds, of 16 keep-alive connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write(
            f'wrk.method = "POST"\nwrk.body = {_lua(payload)}\nwrk.headers["Content-Type"] = "application/json"\n'
        )
    try:
        out = subprocess.run(
            ["wrk", "-t1", "-c16", f"-d{seconds:g}s", "--latency", "-s", script.name, f"{url}/v1/monitors/m/inferences"],
            capture_output=True, text=True, timeout=seconds + 30, check=True,
        ).stdout  # fmt: skip
    finally:
        Path(script.name).unlink()
    if "Non-2xx" in out:
        raise SystemExit(f"the server refused requests:\n{out}")
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found is not None
    assert rate is not None
    return float(rate[1]), float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def _lua(payload: bytes) -> str:
    return "[==[" + payload.decode() + "]==]"


def table(seconds: float, rounds: int) -> str:
    """Run all loads; the section of the page. Raises SystemExit when a tool is missing."""
    for tool in ("wrk", "redis-server"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed; on Debian: apt-get install {tool}")
    lines = [
        "## Receiving",
        "",
        "One server process each, 16 keep-alive connections of wrk on the same cores, rows of 20 columns,",
        f"{rounds} rounds of {seconds:g} s in turn, medians. The bare handler reads the body and parses it, no more.",
        "",
        "| rows per POST | server | requests/s | rows/s | p99 ms | of bare |",
        "|---|---|---|---|---|---|",
    ]
    with ExitStack() as stack:
        redis_url = stack.enter_context(redis())
        servers = {
            _BARE: stack.enter_context(bare()),
            "SQLite, synchronous=NORMAL": stack.enter_context(
                ours(lambda directory: f"sqlite://{directory / 'b.db'}", COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL")
            ),
            "SQLite, synchronous=FULL": stack.enter_context(ours(lambda directory: f"sqlite://{directory / 'b.db'}")),
            "Redis, no AOF": stack.enter_context(ours(lambda directory: redis_url)),
        }
        for rows in (1, 100):
            lines += _rows(servers, rows, seconds, rounds)
    return "\n".join(lines) + "\n"


def _rows(servers: dict[str, str], rows: int, seconds: float, rounds: int) -> list[str]:
    payload = body(rows)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, url in servers.items():
            found[name].append(load(url, payload, seconds))
    rates = {name: statistics.median(rate for rate, _ in each) for name, each in found.items()}
    p99 = {name: statistics.median(late for _, late in each) for name, each in found.items()}
    return [
        f"| {rows} | {name} | {rate:,.0f} | {rate * rows:,.0f} | {p99[name]:.1f} | {rate / rates[_BARE]:.0%} |"
        for name, rate in rates.items()
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--append", type=Path, help="the page whose section is replaced")
    chosen = options.parse_args()
    section = table(chosen.seconds, chosen.rounds)
    sys.stdout.write(section)
    if chosen.append:
        put_section(chosen.append, section)


if __name__ == "__main__":
    main()
