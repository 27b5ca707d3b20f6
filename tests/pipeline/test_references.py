"""References on their way: versions, what is kept of them, files that come and go, paths that are away."""

import asyncio
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collector.clock import ManualClock
from collector.errors import Invalid, TooLarge, Transient
from collector.model import MonitorId
from collector.monitor import Monitor
from collector.pipeline.errors import LastErrors
from collector.pipeline.references import references as stored
from collector.pipeline.references.paths import ReferencePaths
from collector.pipeline.references.references import KIND, References
from collector.ports import Buffer

pytestmark = pytest.mark.asyncio

ID = MonitorId("flights")


def monitor(**reference: object) -> Monitor:
    return Monitor.model_validate(
        {
            "id": ID,
            "columns": {"id": "passenger", "numerical_features": ["distance"], "categorical_features": ["carrier"]},
            "reference": reference or {"upload": True},
        }
    )


ROWS, PROFILE = monitor(upload=True), monitor(upload=True, keep="profile")
REMOTE = monitor(path="s3://references/january.parquet")


def parquet(rows: int = 50, first: int = 0) -> bytes:
    sink = io.BytesIO()
    numbers = range(first, first + rows)
    frame = pd.DataFrame(
        {
            "passenger": [f"passenger-{number}" for number in numbers],
            "distance": [float(number) for number in numbers],
            "carrier": ["AA", "DL"] * (rows // 2),
        }
    )
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink)
    return sink.getvalue()


@pytest.fixture
def references(buffer: Buffer, tmp_path: Path) -> References:
    return References(buffer, tmp_path)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "references").glob("*"))


# ------------------------------------------------------------ versions and files


async def test_equal_rows_keep_their_version_and_others_get_the_next(references: References):
    assert [await references.put(ROWS, body) for body in (parquet(), parquet(), parquet(60), parquet(60))] == [
        1,
        1,
        2,
        2,
    ]


async def test_a_window_that_began_with_a_version_can_still_read_it_after_the_switch(references: References):
    await references.put(ROWS, parquet())
    begun = await references.file(ID)
    await references.put(ROWS, parquet(60))
    now = await references.file(ID)
    assert begun is not None
    assert now is not None
    assert (begun.version, now.version) == (1, 2)
    assert [pq.read_metadata(each.path).num_rows for each in (begun, now)] == [50, 60]


async def test_every_replica_sees_the_switch(references: References, buffer: Buffer, tmp_path: Path):
    replica = References(buffer, tmp_path / "other")
    for rows in (50, 60):
        await references.put(ROWS, parquet(rows))
        found = [await each.file(ID) for each in (references, replica)]
        assert [pq.read_metadata(each.path).num_rows for each in found if each is not None] == [rows, rows]
        assert (await replica.about(ID))["rows"] == rows


async def test_files_that_nobody_reads_any_more_go(references: References, tmp_path: Path):
    other = ROWS.model_copy(update={"id": "flights-2"})
    await references.put(other, parquet())
    await references.file(MonitorId("flights-2"))
    for rows in (50, 60, 70, 80, 90):
        await references.put(ROWS, parquet(rows))
        await references.file(ID)
    kept = sorted(pq.read_metadata(path).num_rows for path in files(tmp_path) if "flights-2" not in path.name)
    assert kept == [80, 90]
    assert len(files(tmp_path)) == 3  # those of the other monitor stay


async def test_a_reference_that_no_store_takes_is_refused_with_what_to_do(
    references: References, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stored, "MOST_STORED_BYTES", 100)
    with pytest.raises(TooLarge, match=r"at most 100 are stored\. A sample .* keep: profile"):
        await references.put(ROWS, parquet())
    assert await references.version(ID) is None


# ------------------------------------------------------------ what is kept


async def test_what_is_said_of_a_reference(references: References):
    columns = ["passenger", "distance", "carrier"]
    assert await references.about(ID) == {"version": None, "rows": None, "columns": None, "kept": None}
    await references.put(ROWS, parquet())
    assert await references.about(ID) == {"version": 1, "rows": 50, "columns": columns, "kept": "rows"}
    await references.put(PROFILE, parquet())
    assert await references.about(ID) == {"version": 2, "rows": 50, "columns": columns, "kept": "profile"}


async def stored_bodies(buffer: Buffer, tmp_path: Path) -> list[bytes]:
    document = await buffer.documents.get(KIND, ID)
    assert document is not None
    return [document.body, *(path.read_bytes() for path in files(tmp_path))]


async def test_neither_store_nor_disk_holds_a_row_when_the_profile_is_kept(
    references: References, buffer: Buffer, tmp_path: Path
):
    await references.put(PROFILE, parquet())
    await references.file(ID)
    bodies = await stored_bodies(buffer, tmp_path)
    assert len(bodies) == 2
    for body in bodies:
        table = pq.read_table(io.BytesIO(body))
        assert table["column"].to_pylist() == ["passenger", "distance", "carrier"]  # a line each, whatever the rows
        assert "passenger-7" not in str(table.to_pylist())


