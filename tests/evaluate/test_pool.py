"""Windows are computed in processes: what dies or hangs takes one window with it, and the next one is served."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from collector.chunks import encode
from collector.errors import Permanent, Transient
from collector.evaluate.windows import computing
from collector.evaluate.windows.pool import PoolEvaluator
from collector.model import Pane, Phase, StoredChunk, Window, WindowRows
from collector.monitor import Monitor
from collector.ports import Job

pytestmark = [pytest.mark.e2e]


def job(metric="DatasetSummaryMetric", data=None, name="m"):
    monitor = Monitor.model_validate({"id": name, "reports": [{"name": "r", "metrics": [metric]}]})
    chunk = StoredChunk(encode({"x": [1.0, 2.0, 3.0]}, 3) if data is None else data)
    return Job(monitor, Phase.ROWS, Window(Pane(0, 60_000_000)), WindowRows([chunk], 3, {}), 1, None, 7)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Metrics that misbehave, found by the children as an installed plug-in would be."""
    (tmp_path / "misbehaving.py").write_text(
        "import asyncio, os, signal, sys, time\n"
        "from collector.evaluate import Metric, register_metric\n"
        "@register_metric\n"
        "class Crash(Metric):\n"
        "    def calculate(self, context): os.kill(os.getpid(), signal.SIGSEGV)\n"
        "@register_metric\n"
        "class Hang(Metric):\n"
        "    def calculate(self, context): time.sleep(600)\n"
        "@register_metric\n"
        "class Exit(Metric):\n"
        "    def calculate(self, context): sys.exit('leaving')\n"
        "@register_metric\n"
        "class Cancel(Metric):\n"
        "    def calculate(self, context): raise asyncio.CancelledError('not today')\n"
        "@register_metric\n"
        "class Interrupt(Metric):\n"
        "    def calculate(self, context): raise KeyboardInterrupt('not today')\n"
        "@register_metric\n"
        "class Niceness(Metric):\n"
        "    def calculate(self, context): return {'value': os.nice(0), 'pid': os.getpid()}\n"
    )
    info = tmp_path / "misbehaving-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: misbehaving\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[inference_collector.metrics]\nmisbehaving = misbehaving\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.asyncio
async def test_a_window_gives_one_record_per_report():
    pool = PoolEvaluator(1, 60)
    try:
        (record,) = await pool.evaluate(job())
    finally:
        await pool.close()
    assert record.monitor == "m"
    assert b'"number_of_rows":3' in record.body


def large_job(metric="DatasetSummaryMetric"):
    """Chunks of 400 kB beside small ones: they go to the process by another way."""
    draw = random.Random(5)
    chunks = [StoredChunk(encode({"x": [draw.random() for _ in range(rows)]}, rows)) for rows in (50_000, 3, 60_000)]
    rows = WindowRows([*chunks, StoredChunk(chunks[0].data, b"", range(10, 20_010))], 130_003, {})
    assert max(len(chunk.data) for chunk in chunks) > 400_000
    return replace(job(metric), rows=rows)


@pytest.mark.asyncio
async def test_large_chunks_arrive_as_they_were_among_small_ones():
    pool = PoolEvaluator(1, 60)
    try:
        for _ in range(2):  # what is left over of one window would spoil the next one
            (record,) = await pool.evaluate(large_job("DatasetSummaryMetric"))
            (expected,) = computing.evaluate(large_job("DatasetSummaryMetric")).records
            assert record.body == expected.body
    finally:
        await pool.close()
    assert b'"number_of_rows":130003' in record.body


@pytest.mark.asyncio
async def test_a_process_that_takes_no_rows_any_more_costs_one_attempt(plugin):
    pool = PoolEvaluator(1, 1.0)
    await pool.start()
    try:
        (record,) = await pool.evaluate(job("Niceness"))
        os.kill(int(record.body.split(b'"pid":')[1].split(b"}")[0]), signal.SIGSTOP)
        with pytest.raises(Transient, match="longer than 1 s"):
            await pool.evaluate(large_job())
        assert await pool.evaluate(job())
    finally:
        await pool.close()


@pytest.mark.asyncio
async def test_a_process_that_crashes_takes_its_own_window_only(plugin):
    pool = PoolEvaluator(2, 60)
    await pool.start()
    try:
        crashed, served = await asyncio.gather(
            pool.evaluate(job("Crash")), pool.evaluate(job("Niceness")), return_exceptions=True
        )
        assert isinstance(crashed, Transient)
        assert not isinstance(served, BaseException)
        (again,) = await pool.evaluate(job())
        assert again.body
    finally:
        await pool.close()


