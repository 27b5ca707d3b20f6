"""When rows leave, in which order, and as what."""

import math
import sys
import threading
import time

import pytest

HOUR = 3600.0


def test_rows_are_sent_as_soon_as_a_batch_is_full(stub, make):
    collector = make(batch_rows=5, flush_seconds=HOUR)
    for number in range(12):
        collector.log({"x": number}, prediction=0.5, id=f"i{number}")
    stub.wait_for(lambda: len(stub.rows()) >= 10)
    assert [row["x"] for row in stub.rows()] == list(range(len(stub.rows())))
    assert max(len(request.rows) for request in stub.posts) <= 5


def test_a_lonely_row_is_sent_after_the_delay(stub, make):
    make(flush_seconds=0.05).log({"x": 1})
    stub.wait_for(lambda: len(stub.rows()) == 1)


def test_flush_sends_now_and_returns_when_the_service_has_answered(stub, make):
    collector = make(flush_seconds=HOUR)
    collector.log({"x": 1})
    assert collector.flush()
    assert len(stub.rows()) == 1
    assert collector.stats().accepted == 1
    assert collector.flush()  # nothing to send


def test_close_sends_what_is_queued_and_later_rows_are_counted_as_closed(stub, make):
    collector = make(flush_seconds=HOUR)
    collector.log({"x": 1})
    collector.close()
    assert len(stub.rows()) == 1
    collector.log({"x": 2})
    collector.label(id="a", target=1)
    collector.close()
    stats = collector.stats()
    assert stats.dropped == {"closed": 1}
    assert stats.labels.dropped == {"closed": 1}
    assert stats.balanced
    assert collector.flush()


def test_the_context_manager_closes(stub, make):
    with make(flush_seconds=HOUR) as collector:
        collector.log({"x": 1})
    assert len(stub.rows()) == 1


def test_roles_go_under_the_names_that_the_monitor_gives_them(stub, make):
    with make() as collector:
        collector.log({"x": 1}, prediction=0.3, id="a", timestamp="2013-02-01T05:15:00Z", target=0)
    assert stub.rows() == [{"x": 1, "flight_id": "a", "at": "2013-02-01T05:15:00Z", "p": 0.3, "delayed": 0}]
    assert [request.path for request in stub.requests] == ["/v1/monitors/flights", "/v1/monitors/flights/inferences"]


def test_names_that_the_caller_gives_are_not_asked_for(stub, make):
    options = {"id_column": "i", "timestamp_column": "t", "prediction_column": ["p0", "p1"], "target_column": "y"}
    with make(**options) as collector:
        collector.log({}, prediction=[0.3, 0.7], id="a", timestamp=0, target="late")
    row = {"i": "a", "t": "1970-01-01T00:00:00+00:00", "p0": 0.3, "p1": 0.7, "y": "late"}
    assert stub.rows() == [row]
    assert [request.method for request in stub.requests] == ["POST"]


def test_a_monitor_that_is_not_known_gets_the_default_names(stub, make):
    stub.monitor = None
    with make() as collector:
        collector.log({"x": 1}, prediction=0.3, id="a", timestamp="2013-02-01", target=1)
    assert stub.rows() == [{"x": 1, "id": "a", "timestamp": "2013-02-01", "prediction": 0.3, "target": 1}]


NO_ROLES = {"id": None, "timestamp": None, "prediction": None, "target": None}


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "flights", "monitor": {"id": "flights"}},
        {"id": "flights", "monitor": {"id": "flights", "columns": NO_ROLES}},
        {"id": "flights", "columns": NO_ROLES},
    ],
)
def test_what_the_monitor_has_no_column_for_is_not_sent(stub, make, answer):
    stub.monitor = answer
    with make() as collector:
        collector.log({"x": 1}, prediction=0.3, id="a", timestamp="2013-02-01", target=1)
    assert stub.rows() == [{"x": 1}]


def test_event_time_is_the_moment_of_the_log_call_unless_given(stub, make):
    before = time.time()
    with make() as collector:
        collector.log({"x": 1})
    from datetime import datetime

    assert before <= datetime.fromisoformat(stub.rows()[0]["at"]).timestamp() <= time.time()


def test_the_features_may_be_changed_after_the_call(stub, make):
    features = {"x": 1}
    with make() as collector:
        collector.log(features)
        features["x"] = 2
    assert stub.rows()[0]["x"] == 1


def test_a_label_leaves_after_the_rows_that_were_logged_before_it(stub, make):
    with make(flush_seconds=HOUR, batch_rows=10) as collector:
        for number in range(25):
            collector.log({"x": number}, id=f"i{number}")
            collector.label(id=f"i{number}", target=number % 2)
    sent_rows: set[str] = set()
    for request in stub.posts:
        ids = {row["flight_id"] if "flight_id" in row else row["id"] for row in request.rows}
        if request.path.endswith("inferences"):
            sent_rows |= ids
        else:
            assert ids <= sent_rows
    assert [label["id"] for label in stub.rows("labels")] == [f"i{number}" for number in range(25)]
    stats = collector.stats()
    assert (stats.accepted, stats.labels.accepted) == (25, 25)
    assert stats.balanced
    assert stats.labels.balanced


