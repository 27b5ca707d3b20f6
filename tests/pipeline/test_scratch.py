"""Files in the making, of several processes in one folder: what a killed one left goes, what a live one writes stays."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.clock import ManualClock
from collector.model import MonitorId
from collector.pipeline.references.references import KIND, References
from collector.pipeline.references.scratch import Scratch, sweep
from collector.ports import Buffer

WRITER = """
import sys
from pathlib import Path
from collector.pipeline.references.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
scratch.take(b"half of it")
print(flush=True)
sys.stdin.read()
"""


def begun(directory: Path) -> "subprocess.Popen[bytes]":
    """Another process that is in the middle of its file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n"
    return process


def killed(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def test_what_a_killed_process_left_is_swept_and_what_others_write_stays(tmp_path: Path):
    with Scratch(tmp_path) as mine:
        mine.take(b"mine")
        dead, alive = begun(tmp_path), begun(tmp_path)
        try:
            killed(dead)
            assert len(list(tmp_path.iterdir())) == 3
            sweep(tmp_path)
            assert len(list(tmp_path.iterdir())) == 2
        finally:
            killed(alive)
        kept = mine.keep("m-{digest}")
        sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.read_bytes() == b"mine"


def test_a_file_that_is_not_kept_is_gone(tmp_path: Path):
    with Scratch(tmp_path) as scratch:
        scratch.take(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_swept_before_it_was_locked_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lock = __import__("fcntl").flock

    def late(file: int, how: int) -> None:
        monkeypatch.setattr("fcntl.flock", lock)
        sweep(tmp_path)  # another process looks in between
        lock(file, how)

    monkeypatch.setattr("fcntl.flock", late)
    with Scratch(tmp_path) as scratch:
        scratch.take(b"whole")
        assert scratch.keep("it").read_bytes() == b"whole"


def test_a_folder_that_is_not_there_has_nothing_to_sweep(tmp_path: Path):
    sweep(tmp_path / "none")


@pytest.mark.asyncio
async def test_who_fetches_a_reference_sweeps_before(buffer: Buffer, clock: ManualClock, tmp_path: Path):
    await buffer.documents.put(KIND, "m", b"rows")
    killed(begun(tmp_path / "references"))
    found = await References(buffer, tmp_path).file(MonitorId("m"))
    assert found is not None
    assert [str(path) for path in (tmp_path / "references").iterdir()] == [found.path]
