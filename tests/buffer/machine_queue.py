"""Rules: items are put, leased, renewed, given back, acked, set aside, replayed; windows are settled on the way."""

from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from collector.buffer.policy import LETTER_EXPIRED
from collector.errors import LeaseLost
from collector.model import Item, Lease, Outcome, Pane, Phase, Settlement, Window
from tests.buffer.machine import BufferMachine, M, panes

queue_names = st.sampled_from(["work", "outbox/local"])
keys = st.sampled_from(["a", "b"])
payloads = st.sampled_from([b"1", b"2"])


class QueueRules(BufferMachine):
    @rule(queue=queue_names, key=keys, payload=payloads, delay_us=st.sampled_from([0, 5_000_000]))
    def put(self, queue: str, key: str, payload: bytes, delay_us: int) -> None:
        self.put_one(queue, key, payload, delay_us)

    def put_one(self, queue: str, key: str, payload: bytes, delay_us: int) -> None:
        self.model.put((queue, key), payload, self.now_us + delay_us)
        self.do(self.buffer.queue.put([Item(queue, M, key, payload, self.now_us + delay_us)]))

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), payload=payloads)
    def put_again_while_leased(self, data: st.DataObject, payload: bytes) -> None:
        lease = self.any_lease(data)
        self.put_one(lease.queue, lease.key, payload, 0)

    @rule(queue=queue_names)
    def lease_all(self, queue: str) -> None:
        """Whatever is ready, so that nothing that was forgotten stays unseen."""
        while self.lease(queue):
            pass

    @rule(queue=queue_names)
    def lease_one(self, queue: str) -> None:
        self.lease(queue)

    def lease(self, queue: str) -> bool:
        expected = self.model.lease(queue, self.now_us, self.now_us + 30_000_000)
        lease = self.do(self.buffer.queue.lease(queue, [M], owner="machine", seconds=30))
        assert (lease and (lease.key, lease.payload, lease.attempt)) == expected
        if lease is not None:
            self.model.granted(lease)
            self.leases.append(lease)
        return lease is not None

    @rule(queue=queue_names)
    def restore(self, queue: str) -> None:
        self.model.restore(queue)
        self.do(self.buffer.queue.restore(queue, M))

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
        """A recent one: older ones are stale, as some of these are."""
        return data.draw(st.sampled_from(self.leases[-3:]), label="lease")

    def any_settlement(self, data: st.DataObject, pane: Pane, outcome: Outcome) -> Settlement:
        """A pane of time has one window; the endless one has parts of four rows."""
        part = data.draw(st.integers(0, 2), label="part") if pane.start_us is None else 0
        window = Window(pane, part, part * 4, part * 4 + 4) if pane.start_us is None else Window(pane)
        phase = data.draw(st.sampled_from(Phase), label="phase")
        rows = data.draw(st.integers(0, 12), label="rows")
        revision = data.draw(st.integers(1, 5), label="revision")
        seen = data.draw(st.integers(0, 9), label="seen")
        return Settlement(window, phase, outcome, rows, 0, revision, phase is Phase.ROWS, 7, "told", seen)

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

    @precondition(lambda self: self.model.letters)
    @rule(keep=st.integers(0, 2))
    def trim_letters(self, keep: int) -> None:
        letters = self.do(self.buffer.dead_letters.list(M))
        assert self.do(self.buffer.dead_letters.trim(M, keep=keep, newer_than_us=0)) == max(len(letters) - keep, 0)
        for letter in letters[keep:]:
            self.model.release_letter((letter.queue, letter.key), Outcome.DROPPED, LETTER_EXPIRED)
