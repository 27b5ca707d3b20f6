"""Batches on disk: what survives the process, in which order, and what happens when the disk is odd."""

import shutil
import time
from pathlib import Path

import pytest

HOUR = 3600.0


def spool_files(directory: Path, ending: str = "spool") -> list[Path]:
    return sorted(directory.rglob(f"*.{ending}"))


def wait_until(happened) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_what_could_not_be_sent_survives_a_restart_of_the_process(service, make, tmp_path):
    service.stop()
    first = make(spool_dir=tmp_path)
    for number in range(5):
        first.log({"x": number}, id=f"i{number}", timestamp="2013-02-01")
        first.label(id=f"i{number}", target=1)
    first.close(timeout=0.2)
    stats = first.stats()
    assert (stats.spooled, stats.labels.spooled) == (5, 5)
    assert stats.dropped == {}
    assert stats.balanced

    stub = service.start()
    second = make(spool_dir=tmp_path)
    assert second.flush()
    assert [row["x"] for row in stub.rows()] == list(range(5))
    assert stub.rows()[0] == {"x": 0, "flight_id": "i0", "at": "2013-02-01"}
    assert [label["id"] for label in stub.rows("labels")] == [f"i{number}" for number in range(5)]
    stats = second.stats()
    assert (stats.logged, stats.recovered, stats.accepted, stats.spooled) == (0, 5, 5, 0)
    assert stats.balanced
    assert stats.labels.balanced
    second.close()
    assert list(tmp_path.rglob("*.*")) == []


def test_a_batch_keeps_its_key_over_the_restart(stub, make, tmp_path):
    stub.failures.append((503, {"Retry-After": "60"}, {}))
    first = make(spool_dir=tmp_path)
    first.log({"x": 1})
    stub.wait_for(lambda: len(stub.posts) == 1)
    first.close(timeout=1)
    make(spool_dir=tmp_path)
    stub.wait_for(lambda: len(stub.posts) == 2)
    assert stub.posts[0].key == stub.posts[1].key
    assert stub.posts[0].rows == stub.posts[1].rows


def test_while_the_server_is_down_rows_go_to_disk_and_free_the_queue(service, make, tmp_path):
    service.stop()
    collector = make(spool_dir=tmp_path, queue_rows=20, batch_rows=10, flush_seconds=0.02)
    for number in range(100):
        wait_until(lambda: collector.stats().queued < 20)
        collector.log({"x": number})
    wait_until(lambda: collector.stats().spooled == 100)
    assert collector.stats().dropped == {}
    stub = service.start()
    collector.log({"x": 100})
    assert collector.flush()
    assert [row["x"] for row in stub.rows()] == list(range(101))
    assert collector.stats().balanced
    assert spool_files(tmp_path) == []


def test_a_full_spool_drops_and_counts(service, make, tmp_path):
    service.stop()
    collector = make(spool_dir=tmp_path, spool_bytes=2000)
    for number in range(20):
        collector.log({"text": "a" * 300, "x": number})
    collector.close(timeout=0.1)
    stats = collector.stats()
    assert stats.dropped == {"spool_full": 20}
    assert stats.balanced


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version":9,"key":"k","entries":[]}', b"\xff\xfe"])
def test_a_corrupt_file_is_set_aside_and_counted_and_the_others_are_sent(service, make, tmp_path, content):
    service.stop()
    first = make(spool_dir=tmp_path, batch_rows=1)
    first.log({"x": 1})
    first.log({"x": 2})
    first.close(timeout=0.2)
    oldest, _ = spool_files(tmp_path)
    oldest.write_bytes(content)
    stub = service.start()
    second = make(spool_dir=tmp_path)
    assert second.flush()
    assert [row["x"] for row in stub.rows()] == [2]
    stats = second.stats()
    assert stats.spool_corrupt == 1
    assert stats.dropped == {"spool_corrupt": 1}
    assert stats.balanced
    assert [path.read_bytes() for path in spool_files(tmp_path, "corrupt")] == [content]


def test_a_file_of_another_name_is_set_aside(service, make, tmp_path):
    service.stop()
    first = make(spool_dir=tmp_path)
    first.log({"x": 1})
    first.close(timeout=0.1)
    path = spool_files(tmp_path)[0]
    path.rename(path.with_name("mine.spool"))
    service.start()
    second = make(spool_dir=tmp_path)
    assert second.flush()
    assert second.stats().spool_corrupt == 1
    assert second.stats().balanced


