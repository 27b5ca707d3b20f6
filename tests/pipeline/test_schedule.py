"""Which jobs a replica runs, and when."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from collector.clock import ManualClock
from collector.pipeline.upkeep.departed import Departed
from collector.pipeline.upkeep.outboxes import Outboxes
from collector.pipeline.upkeep.schedule import FIRST_SECONDS, scheduler
from collector.ports import Buffer
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    return Pipeline(buffer, CountingEvaluator(), clock, tmp_path)


def worker(pipeline: Pipeline) -> AsyncIOScheduler:
    outboxes = Outboxes(
        queue=pipeline.buffer.queue, registry=pipeline.registry, destinations=list, telemetry=pipeline.telemetry,
        clock=pipeline.clock, most=10, give_up_seconds=60,
    )  # fmt: skip
    departed = Departed(
        queue=pipeline.buffer.queue, documents=pipeline.buffer.documents, registry=pipeline.registry,
        destinations=list, telemetry=pipeline.telemetry, clock=pipeline.clock,
    )  # fmt: skip
    return scheduler(pipeline.housekeeping, (outboxes, departed), tick_seconds=1)


async def test_a_receiver_refreshes_and_reports_and_a_worker_does_the_rest_too(pipeline: Pipeline):
    receiver = scheduler(pipeline.housekeeping, None, tick_seconds=1)
    assert {job.id for job in receiver.get_jobs()} == {"refresh", "set_gauges"}
    assert {"close_due_windows", "look_after_departed"} <= {job.id for job in worker(pipeline).get_jobs()}


async def test_a_replica_that_never_lives_for_long_forgets_what_is_old_too(pipeline: Pipeline):
    first = {job.id: (job.next_run_time - datetime.now(UTC)).total_seconds() for job in worker(pipeline).get_jobs()}
    assert {"trim_snapshots", "trim_dead_letters", "forget_requests", "sweep_outboxes"} <= first.keys()
    assert max(first.values()) <= FIRST_SECONDS


async def test_a_job_that_the_end_of_the_service_cuts_short_is_no_error_in_the_log(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    began = asyncio.Event()

    async def refresh() -> None:
        began.set()
        await asyncio.Event().wait()

    refresh.__name__ = "refresh"
    monkeypatch.setattr(pipeline.housekeeping, "refresh", refresh)
    jobs = scheduler(pipeline.housekeeping, None, tick_seconds=0.01)
    jobs.start()
    await asyncio.wait_for(began.wait(), 10)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    jobs.shutdown(wait=False)
    await asyncio.wait(others, timeout=10)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
