"""Random deeds, in any order, against the plain model: whatever happens, the buffer says what the model says.

The machine runs each adapter in a loop of its own, reopens it now and then, and moves the clock by hand.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.errors import LeaseLost
from collector.model import (
    Append,
    Item,
    Label,
    Lease,
    MonitorId,
    Outcome,
    Pane,
    Phase,
    RequestPart,
    Settlement,
    Window,
)
from collector.ports import Buffer
from tests.buffer.model import Model, name
from tests.redis_server import RedisServer

T = TypeVar("T")
M = MonitorId("machine")
PANES = (Pane(0, 10), Pane(10, 20), Pane(None, None))
QUEUES = ("work", "outbox/local")
DAY = 24 * 3600

panes = st.sampled_from(PANES)
numbers = st.integers(0, 25)
queue_names = st.sampled_from(QUEUES)
keys = st.sampled_from(["a", "b", "c"])
payloads = st.sampled_from([b"1", b"2", b"3"])
parts = st.lists(
    st.tuples(st.lists(numbers, min_size=1, max_size=4), st.none() | st.sampled_from(["r1", "r2", "r3"])),
    min_size=1,
    max_size=3,
)


class BufferMachine(RuleBasedStateMachine):
    """`url` and `reset` are set by the tests below, one subclass per adapter."""

    url: str

    def reset(self) -> None:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.reset()
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.model = Model()
        self.leases: list[Lease] = []
        self.buffer: Buffer
        self.open()

    def open(self) -> None:
        self.buffer = open_buffer(self.url, clock=self.clock, limits=Limits(10**6, 10**9), sqlite_synchronous="OFF")
        self.do(self.buffer.open())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.do(self.buffer.close())
            self.loop.close()

    @property
    def now_us(self) -> int:
        return self.clock.now_us()

    # ------------------------------------------------------------ rows

    @rule(pane=panes, sent=parts)
    def append(self, pane: Pane, sent: list[tuple[list[int], str | None]]) -> None:
        flat = [number for ids, _ in sent for number in ids]
        made = Append(
            M,
            pane,
            bytes(flat),
            tuple(RequestPart(len(ids), key) for ids, key in sent),
            b"".join(name(number) for number in flat),
        )
        expected = self.model.append(made, self.now_us)
        (answer,) = self.do(self.buffer.rows.append([made]))
        assert (answer.accepted, list(answer.duplicates), answer.late, answer.refused) == (*expected, None)

    @rule(sent=st.lists(st.tuples(numbers, st.integers(0, 2), st.none() | st.integers(0, 3)), min_size=1, max_size=4))
    def label(self, sent: list[tuple[int, int, int | None]]) -> None:
        labels = [Label(name(number), str(target).encode(), at_us) for number, target, at_us in sent]
        expected = self.model.add_labels(labels, self.now_us)
        assert self.do(self.buffer.rows.add_labels(M, labels)) == expected

    @rule(pane=panes, before_row=st.none() | st.integers(0, 12))
    def purge(self, pane: Pane, before_row: int | None) -> None:
        expected = self.model.purge(pane, before_row)
        assert self.do(self.buffer.rows.purge(M, pane, before_row=before_row)) is expected

    @rule(pane=panes, first_row=st.integers(0, 12), length=st.none() | st.integers(0, 12))
    def read(self, pane: Pane, first_row: int, length: int | None) -> None:
        window = Window(pane, 0, first_row, None if length is None else first_row + length)
        found = self.do(self.buffer.rows.read(M, window))
        got = [
            chunk.ids[index * 12 : index * 12 + 12]
            for chunk in found.chunks
            for index in (range(len(chunk.data)) if chunk.take is None else chunk.take)
        ]
        known = self.model.panes.get(pane)
        ids = [] if known is None else known.ids[max(first_row, known.trimmed) : window.stop_row]
        assert got == ids
        assert found.rows == len(ids)
        assert found.labels == {each: self.model.labels[each].target for each in ids if each in self.model.labels}

    # ------------------------------------------------------------ queue

    @rule(queue=queue_names, key=keys, payload=payloads, delay_us=st.sampled_from([0, 5_000_000]))
    def put(self, queue: str, key: str, payload: bytes, delay_us: int) -> None:
        self.model.put((queue, key), payload, self.now_us + delay_us)
        self.do(self.buffer.queue.put([Item(queue, M, key, payload, self.now_us + delay_us)]))

    @rule(queue=queue_names)
    def lease(self, queue: str) -> None:
        expected = self.model.lease(queue, self.now_us, self.now_us + 30_000_000)
        lease = self.do(self.buffer.queue.lease(queue, [M], owner="machine", seconds=30))
        assert (lease and (lease.key, lease.payload, lease.attempt)) == expected
        if lease is not None:
            self.model.granted(lease)
            self.leases.append(lease)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        lease = self.any_lease(data)
        if self.model.holds(lease):
            self.do(self.buffer.queue.renew(lease, seconds=30))
            self.model.items[lease.queue, lease.key].available_us = self.now_us + 30_000_000
        else:
            self.is_lost(self.buffer.queue.renew(lease, seconds=30))

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), pane=panes, outcome=st.sampled_from([None, Outcome.EVALUATED, Outcome.DROPPED]))
    def ack(self, data: st.DataObject, pane: Pane, outcome: Outcome | None) -> None:
        lease = self.any_lease(data)
        told = None if outcome is None else self.any_settlement(data, pane, outcome)
        then = [Item("outbox/local", M, "b", b"then", self.now_us)]
        if not self.model.holds(lease):
            self.is_lost(self.buffer.queue.ack(lease, settlement=told, then=then))
            return
        self.do(self.buffer.queue.ack(lease, settlement=told, then=then))
        self.finish(lease)
        self.model.letters.pop((lease.queue, lease.key), None)
        if told is not None:
            self.model.settle(told)
        self.model.put(("outbox/local", "b"), b"then", self.now_us)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), pane=panes, how=st.sampled_from(["retry", "delivery", "window"]))
    def nack(self, data: st.DataObject, pane: Pane, how: str) -> None:
        lease = self.any_lease(data)
        retry_us = self.now_us + 3_000_000 if how == "retry" else None
        told = self.any_settlement(data, pane, Outcome.DEAD) if how == "window" else None
        work = self.buffer.queue.nack(lease, reason="chance", retry_us=retry_us, settlement=told)
        if not self.model.holds(lease):
            self.is_lost(work)
            return
        self.do(work)
        key = (lease.queue, lease.key)
        if retry_us is not None:
            item = self.model.items[key]
            item.available_us, item.token = retry_us, None
            return
        self.finish(lease)
        self.model.letters[key] = (lease.payload, told)
        if told is not None:
            self.model.settle(told)

    def any_lease(self, data: st.DataObject) -> Lease:
        return data.draw(st.sampled_from(self.leases), label="lease")

    def any_settlement(self, data: st.DataObject, pane: Pane, outcome: Outcome) -> Settlement:
        """A pane of time has one window; the endless one has parts of four rows."""
        part = data.draw(st.integers(0, 2), label="part") if pane.start_us is None else 0
        window = Window(pane, part, part * 4, part * 4 + 4) if pane.start_us is None else Window(pane)
        phase = data.draw(st.sampled_from(Phase), label="phase")
        rows = data.draw(st.integers(0, 12), label="rows")
        revision = data.draw(st.integers(1, 5), label="revision")
        return Settlement(window, phase, outcome, rows, 0, revision, phase is Phase.ROWS, 7, "told")

    def finish(self, lease: Lease) -> None:
        key = (lease.queue, lease.key)
        self.model.finish(key)

    def is_lost(self, work: Coroutine[Any, Any, object]) -> None:
        with pytest.raises(LeaseLost):
            self.do(work)

    # ------------------------------------------------------------ dead letters

    @precondition(lambda self: self.model.letters)
    @rule(data=st.data(), how=st.sampled_from(["replay", "delete"]))
    def bring_back(self, data: st.DataObject, how: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.letters)), label="letter")
        (letter,) = (each for each in self.do(self.buffer.dead_letters.list(M)) if (each.queue, each.key) == key)
        assert letter.payload == self.model.letters[key][0]
        if how == "delete":
            assert self.do(self.buffer.dead_letters.delete(letter.id))
            self.model.release_letter(key, Outcome.DROPPED)
            return
        assert self.do(self.buffer.dead_letters.replay(letter.id, now_us=self.now_us))
        self.model.release_letter(key, Outcome.WAITING)
        item = self.model.items.get(key)
        if item is None:
            self.model.put(key, letter.payload, self.now_us)
        elif item.token is None:
            item.attempt = 0
            item.available_us = min(item.available_us, self.now_us)

    # ------------------------------------------------------------ time and restarts

    @rule(seconds=st.sampled_from([1, 4, 31, DAY, 7 * DAY]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule()
    def reopen(self) -> None:
        self.do(self.buffer.close())
        self.open()

    # ------------------------------------------------------------ what must hold after every step

    @invariant()
    def rows_are_where_the_model_has_them(self) -> None:
        if not hasattr(self, "buffer"):
            return
        found = self.do(self.buffer.account(M))
        assert found.balanced
        counts = {column: rows for column, rows in self.model.counts().items() if rows}
        assert found.accepted == self.model.accepted
        seen = {"evaluated": found.evaluated, "dead": found.dead, "waiting": found.waiting, **found.dropped}
        assert {column: rows for column, rows in seen.items() if rows} == counts

    @invariant()
    def panes_are_as_the_model_has_them(self) -> None:
        if not hasattr(self, "buffer"):
            return
        state = self.do(self.buffer.rows.state(M))
        assert {pane.pane for pane in state.panes} == set(self.model.panes)
        for pane in state.panes:
            expected = self.model.panes[pane.pane]
            assert (pane.rows, pane.trimmed, pane.labelled) == (len(expected.ids), expected.trimmed, expected.labelled)
            assert {key: (each.outcome, each.rows, each.revision) for key, each in pane.settled.items()} == {
                key: (each.outcome, each.rows, each.revision) for key, each in expected.settled.items()
            }


class SqliteMachine(BufferMachine):
    folder: Path
    runs: Iterator[int]

    def reset(self) -> None:
        self.url = f"sqlite://{self.folder}/run{next(self.runs)}/buffer.db"


class RedisMachine(BufferMachine):
    server: RedisServer

    def reset(self) -> None:
        self.url = self.server.url
        with self.server.client() as client:
            client.flushall()


THOROUGH = int(os.environ.get("BUFFER_MACHINE_TIMES", "1"))
"""How many times as many examples as usual: for a change of an adapter, try 50."""


def examples(count: int) -> settings:
    return settings(
        max_examples=count * THOROUGH,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@pytest.mark.timeout(60 + 300 * (THOROUGH - 1))
def test_sqlite_does_what_the_model_does(tmp_path: Path) -> None:
    SqliteMachine.folder = tmp_path
    SqliteMachine.runs = iter(range(10**9))
    run_state_machine_as_test(SqliteMachine, settings=examples(60))


@pytest.mark.redis
@pytest.mark.timeout(60 + 300 * (THOROUGH - 1))
def test_redis_does_what_the_model_does(shared_redis: RedisServer) -> None:
    RedisMachine.server = shared_redis
    run_state_machine_as_test(RedisMachine, settings=examples(40))