def test_labels_carry_id_target_and_the_instant_when_it_was_known(stub, make):
    with make() as collector:
        collector.label(id="a", target=1)
        collector.label("b", 0, timestamp=1359695700)
    assert stub.rows("labels") == [
        {"id": "a", "target": 1},
        {"id": "b", "target": 0, "timestamp": "2013-02-01T05:15:00+00:00"},
    ]


def test_rows_of_different_columns_do_not_lend_each_other_nulls(stub, make):
    with make(flush_seconds=HOUR) as collector:
        collector.log({"x": 1}, timestamp="t")
        collector.log({"y": 2}, timestamp="t")
    assert stub.rows() == [{"x": 1, "at": "t"}, {"y": 2, "at": "t"}]


def test_requests_share_a_connection_and_are_compressed_with_a_key_and_a_bearer_token(stub, make):
    collector = make(api_key="s3cret")
    for text in ("a" * 5000, "b" * 5000):
        collector.log({"text": text})
        assert collector.flush()
    assert len({request.connection for request in stub.requests}) == 1
    for request in stub.posts:
        assert request.headers["content-encoding"] == "gzip"
        assert request.headers["authorization"] == "Bearer s3cret"
        assert request.headers["idempotency-key"]
    assert "s3cret" not in repr(collector)


def test_compression_can_be_turned_off(stub, make):
    with make(compression=None) as collector:
        collector.log({"text": "a" * 5000})
    assert "content-encoding" not in stub.posts[0].headers


def test_a_path_in_front_of_the_api_is_kept(stub, make):
    with make(url=f"{stub.url}/collector/") as collector:
        collector.log({"x": 1})
    assert stub.posts[0].path == "/collector/v1/monitors/flights/inferences"


def test_a_batch_that_would_be_too_large_goes_in_halves(stub, make):
    with make(flush_seconds=HOUR) as collector:
        for number in range(20):
            collector.log({"x": number, "text": "a" * 1_000_000})
        assert collector.flush(timeout=60)
    assert [row["x"] for row in stub.rows()] == list(range(20))
    assert len(stub.posts) == 4
    assert collector.stats().accepted == 20


def test_many_threads_may_log_at_once(stub, make):
    collector = make(queue_rows=100_000)

    def work(name: int) -> None:
        for number in range(1000):
            collector.log({"x": number}, id=f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collector.flush()
    assert len({row["flight_id"] for row in stub.rows()}) == 8000
    assert collector.stats().accepted == 8000


def test_the_cost_of_a_log_call_is_shown(stub, make, capsys):
    """A number for people; machines differ too much to assert on it."""
    collector = make(queue_rows=1_000_000, batch_rows=1_000_000, flush_seconds=HOUR)
    features = {f"f{index}": float(index) for index in range(20)}
    costs = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(1000):
            collector.log(features, prediction=0.5, id="a")
        costs.append((time.perf_counter() - started) / 1000)
    cost = min(costs)
    with capsys.disabled():
        sys.stdout.write(f"\n  log() of 20 features: {cost * 1e6:.2f} microseconds\n")
    assert collector.stats().queued == 20_000


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"url": "collector:8001"}, "collector:8001"),
        ({"queue_rows": 0}, "queue_rows"),
        ({"batch_rows": -1}, "batch_rows"),
        ({"flush_seconds": 0}, "flush_seconds"),
        ({"compression": "br"}, "compression"),
        ({"batch_rows": 2.5}, "batch_rows"),
        ({"timeout_seconds": math.inf}, "timeout_seconds"),
        ({"retry_seconds": -1}, "retry_seconds"),
        ({"exit_seconds": None}, "exit_seconds"),
        ({"url": "http://collector..svc:8001"}, "no host name"),
        ({"api_key": "s3cret\nX-Header: 1"}, "api_key"),
        ({"api_key": "s\u00e9cret"}, "api_key"),
    ],
)
def test_wrong_options_are_named_at_the_start(make, options, named):
    with pytest.raises(ValueError, match=named) as refused:
        make(**options)
    assert "cret" not in str(refused.value)


def test_a_key_that_was_read_from_a_file_may_end_with_its_line(stub, make):
    with make(api_key="s3cret\n") as collector:
        collector.log({"x": 1})
    assert stub.posts[0].headers["authorization"] == "Bearer s3cret"


def test_times_without_an_end_are_taken(stub, make):
    collector = make(retry_seconds=math.inf, exit_seconds=math.inf)
    collector.log({"x": 1})
    assert collector.flush(timeout=math.inf)
    collector.close(timeout=math.inf)
    assert collector.stats().accepted == 1
