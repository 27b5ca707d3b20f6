"""Requests that wait for the same write are judged together, and each is told what it would have been told alone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings, strategies as st

from collector.clock import ManualClock
from collector.errors import Backpressure, Invalid, TooLarge, Unavailable
from collector.evaluate.windows.frame import frame_of
from collector.model import Judged, MonitorId, Receipt, Window
from collector.monitor import Monitor
from collector.ports import Buffer, Unjudged, told_to
from collector.receive.decoders.json_rows import tabled
from collector.receive.decoders.table import Limits
from collector.receive.rows.judge import Judge
from tests.pipeline.conftest import CountingEvaluator
from tests.pipeline.harness import Pipeline

HOUR = 3_600_000_000
START = 1_714_521_600_000_000
FLIGHTS = Monitor.model_validate(
    {
        "id": "flights",
        "columns": {"id": "id", "timestamp": "at", "numerical_features": ["x"]},
        "window": {"every": "1h"},
        "reports": [{"name": "drift", "metrics": ["M"]}],
    }
)
PLAIN = Monitor.model_validate({"id": "plain", "reports": [{"name": "drift", "metrics": ["M"]}]})
_judge = Judge(max_future_seconds=60)
_limits = Limits(rows=100, columns=4, bytes=10_000)


def judged_alone(monitor: Monitor, body: Unjudged) -> Judged:
    return _judge.judge(tabled(body, _limits), monitor, now_us=START + 24 * HOUR)


@pytest_asyncio.fixture
async def pipeline(buffer: Buffer, clock: ManualClock, tmp_path: Path) -> Pipeline:
    made = Pipeline(buffer, CountingEvaluator(), clock, tmp_path)
    await made.watch(FLIGHTS, PLAIN)
    return made


async def gathered(pipeline: Pipeline, monitor: Monitor, *bodies: Any, **options: Any) -> list[Receipt | BaseException]:
    """What each of the bodies is told when all of them arrive at once."""
    answers = []
    for body in bodies:
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        pipeline.intake.gather(monitor, body, judged_alone, told_to(answer), **options)
        answers.append(answer)
    return list(await asyncio.gather(*answers, return_exceptions=True))


def row(inference: str, at_us: int = START, x: Any = 1.5) -> dict[str, Any]:
    return {"id": inference, "at": at_us, "x": x}


async def stored(buffer: Buffer, monitor: Monitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    state = await buffer.rows.state(MonitorId(monitor.id))
    for pane in state.panes:
        rows = await buffer.rows.read(MonitorId(monitor.id), Window(pane.pane))
        found += [
            {str(name): value for name, value in each.items()} for each in frame_of(rows.chunks).to_dict("records")
        ]
    return found


@pytest.mark.asyncio
async def test_requests_that_arrive_together_are_one_table_and_one_chunk(pipeline: Pipeline, buffer: Buffer):
    receipts = await gathered(pipeline, FLIGHTS, *([row(f"r{n}")] for n in range(10)))
    assert receipts == [Receipt(accepted=1)] * 10
    (pane,) = (await buffer.rows.state(MonitorId("flights"))).panes
    assert len((await buffer.rows.read(MonitorId("flights"), Window(pane.pane))).chunks) == 1


@pytest.mark.asyncio
async def test_a_bad_row_is_told_to_its_own_request_only_with_its_own_number(pipeline: Pipeline, buffer: Buffer):
    good, bad, hopeless = await gathered(
        pipeline, FLIGHTS, [row("a"), row("b")], [row("c"), row("d", x="far")], [row("e", x="near")]
    )
    assert good == Receipt(accepted=2)
    assert isinstance(bad, Receipt)
    assert (bad.accepted, bad.rejected, [(each.row, each.column) for each in bad.errors]) == (1, 1, [(1, "x")])
    assert isinstance(hopeless, Receipt)
    assert (hopeless.accepted, hopeless.rejected, [each.row for each in hopeless.errors]) == (0, 1, [0])
    assert [each["id"] for each in await stored(buffer, FLIGHTS)] == ["a", "b", "c"]
    told = pipeline.telemetry.text()
    assert b'rows_total{monitor="flights",outcome="rejected"} 2.0' in told
    assert b'rows_total{monitor="flights",outcome="accepted"} 3.0' in told


@pytest.mark.asyncio
async def test_a_request_is_judged_as_it_asked_for_whoever_waits_before_it(pipeline: Pipeline):
    """Only a body that may have a long text in it is searched for one."""

    def strict(monitor: Monitor, body: Unjudged) -> Judged:
        raise Invalid("too long")

    first, second = asyncio.Future[Receipt](), asyncio.Future[Receipt]()
    pipeline.intake.gather(FLIGHTS, [row("a")], judged_alone, told_to(first))
    pipeline.intake.gather(FLIGHTS, [row("b")], strict, told_to(second))
    found = await asyncio.gather(first, second, return_exceptions=True)
    assert found[0] == Receipt(accepted=1)
    assert isinstance(found[1], Invalid)


@pytest.mark.asyncio
async def test_a_request_that_cannot_be_judged_stops_no_other(pipeline: Pipeline):
    wide = {f"c{n}": n for n in range(5)}
    fine, too_wide, uneven, none = await gathered(
        pipeline, PLAIN, [{"x": 1}], [wide], {"x": [1], "y": [1, 2]}, []
    )  # fmt: skip
    assert fine == Receipt(accepted=1)
    assert isinstance(too_wide, TooLarge)
    assert isinstance(uneven, Invalid)
    assert isinstance(none, Invalid)


@pytest.mark.asyncio
async def test_rows_of_requests_that_name_other_columns_are_missing_there_and_nowhere_else(
    pipeline: Pipeline, buffer: Buffer
):
    receipts = await gathered(pipeline, PLAIN, [{"x": 1}], [{"y": "b"}], [{"x": 2}], {"x": [3, 4]})
    assert receipts == [Receipt(accepted=1)] * 3 + [Receipt(accepted=2)]
    rows = await stored(buffer, PLAIN)
    assert sorted(each["x"] for each in rows if each["x"] == each["x"]) == [1, 2, 3, 4]
    assert [each["y"] for each in rows if isinstance(each["y"], str)] == ["b"]


@pytest.mark.asyncio
async def test_a_request_whose_rows_belong_to_two_windows_is_told_once(pipeline: Pipeline, buffer: Buffer):
    receipts = await gathered(
        pipeline, FLIGHTS, [row("a"), row("b", START + HOUR)], [row("c", START + HOUR)], [row("d"), row("a")]
    )
    assert receipts == [Receipt(accepted=2), Receipt(accepted=1), Receipt(accepted=1, duplicates=1)]
    assert [pane.rows for pane in (await buffer.rows.state(MonitorId("flights"))).panes] == [2, 2]


@pytest.mark.asyncio
async def test_a_repeated_key_is_known_within_one_write_and_after_it(pipeline: Pipeline):
    twice = await gathered(pipeline, PLAIN, [{"x": 1}], [{"x": 1}], request_key="k")
    again = await gathered(pipeline, PLAIN, [{"x": 1}], request_key="k")
    assert twice == [Receipt(accepted=1), Receipt(duplicates=1)]
    assert again == [Receipt(duplicates=1)]


@pytest.mark.asyncio
async def test_everybody_is_told_when_the_write_fails_and_the_next_one_is_tried(
    pipeline: Pipeline, buffer: Buffer, monkeypatch: pytest.MonkeyPatch
):
    async def broken(appends: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(buffer.rows, "append", broken)
        outcomes = await gathered(pipeline, PLAIN, [{"x": 1}], [{"x": 2}])
    assert all(isinstance(each, Unavailable) for each in outcomes)
    assert await gathered(pipeline, PLAIN, [{"x": 1}]) == [Receipt(accepted=1)]
    assert b'rows_total{monitor="plain",outcome="refused"} 2.0' in pipeline.telemetry.text()


@pytest.mark.asyncio
async def test_what_waits_is_bounded(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("collector.pipeline.intake.group_commit.MAX_GATHERED_ROWS", 2)
    with pytest.raises(Backpressure):
        await gathered(pipeline, PLAIN, *([{"x": n}] for n in range(3)))


_values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.text(max_size=2)
)
_rows = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcdef"), "at": st.sampled_from([START, START + HOUR, "no time", None])},
        optional={"x": _values, "y": _values},
    ),
    max_size=3,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies=st.lists(_rows, min_size=1, max_size=6))
def test_each_is_told_what_it_would_have_been_told_alone(bodies, tmp_path_factory):
    from collector.buffer import Limits as Room, open_buffer

    async def told(*, together: bool) -> tuple[list[tuple[object, ...]], list[str]]:
        directory = tmp_path_factory.mktemp("told")
        clock = ManualClock(now_us=START)
        buffer = open_buffer(f"sqlite://{directory / 'b.db'}", clock=clock, limits=Room(1000, 10**7),
                             sqlite_synchronous="OFF")  # fmt: skip
        await buffer.open()
        pipeline = Pipeline(buffer, CountingEvaluator(), clock, directory)
        if together:
            outcomes = await gathered(pipeline, FLIGHTS, *bodies)
        else:
            outcomes = [(await gathered(pipeline, FLIGHTS, body))[0] for body in bodies]
        rows = sorted(repr(sorted(each.items())) for each in await stored(buffer, FLIGHTS))
        await buffer.close()
        return [_comparable(each) for each in outcomes], rows if _no_id_twice(bodies) else []

    assert asyncio.run(told(together=True)) == asyncio.run(told(together=False))


def _comparable(outcome: Receipt | BaseException) -> tuple[object, ...]:
    """Which of two rows of one id came first is nobody's promise."""
    if isinstance(outcome, Receipt):
        return (outcome.accepted + outcome.duplicates, outcome.rejected, outcome.late, outcome.errors)
    return (type(outcome), str(outcome))


def _no_id_twice(bodies: list[list[dict[str, Any]]]) -> bool:
    ids = [each["id"] for body in bodies for each in body]
    return len(ids) == len(set(ids))
