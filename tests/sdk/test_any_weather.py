"""Whatever happens on the way, in whatever order: nothing is lost, nothing counts twice, the counts add up."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from collector_sdk import Collector, backoff

ACCIDENTS: st.SearchStrategy[object] = st.sampled_from(
    [
        "hang up before",
        "hang up after",
        (503, {"Retry-After": "0"}, {}),
        (429, {}, {}),
        (502, {}, "bad gateway"),
        None,
    ]
)
CALLS = st.lists(st.sampled_from(["log", "log", "log", "batch", "label", "flush"]), min_size=1, max_size=30)


@pytest.mark.parametrize("spooling", [False, True], ids=["in memory", "with a spool"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(accidents=st.lists(ACCIDENTS, max_size=8), calls=CALLS, batch_rows=st.integers(1, 5))
def test_every_row_arrives_once_in_effect_and_in_order(service, tmp_path, spooling, accidents, calls, batch_rows):
    stub = service.stub
    if not stub.url:
        service.start()
    stub.stored.clear()
    stub.order.clear()
    stub.failures.extend(accidents)
    collector = Collector(
        stub.url,
        monitor="flights",
        batch_rows=batch_rows,
        flush_seconds=0.001,
        spool_dir=tmp_path / "spool" if spooling else None,
    )
    rows: list[int] = []
    labels: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backoff, "FIRST_WAIT_SECONDS", 0.001)
        for call in calls:
            if call == "log":
                collector.log({"x": len(rows)})
                rows.append(len(rows))
            elif call == "batch":
                collector.log_batch({"x": [len(rows), len(rows) + 1, len(rows) + 2]})
                rows += [len(rows), len(rows) + 1, len(rows) + 2]
            elif call == "label":
                labels.append(f"i{len(labels)}")
                collector.label(id=labels[-1], target=1)
            else:
                collector.flush()
        assert collector.flush()
    collector.close()
    stub.failures.clear()
    assert [row["x"] for row in stub.rows()] == rows
    assert [label["id"] for label in stub.rows("labels")] == labels
    stats = collector.stats()
    assert (stats.accepted, stats.labels.accepted) == (len(rows), len(labels))
    assert stats.balanced
    assert stats.labels.balanced


def test_the_counts_balance_at_every_instant_while_threads_log_and_the_service_fails(service):
    stub = service.start()
    stub.failures.extend([(503, {}, {}), "hang up after", (422, {}, {}), "hang up before"])
    collector = Collector(stub.url, monitor="flights", queue_rows=200, batch_rows=20, flush_seconds=0.001)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            collector.log({"x": 1})
            collector.label(id="a", target=1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2000):
            stats = collector.stats()
            assert stats.balanced
            assert stats.labels.balanced
            assert stats.queued + stats.labels.queued <= 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        collector.close()
    assert collector.stats().queued == 0
    assert collector.stats().balanced
