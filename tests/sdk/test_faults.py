"""What happens to rows when things go wrong. Named after the accidents."""

import contextlib
import gc
import logging
import socket
import threading
import time
from fractions import Fraction

import pytest

from collector_sdk.worker import Flush

HOUR = 3600.0
BUSY = (503, {"Retry-After": "0"}, {"title": "the buffer is full"})


def test_busy_with_retry_after_then_success_loses_nothing_and_duplicates_nothing(stub, make):
    stub.failures.extend([BUSY, BUSY])
    with make() as collector:
        for number in range(10):
            collector.log({"x": number})
        assert collector.flush()
    assert [row["x"] for row in stub.rows()] == list(range(10))
    assert len(stub.posts) == 3
    assert len({request.key for request in stub.posts}) == 1
    stats = collector.stats()
    assert (stats.accepted, stats.retries) == (10, 2)
    assert stats.balanced


def test_retry_after_is_waited_for(stub, make):
    stub.failures.append((429, {"Retry-After": "1"}, {}))
    collector = make()
    collector.log({"x": 1})
    started = time.monotonic()
    assert collector.flush()
    assert time.monotonic() - started >= 1.0


@pytest.mark.parametrize("accident", ["hang up before", "hang up after"])
def test_a_connection_that_breaks_around_the_effect_repeats_under_the_same_key(stub, make, accident):
    stub.failures.extend([accident, accident])
    with make() as collector:
        collector.log({"x": 1})
        assert collector.flush()
    assert len(stub.rows()) == 1
    assert len({request.key for request in stub.posts}) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_passing_failures_are_repeated(stub, make, status):
    stub.failures.append((status, {"Retry-After": "0"}, {}))
    with make() as collector:
        collector.log({"x": 1})
        assert collector.flush()
    assert len(stub.rows()) == 1
    assert collector.stats().retries == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 422])
def test_a_refused_batch_is_dropped_with_its_reason_and_the_next_one_goes_on(stub, make, status, caplog):
    stub.failures.append((status, {}, {"type": "about:blank", "title": "no", "detail": "column x is text"}))
    collector = make()
    collector.log({"x": 1})
    assert collector.flush()
    collector.log({"x": 2})
    assert collector.flush()
    assert [row["x"] for row in stub.rows()] == [2]
    stats = collector.stats()
    assert stats.dropped == {"rejected": 1}
    assert "column x is text" in (stats.last_error or "")
    assert stats.balanced
    assert len([record for record in caplog.records if "column x is text" in record.message]) == 1


def test_a_flood_of_refusals_writes_one_log_line(stub, make, caplog):
    stub.failures.extend([(422, {}, {"title": "no"})] * 20)
    with make(batch_rows=1) as collector:
        for _ in range(20):
            collector.log({"x": 1})
    assert collector.stats().dropped == {"rejected": 20}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_rows_that_the_service_rejects_one_by_one_are_counted_with_their_reason(stub, make):
    stub.judge = lambda rows: {
        "accepted": len(rows) - 3, "rejected": 1, "duplicates": 1, "late": 1,
        "errors": [{"row": 3, "column": "x", "reason": "'abc' is not a number"}],
    }  # fmt: skip
    with make() as collector:
        for number in range(10):
            collector.log({"x": number})
    stats = collector.stats()
    assert (stats.accepted, stats.rejected, stats.duplicates, stats.late) == (7, 1, 1, 1)
    assert "row 3, column 'x': 'abc' is not a number" in (stats.last_error or "")
    assert stats.balanced
    assert stats.lost == 2


def test_a_batch_that_always_fails_in_the_service_does_not_hold_up_the_others(stub, make):
    stub.failures.extend([(500, {"Retry-After": "0"}, {})] * 5)
    collector = make(batch_rows=1)
    collector.log({"x": 1})
    collector.log({"x": 2})
    assert collector.flush()
    assert [row["x"] for row in stub.rows()] == [2]
    assert collector.stats().dropped == {"retries_exhausted": 1}


def test_a_server_that_is_down_costs_only_what_the_queue_cannot_hold(service, make):
    service.stop()
    collector = make(queue_rows=100, batch_rows=10)
    for number in range(150):
        collector.log({"x": number})
    stats = collector.stats()
    assert (stats.logged, stats.queued) == (150, 100)
    assert stats.dropped == {"queue_full": 50}
    assert stats.balanced
    stub = service.start()
    assert collector.flush()
    assert [row["x"] for row in stub.rows()] == list(range(100))


NAMED = {"id_column": "i", "timestamp_column": "t", "prediction_column": "p", "target_column": "y"}


@pytest.mark.parametrize("names", [{}, NAMED], ids=["while asking for names", "while sending"])
def test_a_server_that_stays_down_for_too_long_loses_batches_in_the_open(service, make, names):
    service.stop()
    collector = make(retry_seconds=0.001, batch_rows=5, **names)
    for number in range(5):
        collector.log({"x": number})
    assert collector.flush()  # everything has its fate, which is not always a good one
    stats = collector.stats()
    assert stats.dropped == {"retries_exhausted": 5}
    assert stats.balanced


def test_a_monitor_that_is_made_later_is_asked_again(stub, make, monkeypatch):
    from collector_sdk import sender

    monkeypatch.setattr(sender, "_ASK_AGAIN_SECONDS", 0.01)
    configured, stub.monitor = stub.monitor, None
    collector = make()
    collector.log({"x": 1}, id="a")
    assert collector.flush()
    stub.monitor = configured
    time.sleep(0.02)
    collector.log({"x": 2}, id="b")
    assert collector.flush()
    assert stub.rows()[0]["id"] == "a"
    assert stub.rows()[1]["flight_id"] == "b"


