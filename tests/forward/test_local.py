"""Rules of forwarding into a folder."""

import errno
import os
from pathlib import Path

import pytest

from collector.errors import Permanent, Transient
from collector.forward import build
from collector.monitor import LocalDestination
from collector.workspace import Workspace
from tests.render.samples import arms, snapshot


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def destination_of(path: Path):
    return build("local", LocalDestination(type="local", path=str(path)))


@pytest.mark.asyncio
async def test_snapshots_arrive_in_the_project_they_name(tmp_path: Path) -> None:
    destination = destination_of(tmp_path / "workspace")
    for report in ("drift", "model"):
        await destination.deliver(snapshot(report).json())
    await destination.deliver(snapshot(project=None).json())
    workspace = Workspace(tmp_path / "workspace")
    assert [project.name for project in workspace.list_projects()] == ["Flight delays", "flight-delays"]
    assert {each.report for each in workspace.list_snapshots("Flight delays")} == {"drift", "model"}
    (other,) = workspace.list_snapshots("flight-delays")
    assert other.json() == snapshot(project=None).json()


@pytest.mark.asyncio
async def test_several_models_and_their_arms_share_a_project(tmp_path: Path) -> None:
    destination = destination_of(tmp_path)
    for monitor in ("flights", "fares"):
        for made in arms(monitor=monitor):
            await destination.deliver(made.json())
    (project,) = Workspace(tmp_path).list_projects()
    kept = Workspace(tmp_path).list_snapshots(project.id)
    assert len(kept) == 8
    against = [each for each in kept if "vs champion" in each.tags]
    assert {each.monitor for each in against} == {"flights", "fares"}
    assert {each.metadata["model_version"] for each in against} == {"challenger"}


@pytest.mark.asyncio
async def test_again_replaces_and_a_lower_revision_changes_nothing(tmp_path: Path) -> None:
    destination = destination_of(tmp_path)
    for revision, rows in ((1, 1), (2, 2), (2, 3), (1, 4)):
        await destination.deliver(snapshot(revision=revision, rows=rows).json())
    (kept,) = Workspace(tmp_path).list_snapshots("Flight delays")
    assert (kept.revision, kept.rows) == (2, 3)


@pytest.mark.asyncio
async def test_rows_stand_beside_their_snapshot_and_are_replaced_and_deleted_with_it(tmp_path: Path) -> None:
    destination = destination_of(tmp_path)
    workspace = Workspace(tmp_path)

    def rows() -> dict[str, bytes]:
        found = workspace.data_paths("Flight delays", snapshot().id)
        assert all(path.name == f"{snapshot().id}.{name}.parquet" for name, path in found.items())
        return {name: path.read_bytes() for name, path in found.items()}

    for revision, data, kept in ((2, b"two", b"two"), (1, b"one", b"two"), (3, b"three", b"three"), (3, b"3", b"3")):
        await destination.deliver(snapshot(revision=revision).json(), data)
        assert rows() == {"current": kept}
    await destination.deliver(snapshot(day=1).json(), b"other")
    await destination.deliver(snapshot(revision=4).json())
    assert rows() == {}
    workspace.delete_snapshot("Flight delays", snapshot(day=1).id)
    assert not [name for name in files(tmp_path) if name.endswith(".parquet")]


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 99}'])
async def test_what_is_no_snapshot_is_permanent(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(Permanent):
        await destination_of(tmp_path).deliver(body)


@pytest.mark.asyncio
async def test_an_id_that_leads_out_of_the_folder_is_permanent(tmp_path: Path) -> None:
    body = snapshot(id="../../outside").json()
    with pytest.raises(Permanent, match="not the id of a snapshot"):
        await destination_of(tmp_path / "inner").deliver(body)
    assert files(tmp_path) == {"project.json", ".lock"}


@pytest.mark.asyncio
async def test_a_full_disk_is_transient_and_leaves_the_old_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = destination_of(tmp_path)
    await destination.deliver(snapshot(revision=1).json())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Transient, match="No space left"):
        await destination.deliver(snapshot(revision=2).json())
    monkeypatch.undo()
    (kept,) = Workspace(tmp_path).list_snapshots("Flight delays")
    assert kept.revision == 1
    assert files(tmp_path) == {"project.json", ".lock", f"{snapshot().id}.json"}


@pytest.mark.asyncio
async def test_a_file_in_the_place_of_the_folder_is_permanent(tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("a file")
    with pytest.raises(Permanent, match="a file stands in its place"):
        await destination_of(tmp_path / "workspace").deliver(snapshot().json())
