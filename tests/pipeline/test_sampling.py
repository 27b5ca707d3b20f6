"""Windows with more rows than memory has room for: a fair sample, the same for everybody, and exact counts."""

from collections import Counter
from pathlib import Path

import pytest
import pytest_asyncio

from collector import chunks
from collector.clock import ManualClock
from collector.model import SECOND_US, MonitorId, Pane, Window, WindowRows
from collector.monitor import Monitor
from collector.pipeline import sampling
from collector.pipeline.sampling import sample
from collector.ports import Buffer, EarlierRows
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

pytestmark = pytest.mark.asyncio

START = 1_714_521_600_000_000
HOUR = 3600 * SECOND_US
M = MonitorId("m")
PANE = Pane(START, START + HOUR)
WISH = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id", "timestamp": "at", "target": "y"}, "window": {"every": "1h"},
     "labels": {"wait": "1h"}, "reports": [{"name": "r", "metrics": ["M"]}]}
)  # fmt: skip


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setattr(sampling, "BLOCK_ROWS", 64)
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await made.watch(WISH)
    for first in range(0, 900, 90):
        await made.send(
            WISH, [f"r{n}" for n in range(first, first + 90)], [START + n for n in range(first, first + 90)]
        )
    await made.send(WISH, ["r5", "r899"], [START, START])  # known already: they are in no window
    return made


def instants(found: WindowRows) -> list[int]:
    """Which rows were taken, by their instants, which tell them apart."""
    taken: list[int] = []
    for stored in found.chunks:
        chunk = chunks.decode(stored.data)
        column = chunk.of_column(list(chunk.layout.names).index("at")).cast("q").tolist()
        taken += column if stored.take is None else [column[index] for index in stored.take]
    return [instant - START for instant in taken]


async def test_a_sample_has_its_size_no_row_twice_and_the_count_of_all(pipeline: Pipeline):
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 250)
    assert (found.of, found.rows.rows, len(set(instants(found.rows)))) == (900, 250, 250)


async def test_whoever_samples_again_sees_the_same_rows(pipeline: Pipeline):
    one, other = [await sample(pipeline.buffer.rows, M, [Window(PANE)], 250) for _ in range(2)]
    assert instants(one.rows) == instants(other.rows)


async def test_no_part_of_the_window_is_preferred(pipeline: Pipeline):
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 300)
    tenths = Counter(instant // 90 for instant in instants(found.rows))
    assert all(20 <= tenths[tenth] <= 40 for tenth in range(10))  # 30 each, give or take
    within = Counter(instant % 10 for instant in instants(found.rows))
    assert all(10 <= within[digit] <= 55 for digit in range(10))


async def test_a_sample_as_large_as_the_window_is_the_window(pipeline: Pipeline):
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 5000)
    assert instants(found.rows) == list(range(900))
    whole = await pipeline.buffer.rows.read(M, Window(PANE))
    assert whole.rows == found.rows.rows


async def test_labels_follow_their_rows_and_all_of_them_are_counted(pipeline: Pipeline):
    await pipeline.label(WISH, *[f"r{n}" for n in range(0, 900, 2)])
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 300)
    assert [each.labelled for each in found.each] == [450]
    ids = {each for stored in found.rows.chunks for each in sampling._ids(stored.ids)}
    assert len(ids) == 300
    assert set(found.rows.labels) <= ids
    assert len(found.rows.labels) == sum(1 for instant in instants(found.rows) if instant % 2 == 0)


async def test_a_purged_beginning_is_not_sampled(pipeline: Pipeline):
    await pipeline.buffer.rows.purge(M, PANE, before_row=400)
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 100)
    assert found.of == 500
    assert min(instants(found.rows)) >= 400


async def test_the_account_counts_all_rows_of_a_window_that_was_sampled(
    pipeline: Pipeline, buffer: Buffer, clock: ManualClock, tmp_path: Path
):
    evaluator = CountingEvaluator()
    made = Pipeline(buffer, evaluator, clock, tmp_path, most_rows=100)
    await made.watch(WISH)
    await made.intake.flush(WISH)
    await made.work()
    (job,) = evaluator.jobs
    assert (job.rows.rows, job.sampled_of) == (100, 900)
    assert await made.rows(WISH) == {"accepted": 900, "evaluated": 900, "dead": 0, "dropped": {}, "waiting": 0}
    clock.advance(seconds=60)
    await made.work()
    assert len(evaluator.jobs) == 1  # it has seen all there is