def test_an_answer_that_drips_in_takes_no_longer_than_a_request_may(make):
    def drip() -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000\r\n\r\n")
            while not given_up.wait(0.02):
                connection.sendall(b" ")

    given_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip)
        dripping.start()
        collector = make(url=f"http://127.0.0.1:{server.getsockname()[1]}", timeout_seconds=0.2, flush_seconds=0.01)
        collector.log({"x": 1})
        deadline = time.monotonic() + 10
        while not collector.stats().retries and time.monotonic() < deadline:
            time.sleep(0.01)
        given_up.set()
        dripping.join()
    assert collector.stats().retries
    assert "TimeoutError" in (collector.stats().last_error or "")


def test_close_keeps_its_time_when_the_server_is_down(service, make):
    service.stop()
    collector = make()
    collector.log({"x": 1})
    started = time.monotonic()
    collector.close(timeout=0.3)
    assert time.monotonic() - started < 5
    stats = collector.stats()
    assert stats.dropped == {"closed": 1}
    assert stats.balanced
    assert "no answer" in (stats.last_error or "")


def test_close_keeps_its_time_when_the_server_does_not_answer(stub, make):
    stub.answering.clear()
    collector = make(timeout_seconds=30)
    collector.log({"x": 1})
    started = time.monotonic()
    collector.close(timeout=0.3)
    assert time.monotonic() - started < 5
    stats = collector.stats()
    assert sum(stats.dropped.values()) == 1
    assert stats.balanced


def test_flush_says_when_its_time_was_too_short(service, make):
    service.stop()
    collector = make()
    collector.log({"x": 1})
    assert not collector.flush(timeout=0.1)


def test_a_flush_that_gave_up_leaves_nothing_behind(service, make):
    service.stop()
    collector = make()
    collector.log({"x": 1})
    for _ in range(50):
        assert not collector.flush(timeout=0)
    assert sum(isinstance(each, Flush) for each in gc.get_objects()) < 5


def test_an_idle_connection_that_the_server_closed_is_no_failure(stub, make):
    collector = make()
    collector.log({"x": 1})
    assert collector.flush()
    stub.failures.append("hang up before")
    collector.log({"x": 2})
    assert collector.flush()
    assert collector.stats().retries == 0
    assert len(stub.rows()) == 2


def test_bad_arguments_never_raise_and_are_counted(stub, make):
    collector = make()
    collector.log(None)
    collector.log(7)
    collector.log_batch(3.5)
    collector.log_batch({"x": [1, 2], "y": [1]})
    collector.log_batch([{"x": 1}, 5])
    collector.log({"x": object()})
    collector.log({"x": 1}, prediction=[0.1, 0.9])
    collector.log({"x": 1}, timestamp=object())
    collector.log({"x": 1})
    assert collector.flush()
    stats = collector.stats()
    assert [row["x"] for row in stub.rows()] == [1]
    assert stats.dropped == {"invalid": 10}
    assert stats.last_error
    assert stats.balanced


def test_a_features_mapping_that_raises_does_not_reach_the_model_server(stub, make):
    class Odd(dict):
        def keys(self):
            raise RuntimeError("odd")

        def __iter__(self):
            raise RuntimeError("odd")

    collector = make()
    collector.log(Odd(x=1))
    assert collector.flush()
    assert collector.stats().logged == 1
    assert collector.stats().balanced


class Closed:
    """A value that fails in its own way when it is looked at, such as one of a session that has ended."""

    def tolist(self) -> list[object]:
        raise RuntimeError("the session is closed")


@pytest.mark.parametrize(
    "value", [Closed(), {"a": [Closed()]}, Fraction(10**400)], ids=["at the top", "deep", "too large"]
)
@pytest.mark.parametrize("reachable", [True, False], ids=["sent", "kept on disk"])
def test_a_value_that_raises_costs_its_own_row_and_no_other(service, make, tmp_path, value, reachable):
    if not reachable:
        service.stop()
    collector = make(spool_dir=tmp_path)
    for x in (1, value, 3):
        collector.log({"x": x})
    collector.close(timeout=10 if reachable else 0.1)
    stats = collector.stats()
    assert (stats.accepted if reachable else stats.spooled) == 2
    assert stats.dropped == {"invalid": 1}
    assert stats.balanced


def test_an_answer_that_is_no_json_still_counts_as_taken(stub, make):
    stub.failures.append((200, {}, "fine"))
    with make() as collector:
        collector.log({"x": 1})
    assert collector.stats().accepted == 1


def test_logging_from_a_log_handler_of_the_sdk_does_not_hang(stub, make):
    collector = make(batch_rows=1)
    stub.failures.append((422, {}, {"title": "no"}))

    class Echo(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collector.log({"x": 9})

    handler = Echo()
    logging.getLogger("collector_sdk").addHandler(handler)
    try:
        collector.log({"x": 1})
        stub.wait_for(lambda: any(row["x"] == 9 for row in stub.rows()))
    finally:
        logging.getLogger("collector_sdk").removeHandler(handler)


def test_a_collector_that_nobody_holds_sends_and_ends_its_thread(stub, make):
    import gc

    from collector_sdk import Collector

    before = set(threading.enumerate())
    collector = Collector(stub.url, monitor="flights", flush_seconds=0.2)
    collector.log({"x": 1})
    del collector
    gc.collect()
    stub.wait_for(lambda: len(stub.rows()) == 1)
    deadline = time.monotonic() + 10
    while any(thread.name == "collector-sdk" for thread in set(threading.enumerate()) - before):
        assert time.monotonic() < deadline, "the thread lives on"
        time.sleep(0.01)
