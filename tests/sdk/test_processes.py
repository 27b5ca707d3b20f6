"""Forks, and the end of the interpreter."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import traceback

import pytest

HOUR = 3600.0


def in_child(work) -> int:
    """Run in a forked child; its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest
            os._exit(1)
        os._exit(0)
    deadline = time.monotonic() + 20
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(ended[1])


def check_a_fork_between_rows(collector, stub) -> None:
    """Parent, child and parent send a row each: all arrive, the parent's over its one connection, the child's over another."""
    collector.log({"x": 1})
    assert collector.flush()

    def work() -> None:
        collector.log({"x": 2})
        assert collector.flush()

    assert in_child(work) == 0
    collector.log({"x": 3})
    assert collector.flush()
    assert sorted(row["x"] for row in stub.rows()) == [1, 2, 3]
    assert stub.posts[0].connection == stub.posts[-1].connection != stub.posts[1].connection


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_sends_its_own_rows_only_and_the_parent_sends_the_others(stub, make):
    collector = make(flush_seconds=HOUR)
    collector.log({"who": "parent before"})

    def work() -> None:
        assert collector.stats().logged == 0
        collector.log({"who": "child"})
        assert collector.flush()
        assert collector.stats().accepted == 1

    assert in_child(work) == 0
    assert [row["who"] for row in stub.rows()] == ["child"]
    collector.log({"who": "parent after"})
    assert collector.flush()
    assert [row["who"] for row in stub.rows()] == ["child", "parent before", "parent after"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_a_connection_is_open_does_not_disturb_it(stub, make):
    check_a_fork_between_rows(make(), stub)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_takes_over_what_a_dead_sibling_left_on_disk(service, make, tmp_path):
    service.stop()
    collector, sibling = make(spool_dir=tmp_path), make(spool_dir=tmp_path)
    sibling.log({"who": "sibling"})
    sibling.close(timeout=0.1)
    stub = service.start()

    def work() -> None:
        collector.log({"who": "child"})
        assert collector.flush()
        assert (collector.stats().recovered, collector.stats().accepted) == (1, 2)
        assert collector.stats().balanced

    assert in_child(work) == 0
    assert [row["who"] for row in stub.rows()] == ["sibling", "child"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_an_answer_does_not_hang_the_child(make):
    with socket.create_server(("127.0.0.1", 0)) as server:
        collector = make(
            url=f"http://127.0.0.1:{server.getsockname()[1]}", flush_seconds=0.01,
            id_column="i", timestamp_column="t", prediction_column="p", target_column="y",
        )  # fmt: skip
        collector.log({"who": "parent"})
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")
            while not _reads_a_body():  # with the reader's lock, which no one in the child would let go
                time.sleep(0.01)
            assert in_child(lambda: collector.log({"who": "child"})) == 0


def _reads_a_body() -> bool:
    frames = (frame for stack in sys._current_frames().values() for frame in traceback.extract_stack(stack))
    return any(frame.name == "read1" and frame.filename.endswith("client.py") for frame in frames)


def test_a_fork_that_no_hook_told_of_is_noticed_by_the_process_id(stub, make, monkeypatch):
    collector = make(flush_seconds=HOUR)
    collector.log({"who": "parent"})
    monkeypatch.setattr(os, "getpid", lambda: -1)
    collector.log({"who": "child"})
    assert collector.flush()
    assert [row["who"] for row in stub.rows()] == ["child"]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *arguments],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_what_is_queued_at_the_interpreters_exit_is_sent(stub):
    done = run(
        """
        import sys
        from collector_sdk import Collector
        Collector(sys.argv[1], monitor="flights", flush_seconds=3600).log({"x": 0})  # held by nobody
        collector = Collector(sys.argv[1], monitor="flights", flush_seconds=3600)
        collector.log({"x": 1})
        """,
        stub.url,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {row["x"] for row in stub.rows()} == {0, 1}


def test_the_exit_waits_for_a_collector_that_a_function_held(stub):
    stub.answering.clear()
    program = """
        import sys
        from collector_sdk import Collector
        def score():
            collector = Collector(sys.argv[1], monitor="flights", exit_seconds=20)
            collector.log({"x": 1})
        score()
        """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), stub.url]):
        stub.wait_for(lambda: bool(stub.requests))  # the question for the names: the row is still to come
        stub.answering.set()
    assert [row["x"] for row in stub.rows()] == [1]


def test_at_the_exit_all_collectors_begin_to_end_before_one_is_waited_for():
    done = run(
        """
        from collector_sdk import lifetime

        class Mortal:
            def leave(self): print("begins to end")
            def at_exit(self): print("is waited for")

        mortals = [Mortal(), Mortal()]
        for mortal in mortals:
            lifetime.watch(mortal)
        """
    )
    assert done.stdout.splitlines() == ["begins to end"] * 2 + ["is waited for"] * 2


def test_the_interpreter_ends_in_time_when_the_server_is_down(service):
    stub = service.start()
    service.stop()
    done = run(
        """
        import sys, time, atexit
        from collector_sdk import Collector
        started = time.monotonic()
        collector = Collector(sys.argv[1], monitor="flights", exit_seconds=0.3)
        collector.log({"x": 1})
        raise SystemExit(7)
        """,
        stub.url,
    )
    assert done.returncode == 7


def test_importing_the_sdk_imports_no_table_library_and_no_service():
    done = run(
        """
        import sys, collector_sdk, collector_sdk.integrations.asgi, collector_sdk.integrations.decorator
        import collector_sdk.integrations.sklearn
        heavy = {"numpy", "pandas", "sklearn", "collector", "asyncio.subprocess"} & set(sys.modules)
        assert not heavy - {"asyncio.subprocess"}, heavy
        """
    )
    assert done.stderr == ""


def test_a_collector_is_not_pickled_because_it_holds_a_key(stub, make):
    import pickle

    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(make(api_key="s3cret"))