SLIDING = Monitor.model_validate(
    {"id": "m", "columns": {"id": "id", "timestamp": "at"}, "window": {"every": "1h", "over": "3h"},
     "reference": {"previous_window": True}, "reports": [{"name": "r", "metrics": ["M"]}]}
)  # fmt: skip


async def test_a_sliding_window_samples_all_that_it_reads_alike_and_so_its_reference(
    buffer: Buffer, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sampling, "BLOCK_ROWS", 64)
    evaluator = CountingEvaluator()
    made = Pipeline(buffer, evaluator, clock, tmp_path, most_rows=60)
    await made.watch(SLIDING)
    sizes = {0: 150, 1: 150, 2: 150, 3: 50, 4: 100, 5: 150}  # an hour each
    for hour, size in sizes.items():
        await made.send(SLIDING, [f"{hour}/{n}" for n in range(size)], [START + hour * HOUR + n for n in range(size)])
    clock.advance(seconds=6 * 3600)
    await made.work()
    job = next(job for job in evaluator.jobs if job.window.pane.start_us == START + 5 * HOUR)
    assert (job.rows.rows, job.sampled_of) == (60, 300)
    assert Counter(instant // HOUR for instant in instants(job.rows)) == {3: 10, 4: 20, 5: 30}
    assert isinstance(job.reference, EarlierRows)
    assert Counter(instant // HOUR for instant in instants(job.reference.rows)) == {0: 20, 1: 20, 2: 20}
    rows = await made.rows(SLIDING)
    assert (rows["accepted"], rows["evaluated"]) == (750, 750)  # each once, whatever was sampled
    clock.advance(seconds=60)
    asked = len(evaluator.jobs)
    await made.work()
    assert len(evaluator.jobs) == asked  # it has seen all there is


async def test_a_window_that_slides_over_little_reads_all_of_it(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    evaluator = CountingEvaluator()
    made = Pipeline(buffer, evaluator, clock, tmp_path)
    await made.watch(SLIDING)
    for hour in range(3):
        await made.send(SLIDING, [f"{hour}/{n}" for n in range(5)], [START + hour * HOUR] * 5)
    clock.advance(seconds=3 * 3600)
    await made.work()
    assert [(job.rows.rows, job.sampled_of) for job in evaluator.jobs] == [(5, None), (10, None), (15, None)]


async def test_labels_that_come_while_a_large_window_is_read_are_seen_by_the_next_evaluation(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    read = pipeline.buffer.rows.read
    blocks = 0

    async def labelled_meanwhile(monitor: MonitorId, window: Window) -> WindowRows:
        nonlocal blocks
        found = await read(monitor, window)
        if blocks == 0:
            await pipeline.label(WISH, "r1")  # of the block that was just read
        blocks += 1
        return found

    monkeypatch.setattr(pipeline.buffer.rows, "read", labelled_meanwhile)
    found = await sample(pipeline.buffer.rows, M, [Window(PANE)], 100)
    assert blocks > 1
    assert [each.label_changes for each in found.each] == [0]


async def test_a_snapshot_says_of_how_many_rows_it_is_a_sample():
    from collector.evaluate.windows.job import run
    from collector.model import Phase, StoredChunk, WindowRows
    from collector.ports import Job
    from collector.snapshot import Snapshot

    wish = Monitor.model_validate(
        {"id": "m", "segments": ["c"], "reports": [{"name": "r", "metrics": ["DatasetSummaryMetric"]}]}
    )
    data = chunks.encode({"x": [1.0, 2.0, 3.0, 4.0], "c": ["a", "a", "a", "b"]}, 4)
    rows = WindowRows([StoredChunk(data)], 4, {})
    job = Job(wish, Phase.ROWS, Window(PANE), rows, 1, None, START, sampled_of=403)
    made = [Snapshot.from_json(record.body) for record in run(job)]
    told = {str((each.segment or {}).get("c")): (each.rows, each.sampled) for each in made}
    assert told["None"] == (403, {"rows": 4, "of": 403})
    assert told["a"] == (302, {"rows": 3, "of": 302})
