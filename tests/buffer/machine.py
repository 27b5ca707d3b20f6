"""A state machine over a real buffer and the plain model: life, time, and what must hold after every step.

Its rules stand in `machine_rows.py` and `machine_queue.py`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collector.buffer import Limits, open_buffer
from collector.clock import ManualClock
from collector.model import Lease, MonitorId, Pane
from collector.ports import Buffer
from tests.buffer.model import Model

T = TypeVar("T")
M = MonitorId("machine")
DAY = 24 * 3600
panes = st.sampled_from([Pane(0, 10), Pane(10, 20), Pane(None, None)])


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

    # ------------------------------------------------------------ time and restarts

    @rule(seconds=st.sampled_from([1, 4, 31, DAY, 7 * DAY]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule()
    def reopen(self) -> None:
        self.do(self.buffer.close())
        self.open()

    @rule(chance=st.integers(0, 4))
    def forget(self, chance: int) -> None:
        if chance == 0:  # seldom: most runs are to get far
            self.clock.advance(seconds=1)
            self.model.forget()
            self.do(self.buffer.forget(M))

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
            assert (pane.rows, pane.trimmed, pane.labelled, pane.label_changes) == (
                len(expected.ids), expected.trimmed, expected.labelled, expected.label_changes,
            )  # fmt: skip
            assert {key: (each.outcome, each.rows, each.revision, each.seen) for key, each in pane.settled.items()} == {
                key: (each.outcome, each.rows, each.revision, each.seen) for key, each in expected.settled.items()
            }