@pytest.mark.parametrize("metric", ["Cancel", "Interrupt"])
@pytest.mark.asyncio
async def test_what_ends_a_program_elsewhere_costs_the_window_one_attempt_and_the_service_nothing(plugin, metric):
    pool = PoolEvaluator(1, 60)
    await pool.start()
    try:
        with pytest.raises(Transient, match="not today"):
            await pool.evaluate(job(metric))
        assert await pool.evaluate(job())
    finally:
        await pool.close()


@pytest.mark.asyncio
async def test_a_metric_that_exits_is_a_result_with_its_reason(plugin):
    pool = PoolEvaluator(1, 60)
    await pool.start()
    try:
        (record,) = await pool.evaluate(job("Exit"))
        assert b"SystemExit: leaving" in record.body
    finally:
        await pool.close()


@pytest.mark.parametrize("failure", [OSError("handle is closed"), ConnectionResetError(), EOFError("half")])
@pytest.mark.asyncio
async def test_a_process_that_could_not_be_started_costs_one_attempt(monkeypatch, failure):
    """As when whoever starts the processes is killed in that moment."""

    def fails(*_, **__):
        monkeypatch.undo()
        raise failure

    pool = PoolEvaluator(1, 60)
    monkeypatch.setattr("multiprocessing.popen_forkserver.Popen._launch", fails)
    try:
        with pytest.raises(Transient, match="could be started"):
            await pool.evaluate(job())
        assert await pool.evaluate(job())
    finally:
        await pool.close()


@pytest.mark.asyncio
async def test_a_window_that_takes_too_long_is_given_up_and_its_process_is_gone(plugin):
    pool = PoolEvaluator(1, 1.0)
    await pool.start()
    try:
        (record,) = await pool.evaluate(job("Niceness"))
        pid = int(record.body.split(b'"pid":')[1].split(b"}")[0])
        with pytest.raises(Transient, match="longer than 1 s"):
            await pool.evaluate(job("Hang"))
        for _ in range(200):
            if not _alive(pid):
                break
            await asyncio.sleep(0.02)
        assert not _alive(pid)
        assert await pool.evaluate(job())
    finally:
        await pool.close()


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.asyncio
async def test_a_process_that_was_killed_while_idle_is_replaced(plugin):
    pool = PoolEvaluator(1, 60)
    await pool.start()
    try:
        (record,) = await pool.evaluate(job("Niceness"))
        os.kill(int(record.body.split(b'"pid":')[1].split(b"}")[0]), signal.SIGKILL)
        outcomes: list[object] = []
        for _ in range(3):
            try:
                outcomes.append(await pool.evaluate(job()))
                break
            except Transient as error:
                outcomes.append(error)
        assert not isinstance(outcomes[-1], Transient)
    finally:
        await pool.close()


@pytest.mark.asyncio
async def test_bytes_that_are_no_chunk_can_never_be_evaluated():
    pool = PoolEvaluator(1, 60)
    try:
        with pytest.raises(Permanent, match="not a chunk"):
            await pool.evaluate(job(data=b"\x63nonsense"))
    finally:
        await pool.close()


@pytest.mark.asyncio
async def test_the_processes_give_way_to_receiving(plugin):
    pool = PoolEvaluator(1, 60)
    try:
        (record,) = await pool.evaluate(job("Niceness"))
    finally:
        await pool.close()
    niceness = int(record.body.split(b'"value":')[1].split(b",")[0])
    assert niceness >= min(19, os.nice(0) + 10)


@pytest.mark.asyncio
async def test_the_loop_stays_free_while_a_window_is_computed(plugin):
    pool = PoolEvaluator(1, 1.5)
    await pool.start()
    try:
        task = asyncio.create_task(pool.evaluate(job("Hang")))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(Transient):
            await task
        assert turns > 20
    finally:
        await pool.close()


def test_the_processes_die_with_a_parent_that_is_killed():
    code = (
        "import asyncio, time\n"
        "from collector.evaluate.windows.pool import PoolEvaluator\n"
        "pool = PoolEvaluator(1, 60)\n"
        "asyncio.run(pool.start())\n"
        "print(pool._slots[0]._pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _alive(pid)
        parent.kill()
    for _ in range(500):
        if not _alive(pid):
            break
        time.sleep(0.02)
    assert not _alive(pid)