def test_a_half_written_file_is_never_read(service, make, tmp_path):
    service.stop()
    first = make(spool_dir=tmp_path)
    first.log({"x": 1})
    first.close(timeout=0.1)
    path = spool_files(tmp_path)[0]
    path.rename(path.with_suffix(".writing"))
    stub = service.start()
    second = make(spool_dir=tmp_path)
    assert second.flush()
    assert stub.posts == []
    assert spool_files(tmp_path, "writing") == []  # nobody will end it


def test_a_directory_that_is_cleared_away_is_made_again(service, make, tmp_path):
    service.stop()
    collector = make(spool_dir=tmp_path)
    collector.log({"x": 1})
    wait_until(lambda: collector.stats().spooled == 1)
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
    collector.log({"x": 2})
    collector.close(timeout=0.1)
    assert len(spool_files(tmp_path)) == 1
    assert collector.stats().balanced


def test_a_folder_that_is_gone_or_not_ours_is_left_alone(make, tmp_path, monkeypatch):
    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    make(spool_dir=tmp_path)
    for folder in tmp_path.iterdir():
        (folder / "theirs").mkdir()
    monkeypatch.setattr("collector_sdk.spool.os.open", refuse)
    assert make(spool_dir=tmp_path).stats().recovered == 0


def test_two_processes_may_share_the_directory(service, make, tmp_path):
    """The second finds the first one's folder locked, and leaves it alone."""
    service.stop()
    first = make(spool_dir=tmp_path)
    first.log({"x": 1})
    wait_until(lambda: first.stats().spooled == 1)
    second = make(spool_dir=tmp_path)
    assert second.stats().recovered == 0
    stub = service.start()
    assert first.flush()
    assert len(stub.rows()) == 1
    assert first.stats().balanced


def test_two_monitors_may_share_the_directory(service, make, tmp_path):
    from collector_sdk import Collector

    service.stop()
    first = make(spool_dir=tmp_path)
    first.log({"x": 1})
    first.close(timeout=0.1)
    stub = service.start()
    other = Collector(stub.url, monitor="another", spool_dir=tmp_path)
    assert other.flush()
    other.close()
    assert stub.posts == []
    assert len(spool_files(tmp_path)) == 1


def test_what_goes_to_disk_before_the_names_are_known_keeps_every_prediction(service, make, tmp_path):
    service.stop()
    service.stub.monitor = {"monitor": {"columns": {"prediction": ["p0", "p1"]}}}
    first = make(spool_dir=tmp_path)
    first.log({"x": 1}, prediction=[0.4, 0.6])
    first.close(timeout=0.1)
    assert (first.stats().spooled, first.stats().dropped) == (1, {})
    stub = service.start()
    assert make(spool_dir=tmp_path).flush()
    assert stub.rows() == [{"x": 1, "p0": 0.4, "p1": 0.6}]


def test_a_bad_row_is_left_out_of_the_file(service, make, tmp_path):
    service.stop()
    collector = make(spool_dir=tmp_path)
    collector.log({"x": object()})
    collector.log({"x": 1})
    collector.close(timeout=0.1)
    stats = collector.stats()
    assert (stats.dropped, stats.spooled) == ({"invalid": 1}, 1)
    assert stats.balanced


def test_a_disk_that_refuses_keeps_the_rows_in_memory(service, make, tmp_path, monkeypatch):
    from collector_sdk.spool import Spool

    def refuse(self: Spool, batch: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "write", refuse)
    service.stop()
    collector = make(spool_dir=tmp_path)
    collector.log({"x": 1})
    wait_until(lambda: "No space left" in (collector.stats().last_error or ""))
    assert collector.stats().queued == 1
    stub = service.start()
    assert collector.flush()
    assert len(stub.rows()) == 1
    assert collector.stats().balanced


def test_a_block_of_columns_survives_in_halves_of_a_batch(service, make, tmp_path):
    service.stop()
    first = make(spool_dir=tmp_path, batch_rows=3)
    first.log_batch({"x": [1, 2, 3, 4, 5], "at": ["t"] * 5})
    first.close(timeout=0.2)
    stub = service.start()
    second = make(spool_dir=tmp_path)
    assert second.flush()
    assert [row["x"] for row in stub.rows()] == [1, 2, 3, 4, 5]
    assert second.stats().accepted == 5
