"""Forks, and the end of the interpreter."""

import os
import subprocess
import sys
import textwrap

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
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


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
    collector = make()
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
