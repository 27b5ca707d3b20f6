"""The same windows on a Dask cluster of two worker processes: the same snapshots, and the same answers to accidents."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.errors import Permanent, Transient
from collector.evaluate.windows.cluster import DaskEvaluator
from collector.evaluate.windows.pool import PoolEvaluator
from collector.ports import ReferenceFile
from tests.evaluate.test_pool import job
from tests.service import Service, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PLUGIN = (
    "import os, signal, time\n"
    "from collector.evaluate import Metric, register_metric\n"
    "@register_metric\n"
    "class Crash(Metric):\n"
    "    def calculate(self, context): os.kill(os.getpid(), signal.SIGKILL)\n"
    "@register_metric\n"
    "class Slow(Metric):\n"
    "    def calculate(self, context): time.sleep(5)\n"
    "@register_metric\n"
    "class Where(Metric):\n"
    "    def calculate(self, context): return {'value': os.getpid()}\n"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dask")
    info = folder / "away-1.dist-info"
    info.mkdir()
    (folder / "away.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: away\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[inference_collector.metrics]\naway = away\n")
    address = f"tcp://127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
    }
    dask = [sys.executable, "-m", "dask"]
    with (folder / "log").open("ab") as log:
        start: dict[str, Any] = {"env": environment, "stdout": log, "stderr": log}
        processes = [
            subprocess.Popen(
                [*dask, "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"], **start
            ),
            subprocess.Popen(
                [*dask, "worker", address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"],
                **start,
            ),
        ]  # fmt: skip
    try:
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # its worker processes are daemons: they end with their nanny, or by it
                process.kill()
                process.wait()


@asynccontextmanager
async def evaluating(address: str, timeout_seconds: float = 60):
    evaluator = DaskEvaluator(address, timeout_seconds=timeout_seconds)
    try:
        await evaluator.start()
        yield evaluator
    finally:
        await evaluator.close()


@pytest.mark.asyncio
async def test_a_cluster_makes_the_snapshots_that_the_pool_makes(cluster, tmp_path):
    path = tmp_path / "m-0123456789abcdef.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0, 4.0, 8.0]}), path)
    wanted = replace(job("DataDriftPreset"), reference=ReferenceFile(3, str(path)))
    pool = PoolEvaluator(1, 60)
    async with evaluating(cluster) as evaluator:
        try:
            ours, theirs = await pool.evaluate(wanted), await evaluator.evaluate(wanted)
            again = await evaluator.evaluate(wanted)
        finally:
            await pool.close()
    assert [record.body for record in ours] == [record.body for record in theirs] == [record.body for record in again]
    assert b'"version":3' in theirs[0].body


@pytest.mark.asyncio
async def test_windows_are_computed_in_other_processes_than_ours(cluster):
    async with evaluating(cluster) as evaluator:
        (record,) = await evaluator.evaluate(job("Where"))
    assert f'"value":{os.getpid()}'.encode() not in record.body
    assert b'"value":' in record.body


@pytest.mark.asyncio
async def test_a_worker_that_dies_takes_its_own_window_only(cluster):
    async with evaluating(cluster) as evaluator:
        with pytest.raises(Transient, match="died"):
            await evaluator.evaluate(job("Crash"))
        assert await evaluator.evaluate(job())


@pytest.mark.asyncio
async def test_a_window_that_takes_too_long_is_given_up(cluster):
    async with evaluating(cluster, timeout_seconds=1.5) as evaluator:
        with pytest.raises(Transient, match=r"longer than 1\.5 s"):
            await evaluator.evaluate(job("Slow"))


@pytest.mark.asyncio
async def test_rows_that_cannot_be_read_are_a_permanent_mistake(cluster):
    async with evaluating(cluster) as evaluator:
        with pytest.raises(Permanent):
            await evaluator.evaluate(job(data=b"no chunk"))


@pytest.mark.asyncio
async def test_a_scheduler_that_is_away_is_told(tmp_path):
    evaluator = DaskEvaluator(f"tcp://127.0.0.1:{free_port()}", timeout_seconds=1)
    await evaluator.start()
    with pytest.raises(Transient, match="cannot be reached"):
        await evaluator.evaluate(job())
    await evaluator.close()


@contextmanager
def scheduler_at(address: str, folder: Path) -> Iterator[None]:
    port = address.rpartition(":")[2]
    command = [sys.executable, "-m", "dask", "scheduler", "--port", port, "--no-dashboard", "--host", "127.0.0.1"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.asyncio
async def test_a_scheduler_that_goes_away_loses_what_it_had_and_that_is_tried_again(tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    evaluator = DaskEvaluator(address, timeout_seconds=30)
    with scheduler_at(address, tmp_path):
        await evaluator.start()
        waits_for_a_worker = asyncio.create_task(evaluator.evaluate(job()))
        await asyncio.sleep(0)  # it has asked the scheduler
    with pytest.raises(Transient, match="went away"):
        await waits_for_a_worker
    await evaluator.close()


@pytest.mark.asyncio
async def test_a_client_that_gave_up_its_scheduler_is_replaced(cluster, tmp_path: Path) -> None:
    """As it does by itself when the scheduler was away for too long. What it had sent is sent again."""
    path = tmp_path / "m-0123456789abcdef.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0, 4.0, 8.0]}), path)
    wanted = replace(job("DataDriftPreset"), reference=ReferenceFile(3, str(path)))
    async with evaluating(cluster) as evaluator:
        first = await evaluator.evaluate(wanted)
        await evaluator._client.close()
        second = await evaluator.evaluate(wanted)
    assert [record.body for record in first] == [record.body for record in second]


def test_a_service_evaluates_on_the_cluster(cluster, tmp_path: Path):
    config = "monitors: [{id: m, columns: {id: id}, window: {rows: 3}, reports: [{name: r, metrics: [Where]}]}]"
    service = Service(
        tmp_path,
        config.replace("Where", "DatasetSummaryMetric"),
        COLLECTOR_EVALUATE_EXECUTOR=cluster.replace("tcp://", "dask://"),
    )
    try:
        service.start()
        service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(6)])
        assert service.wait_settled("m")["evaluated"] == 6
        assert len(service.snapshots(monitor="m")) == 2
    finally:
        service.stop()
