"""Rules: rows and labels come, are read, and are purged."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from collector.model import Append, Label, Pane, RequestPart, Window
from tests.buffer.machine import BufferMachine, M, panes
from tests.buffer.model import name

Sent = list[tuple[list[int], str | None]]
"""Requests that share a chunk: the ids of their rows, and their key."""
numbers = st.integers(0, 25)
parts = st.lists(
    st.tuples(st.lists(numbers, min_size=1, max_size=4), st.none() | st.sampled_from(["r1", "r2", "r3"])),
    min_size=1,
    max_size=3,
)


class RowRules(BufferMachine):
    @rule(pane=panes, sent=parts)
    def append(self, pane: Pane, sent: Sent) -> None:
        self.append_all([(pane, sent)])

    @rule(chunks=st.lists(st.tuples(panes, parts), min_size=2, max_size=3))
    def append_all(self, chunks: list[tuple[Pane, Sent]]) -> None:
        """In one call: each chunk knows what the ones before it brought."""
        made = [self.chunk(pane, sent) for pane, sent in chunks]
        expected = [self.model.append(each, self.now_us) for each in made]
        answers = self.do(self.buffer.rows.append(made))
        assert all(answer.refused is None for answer in answers)
        assert [(answer.accepted, list(answer.duplicates), answer.late) for answer in answers] == expected

    @staticmethod
    def chunk(pane: Pane, sent: Sent) -> Append:
        flat = [number for ids, _ in sent for number in ids]
        asked = tuple(RequestPart(len(ids), key) for ids, key in sent)
        return Append(M, pane, bytes(flat), asked, b"".join(name(number) for number in flat))

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
