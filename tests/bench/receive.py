"""Receiving, as ratios to a bare aiohttp handler that reads and parses the body and to the peer, in the same run.

`python -m tests.bench.receive [--seconds 4] [--rounds 3] [--rows 10000000] [--write PAGE]` prints a Markdown section.
Needs wrk, redis-server, taskset, two cores, and the peer (`make oracle`). Everything is on 127.0.0.1, and bounded.
"""

import argparse
import random
import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa

from tests.bench import stored
from tests.bench.beside import beside_an_evaluation
from tests.bench.load import Rate, asking, wrk
from tests.bench.page import put_section
from tests.bench.servers import PEER, Options, Server, bare, ours, peer, redis

_BARE, _PEER, _REDIS = "bare aiohttp: reads and parses", "the predecessor, in memory", "Redis, no AOF"
_NORMAL, _FULL = "SQLite, synchronous=NORMAL", "SQLite, synchronous=FULL"


@dataclass(frozen=True, slots=True)
class Promise:
    """One figure with what is wanted of it."""

    what: str
    found: float
    wanted: float
    unit: str = ""
    at_least: bool = True

    def line(self) -> str:
        reached = self.found >= self.wanted if self.at_least else self.found <= self.wanted
        wanted = f"{'at least' if self.at_least else 'at most'} {self.wanted:g}{self.unit}"
        return f"| {self.what} | {self.found:.3g}{self.unit} | {wanted} | {'yes' if reached else 'no'} |"


def rows_of(count: int) -> list[dict[str, object]]:
    """Rows of 20 columns: 15 floats, 3 short strings, a prediction, a target; about 570 bytes of JSON each."""
    draw = random.Random(7)
    return [
        {**{f"feature_{i:02}": draw.gauss(0, 1) for i in range(15)}, "carrier": draw.choice(["AA", "UA", "DL"]),
         "origin": draw.choice(["JFK", "LGA"]), "dest": draw.choice(["LAX", "ORD"]),
         "prediction": draw.random(), "target": draw.randint(0, 1)}
        for _ in range(count)
    ]  # fmt: skip


def body(count: int) -> bytes:
    return orjson.dumps(rows_of(count))


def arrow(count: int) -> bytes:
    table = pa.Table.from_pylist(rows_of(count))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


