"""What a request costs the server in processor time, beside the bare handler: `python -m tests.bench.cost [--rows 1 100]`;
`--servers sqlite redis --rows 1000 --encodings json arrow` compares what the rows are sent as.

For a machine that others use too: what wrk counts there says little, but what the kernel notes for the server's own
threads is nearly what it would be alone. Short loads in turn, medians.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import wrk
from tests.bench.receive import arrow, body
from tests.bench.servers import Server, bare, ours, peer, redis

_BARE = "bare"
_MAKERS: Mapping[str, Callable[[ExitStack], AbstractContextManager[Server]]] = {
    _BARE: lambda _: bare(),
    "peer": lambda _: peer(),
    "sqlite": lambda _: ours(COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL"),
    "redis": lambda stack: ours(stack.enter_context(redis())),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of a request: computing, and of those the kernel's; and neither computing nor waiting for the core."""

    computing: float
    kernel: float
    idle: float


_ENCODINGS: Mapping[str, tuple[str, Callable[[int], bytes]]] = {
    "json": ("application/json", body),
    "arrow": ("application/vnd.apache.arrow.stream", arrow),
}
"""The bare handler and the predecessor know JSON only."""


def cost_of(server: Server, payload: bytes, *, seconds: float, media: str = "application/json") -> Cost:
    before, began = _spent(server.pid), time.perf_counter()
    requests = wrk(server, payload, seconds=seconds, media=media).requests * seconds
    passed = time.perf_counter() - began
    run, waited, kernel = (after - each for after, each in zip(_spent(server.pid), before, strict=True))
    return Cost(run / requests * 1e6, kernel / requests * 1e6, max(passed - run - waited, 0.0) / requests * 1e6)


def _spent(pid: int) -> tuple[float, float, float]:
    """Seconds of all threads: on a core, waiting for one, and on it in the kernel (in hundredths)."""
    run = waited = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        running, waiting, _ = (thread / "schedstat").read_text().split()
        run += int(running)
        waited += int(waiting)
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[12])
    return run / 1e9, waited / 1e9, ticks / 100


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[1, 100])
    options.add_argument("--servers", nargs="+", choices=list(_MAKERS), default=[_BARE, "sqlite", "redis"])
    options.add_argument("--encodings", nargs="+", choices=list(_ENCODINGS), default=["json"])
    options.add_argument("--seconds", type=int, default=1)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with ExitStack() as stack:
        servers = {name: stack.enter_context(_MAKERS[name](stack)) for name in chosen.servers}
        for rows in chosen.rows:
            loads = {
                (name, encoding): (server, make(rows), media)
                for name, server in servers.items()
                for encoding, (media, make) in _ENCODINGS.items()
                if encoding in chosen.encodings
            }
            found: dict[tuple[str, str], list[Cost]] = {load: [] for load in loads}
            for server, payload, media in loads.values():
                wrk(server, payload, seconds=chosen.seconds, media=media)
            for _ in range(chosen.rounds):
                for load, (server, payload, media) in loads.items():
                    found[load].append(cost_of(server, payload, seconds=chosen.seconds, media=media))
            for (name, encoding), costs in found.items():
                total, kernel, idle = (
                    statistics.median(getattr(each, part) for each in costs) for part in ("computing", "kernel", "idle")
                )
                sys.stdout.write(
                    f"{rows:5} rows, {encoding:5} {name:8} {total:7.1f} us (kernel {kernel:5.1f}) idle {idle:6.1f}   "
                    + " ".join(f"{each.computing:.0f}" for each in costs) + "\n"
                )  # fmt: skip


if __name__ == "__main__":
    main()