async def test_rows_that_were_stored_go_when_only_the_profile_is_wished(
    references: References, buffer: Buffer, tmp_path: Path
):
    await references.put(ROWS, parquet())
    await references.file(ID)
    await references.settle(PROFILE)
    await references.file(ID)
    assert (await references.about(ID))["kept"] == "profile"
    for body in await stored_bodies(buffer, tmp_path):
        assert "passenger-7" not in str(pq.read_table(io.BytesIO(body)).to_pylist())
    await references.settle(PROFILE)
    assert await references.version(ID) == 2


async def test_a_profile_of_the_same_rows_keeps_its_version(references: References):
    assert [await references.put(PROFILE, parquet()) for _ in range(2)] == [1, 1]


async def test_too_few_rows_for_a_profile_are_refused(references: References):
    with pytest.raises(Invalid, match="keep: profile needs at least 5"):
        await references.put(PROFILE, parquet(4))


# ------------------------------------------------------------ paths


class Store:
    """An object store: what it answers, one after the other, the last one for ever."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)

    def read(self, monitor: Monitor, path: str) -> bytes:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Naps:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._asleep = asyncio.Event()
        self._wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._asleep.set()
        await self._wake.wait()
        self._wake.clear()

    async def pass_on(self) -> None:
        """Wait until it sleeps, wake it, and wait until it sleeps again or is done."""
        await self._asleep.wait()
        self._asleep.clear()
        self._wake.set()

    async def settled(self) -> None:
        await self._asleep.wait()


@pytest.fixture
def naps() -> Naps:
    return Naps()


def paths(store: Store, references: References, buffer: Buffer, clock: ManualClock, naps: Naps) -> ReferencePaths:
    return ReferencePaths(
        read=store.read, references=references, errors=LastErrors(buffer, clock), wake=asyncio.Event(), sleep=naps
    )


AWAY = Transient("s3://references/january.parquet: cannot be read: no answer")


async def test_a_store_that_is_away_stops_no_start_and_its_windows_wait(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps
):
    woken = asyncio.Event()
    watched = ReferencePaths(
        read=Store(AWAY, AWAY, parquet()).read, references=references, errors=LastErrors(buffer, clock), wake=woken,
        sleep=naps,
    )  # fmt: skip
    async with watched.watching([REMOTE]):
        await naps.settled()
        assert watched.ready([ID, MonitorId("other")]) == ["other"]
        assert "no answer" in str(await LastErrors(buffer, clock).get(ID))
        await naps.pass_on()
        await naps.settled()
        assert watched.ready([ID]) == []
        await naps.pass_on()
        await woken.wait()
        assert watched.ready([ID]) == [ID]
    assert naps.seconds == [2.0, 4.0]
    assert await references.version(ID) == 1


async def test_windows_do_not_wait_when_an_earlier_version_is_there(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps
):
    await references.put(REMOTE, parquet())
    watched = paths(Store(AWAY), references, buffer, clock, naps)
    async with watched.watching([REMOTE]):
        assert watched.ready([ID]) == [ID]
        await naps.settled()
    assert await references.version(ID) == 1


async def test_windows_go_on_when_another_replica_has_read_it(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps
):
    watched = paths(Store(AWAY), references, buffer, clock, naps)
    async with watched.watching([REMOTE]):
        await naps.settled()
        assert watched.ready([ID]) == []
        await References(buffer, Path("elsewhere")).put(REMOTE, parquet())
        await naps.pass_on()
        await naps.settled()
        assert watched.ready([ID]) == [ID]


@pytest.mark.parametrize("path", ["/data/january.parquet", "s3://references/january.parquet"])
async def test_what_can_never_be_a_reference_is_told_at_the_start(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps, path: str
):
    watched = paths(Store(Invalid("lacks the column 'distance'")), references, buffer, clock, naps)
    with pytest.raises(Invalid, match="lacks the column 'distance'"):
        async with watched.watching([monitor(path=path)]):
            pytest.fail("it has started")


async def test_a_path_that_is_refreshed_gives_the_next_version_and_a_broken_one_leaves_the_last(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps
):
    refreshed = monitor(path="s3://references/january.parquet", refresh="1h")
    store = Store(parquet(), parquet(), Invalid("half written"), parquet(60))
    watched = paths(store, references, buffer, clock, naps)
    versions = []
    async with watched.watching([refreshed]):
        for _ in range(4):
            await naps.settled()
            versions.append(await references.version(ID))
            await naps.pass_on()
    assert versions == [1, 1, 1, 2]
    assert naps.seconds[:4] == [3600.0, 3600.0, 2.0, 3600.0]


async def test_one_reference_that_is_away_does_not_keep_another_from_being_read(
    references: References, buffer: Buffer, clock: ManualClock, naps: Naps
):
    other = REMOTE.model_copy(update={"id": "other"})

    class Half(Store):
        def read(self, monitor: Monitor, path: str) -> bytes:
            return parquet() if monitor.id == "other" else super().read(monitor, path)

    watched = paths(Half(AWAY), references, buffer, clock, naps)
    async with watched.watching([REMOTE, other]):
        assert watched.ready([ID, MonitorId("other")]) == ["other"]