class Bench:
    """State: how long each load lasts, and the lines found so far."""

    def __init__(self, seconds: float, rounds: int, rows: int) -> None:
        self.seconds, self.rounds, self.rows = seconds, rounds, rows
        self.loads: list[str] = []
        self.promises: list[Promise] = []

    def run(self) -> str:
        self._one_core()
        self._two_processes()
        idle, busy = beside_an_evaluation(body(1))
        self.promises.append(
            Promise("p99 of a 1-row POST beside the evaluation of 100k x 50, to its idle p99 "
                    f"({idle:.1f} ms)", busy / idle, 3, at_least=False)
        )  # fmt: skip
        self._memory()
        return self._section()

    # ------------------------------------------------------------ one pinned core

    def _one_core(self) -> None:
        with ExitStack() as stack:
            servers = {
                _BARE: stack.enter_context(bare()),
                _PEER: stack.enter_context(peer()),
                _NORMAL: stack.enter_context(ours(COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL")),
                _FULL: stack.enter_context(ours()),
                _REDIS: stack.enter_context(ours(stack.enter_context(redis()))),
            }
            one, hundred = (self._compare(servers, rows) for rows in (1, 100))
            normal = servers[_NORMAL]
            self._promise("1 row per POST, durable in Redis, to the bare handler", one, _REDIS, _BARE, 0.75)
            self._promise("1 row per POST, durable in SQLite (NORMAL), to the bare handler", one, _NORMAL, _BARE, 0.6)
            self._promise("1 row per POST, durable in Redis, to the predecessor", one, _REDIS, _PEER, 5)
            self._promise("100 rows per POST, SQLite (NORMAL), to the bare handler", hundred, _NORMAL, _BARE, 0.55)
            self._promise("100 rows per POST, Redis, to the bare handler", hundred, _REDIS, _BARE, 0.55)
            self._promise("100 rows per POST, Redis, to the predecessor", hundred, _REDIS, _PEER, 4)
            thousand = [
                self._median(normal, payload, media=media)
                for media, payload in (
                    ("application/json", body(1000)),
                    ("application/vnd.apache.arrow.stream", arrow(1000)),
                )
            ]
            json_rate, arrow_rate = (each.requests for each in thousand)
            self.promises.append(
                Promise("1000 rows per POST, Arrow to JSON, SQLite (NORMAL)", arrow_rate / json_rate, 3)
            )
        self._stored()

    def _compare(self, servers: dict[str, Server], rows: int) -> dict[str, Rate]:
        payload = body(rows)
        found: dict[str, list[Rate]] = {name: [] for name in servers}
        for _ in range(self.rounds):
            for name, server in servers.items():
                found[name].append(wrk(server, payload, seconds=self.seconds))
        rates = {name: _median(each) for name, each in found.items()}
        self.loads += [
            f"| {rows} | {name} | {rate.requests:,.0f} | {rate.requests * rows:,.0f} | {rate.p99_ms:.1f} "
            f"| {rate.requests / rates[_BARE].requests:.0%} |"
            for name, rate in rates.items()
        ]
        return rates

    def _promise(self, what: str, rates: dict[str, Rate], name: str, to: str, wanted: float) -> None:
        self.promises.append(Promise(what, rates[name].requests / rates[to].requests, wanted))

    def _median(self, server: Server, *bodies: bytes, media: str = "application/json", pinned: bool = True) -> Rate:
        return _median(
            [wrk(server, *bodies, seconds=self.seconds, media=media, pinned=pinned) for _ in range(self.rounds)]
        )

    # ------------------------------------------------------------ what is stored

    def _stored(self) -> None:
        for rows in (1, 100):
            all_rows = rows_of(500 * rows)
            bodies = [orjson.dumps(all_rows[first : first + rows]) for first in range(0, len(all_rows), rows)]
            with ours(COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL") as server, asking(server, "/livez") as alive:
                wrk(server, *bodies, seconds=self.seconds)
                alive.stop()
                assert server.database is not None
                found = stored.read(server.database, cells=1_000_000)
            plural = "row" if rows == 1 else "rows"
            each = f"{found.rows_per_chunk:.0f} rows a chunk"
            self.promises.append(
                Promise(
                    f"stored chunks of {rows}-{plural} POSTs to a frame, 1M cells ({each})",
                    found.frame_ms,
                    30,
                    " ms",
                    at_least=False,
                )
            )
            self.promises.append(
                Promise(f"stored bytes of a cell of {rows}-{plural} POSTs, to its JSON ({found.bytes_per_cell:.1f} bytes)",
                        found.bytes_per_cell / (sum(map(len, bodies)) / len(all_rows) / 20), 1 / 3, at_least=False)
            )  # fmt: skip
            longest = max(milliseconds for _, milliseconds in alive.answers)
            self.loads.append(
                f"| {rows} | longest answer of /livez beside the load on the same core: {longest:.0f} ms | | | | |"
            )

    # ------------------------------------------------------------ two processes, memory

    def _two_processes(self) -> None:
        payload = body(1)
        rates = {}
        for processes in (1, 2):
            options = Options(core=None, arguments=("--role", "receive", "--processes", str(processes)))
            with redis() as url, ours(url, options) as server:
                time.sleep(3)  # the second one starts after the first
                rates[processes] = self._median(server, payload, pinned=False)
        client = ", ".join(f"{rate.client_cores:.2f}" for rate in rates.values())
        self.promises.append(
            Promise(f"--processes 2 to one, Redis, the client on the same two cores (it took {client} of a core)",
                    rates[2].requests / rates[1].requests, 1.6)
        )  # fmt: skip

    def _memory(self) -> None:
        """Resident memory at a fifth of the rows and at the end."""
        payload = body(100)
        marks: list[float] = []
        with ours(COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL") as server:
            sent = 0
            while sent < self.rows:
                sent += round(wrk(server, payload, seconds=2).requests * 2 * 100)
                if not marks and sent >= self.rows / 5:
                    marks.append(server.resident_mb())
            marks.append(server.resident_mb())
        first, last = marks[0], marks[-1]
        self.promises.append(
            Promise(f"memory of the receiver after {sent:,} rows, to that after a fifth of them ({last:.0f} and {first:.0f} MB)",
                    last / first, 1.1, at_least=False)
        )  # fmt: skip

    def _section(self) -> str:
        return "\n".join(
            [
                "## Receiving",
                "",
                "One server process each, pinned to one core, 16 keep-alive connections of wrk on the other (with Redis, where",
                f"there is one), rows of 20 columns, {self.rounds} rounds of {self.seconds:g} s in turn, medians. The bare handler reads the body and",
                "parses it, no more; the predecessor is the legacy Evidently collector (evidently 0.7.23).",
                "",
                "| rows per POST | server | requests/s | rows/s | p99 ms | of bare |",
                "|---|---|---|---|---|---|",
                *self.loads,
                "",
                "| promise | found | wanted | reached |",
                "|---|---|---|---|",
                *(promise.line() for promise in self.promises),
                "",
            ]
        )


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(
        *(statistics.median(getattr(each, name) for each in rates) for name in ("requests", "p99_ms", "client_cores"))
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=4)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rows", type=int, default=10_000_000, help="after so many rows memory is to be flat")
    options.add_argument("--write", type=Path, help="the page whose section is replaced, docs/benchmarks.md")
    chosen = options.parse_args()
    for tool in ("wrk", "redis-server", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is not installed; on Debian: apt-get install {tool}")
    if not PEER.exists():
        raise SystemExit("the peer is not installed: make oracle")
    section = Bench(chosen.seconds, chosen.rounds, chosen.rows).run()
    sys.stdout.write(section)
    if chosen.write:
        put_section(chosen.write, section)


if __name__ == "__main__":
    main()
