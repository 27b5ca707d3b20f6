"""How long a request of one row takes beside the evaluation of a large window, on the same two cores."""

import json
import time
import urllib.request

import numpy as np
import pyarrow as pa

from tests.bench.load import asking, p99
from tests.bench.servers import Options, Server, ours

_ROWS, _COLUMNS, _TIMES = 100_000, 50, 8
_IDLE_SECONDS, _POLL_SECONDS = 6, 0.05
_CONFIG = """
monitors:
  - id: m
    window: {every: 1d}
    reports: [{name: rows, metrics: [DatasetSummaryMetric]}]
"""
_LARGE = """
  - id: large-%d
    window: {every: 1d}
    reference: {upload: true}
    reports: [{name: all, metrics: [DataDriftPreset, DataQualityPreset]}]
"""


def beside_an_evaluation(row: bytes) -> tuple[float, float]:
    """p99 in milliseconds, while nothing else happens and while such a window is evaluated, each of a monitor of its own.

    Somebody looks for new snapshots all the time, in both: that costs a request of a row something too.
    """
    config = _CONFIG + "".join(_LARGE.removeprefix("\n") % number for number in range(_TIMES + 1))
    options = Options(core=None, arguments=("--role", "all"), config=config)
    with ours(options=options, COLLECTOR_SQLITE_SYNCHRONOUS="NORMAL") as server:
        for number in range(_TIMES + 1):
            _send(server, number, "PUT", "reference", _table(100 + number))
            _send(server, number, "POST", "inferences", _table(number))
        _evaluate(server, 0)  # the first one also starts what computes
        with asking(server, "/v1/monitors/m/inferences", row) as patient:
            for _ in range(int(_IDLE_SECONDS / _POLL_SECONDS)):
                _seen(server, 0)
                time.sleep(_POLL_SECONDS)
        idle = [milliseconds for _, milliseconds in patient.answers]
        busy: list[float] = []
        for number in range(1, _TIMES + 1):
            with asking(server, "/v1/monitors/m/inferences", row) as patient:
                began, ended = _evaluate(server, number)
            busy += [milliseconds for due, milliseconds in patient.answers if began <= due <= ended]
    return p99(idle), p99(busy)


def _evaluate(server: Server, number: int) -> tuple[float, float]:
    """From when to when a window was evaluated."""
    began = time.perf_counter()
    _send(server, number, "POST", "flush", b"")
    for _ in range(1200):
        if _seen(server, number):
            return began, time.perf_counter()
        time.sleep(_POLL_SECONDS)
    raise SystemExit("the window was not evaluated within a minute")


def _seen(server: Server, number: int) -> bool:
    with urllib.request.urlopen(f"{server.url}/v1/snapshots?monitor=large-{number}", timeout=20) as answer:
        return bool(json.load(answer)["snapshots"])


def _send(server: Server, number: int, method: str, what: str, body: bytes) -> None:
    headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
    url = f"{server.url}/v1/monitors/large-{number}/{what}"
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=60).close()


def _table(seed: int) -> bytes:
    draw = np.random.default_rng(seed)
    columns = {f"x{n}": draw.normal(size=_ROWS) for n in range(_COLUMNS - 5)}
    names = {f"s{n}": draw.choice(["a", "b", "c", "d"], _ROWS) for n in range(5)}
    table = pa.table({**columns, **names})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
