"""The buffer as plain Python data: slow, in memory, and short enough to be read as a specification."""

from dataclasses import dataclass, field, replace

from collector.buffer.policy import LETTER_DELETED, ORPHAN_US, PURGED, REQUEST_KEY_US
from collector.model import Append, Label, Labelled, Lease, Outcome, Pane, Phase, Settlement, digest

Key = tuple[str, str]
"""Queue and key of an item."""


@dataclass
class ModelPane:
    ids: list[bytes] = field(default_factory=list)
    """of every accepted row, in order; ordinals are places in this list"""
    trimmed: int = 0
    labelled: int = 0
    label_changes: int = 0
    settled: dict[tuple[int, Phase], Settlement] = field(default_factory=dict)
    owner: dict[int, tuple[int, Phase] | str] = field(default_factory=dict)
    """of each row that does not wait: the settlement that counted it, or the reason for which it was dropped"""


@dataclass
class ModelItem:
    payload: bytes
    available_us: int
    wanted_us: int
    attempt: int = 0
    token: int | None = None
    leased_payload: bytes = b""
    again: bool = False


@dataclass
class Model:
    """One monitor. Methods are named after the port's, and answer what it must answer."""

    accepted: int = 0
    max_token: int = 0
    final: dict[str, int] = field(default_factory=dict)
    """rows of purged panes, by where they were counted"""
    panes: dict[Pane, ModelPane] = field(default_factory=dict)
    purged: set[Pane] = field(default_factory=set)
    requests: dict[str, int] = field(default_factory=dict)
    ids: dict[bytes, Pane] = field(default_factory=dict)
    labels: dict[bytes, Label] = field(default_factory=dict)
    orphans: dict[bytes, tuple[Label, int]] = field(default_factory=dict)
    items: dict[Key, ModelItem] = field(default_factory=dict)
    letters: dict[Key, tuple[bytes, Settlement | None]] = field(default_factory=dict)

    # ------------------------------------------------------------ rows

    def append(self, append: Append, now_us: int) -> tuple[int, list[int], int]:
        """Accepted rows, indexes of duplicates, late rows."""
        if append.pane in self.purged:
            return 0, [], append.rows
        pane = self.panes.get(append.pane, ModelPane())
        skipped: list[int] = []
        new: list[bytes] = []
        seen_keys: set[str] = set()
        row = 0
        for part in append.parts:
            resent = part.key in seen_keys or (
                part.key in self.requests and self.requests[part.key] > now_us - REQUEST_KEY_US
            )
            if part.key is not None:
                seen_keys.add(part.key)
            for index in range(row, row + part.rows):
                name = append.ids[index * 12 : index * 12 + 12]
                if resent or name in self.ids or name in new:
                    skipped.append(index)
                else:
                    new.append(name)
            row += part.rows
        if not new:
            return 0, skipped, 0
        self.panes[append.pane] = pane
        for key in seen_keys:
            if self.requests.get(key, -(10**18)) <= now_us - REQUEST_KEY_US:
                self.requests[key] = now_us
        for name in new:
            pane.ids.append(name)
            self.ids[name] = append.pane
            label, arrived_us = self.orphans.pop(name, (None, 0))
            if label is not None and arrived_us > now_us - ORPHAN_US:
                self.labels[name] = label
                pane.labelled += 1
                pane.label_changes += 1
        self.accepted += len(new)
        return len(new), skipped, 0

    def add_labels(self, labels: list[Label], now_us: int) -> Labelled:
        for name, (_, arrived_us) in list(self.orphans.items()):
            if arrived_us <= now_us - ORPHAN_US:
                del self.orphans[name]
        joined = waiting = unchanged = 0
        for label in labels:
            known = label.id in self.ids
            before = self.labels.get(label.id) if known else self.orphans.get(label.id, (None, 0))[0]
            older = before and before.at_us is not None and label.at_us is not None and label.at_us < before.at_us
            if before is not None and (older or before.target == label.target):
                unchanged += 1
            elif known:
                joined += 1
                self.panes[self.ids[label.id]].labelled += before is None
                self.panes[self.ids[label.id]].label_changes += 1
                self.labels[label.id] = label
            else:
                waiting += 1
                self.orphans[label.id] = (label, now_us)
        return Labelled(joined, waiting, unchanged)

    def purge(self, name: Pane, before_row: int | None) -> bool:
        pane = self.panes.get(name)
        if pane is not None and any(each.outcome is Outcome.DEAD for each in pane.settled.values()):
            return False
        whole = before_row is None and name.start_us is not None
        if whole:
            self.purged.add(name)
        if pane is None:
            return True
        stop_row = len(pane.ids) if before_row is None else min(before_row, len(pane.ids))
        for row in range(pane.trimmed, stop_row):
            owner = pane.owner.setdefault(row, PURGED)
            column = owner if isinstance(owner, str) else self._column(pane.settled[owner])
            self.final[column] = self.final.get(column, 0) + 1
            del self.ids[pane.ids[row]]
            self.labels.pop(pane.ids[row], None)
        pane.trimmed = max(pane.trimmed, stop_row)
        pane.settled = {
            key: each
            for key, each in pane.settled.items()
            if each.window.stop_row is None or each.window.stop_row > pane.trimmed
        }
        if whole:
            del self.panes[name]
        return True

    @staticmethod
    def _column(settlement: Settlement) -> str:
        return settlement.reason if settlement.outcome is Outcome.DROPPED else str(settlement.outcome)

    def counts(self) -> dict[str, int]:
        """How many rows stand in each column of the account; `waiting` is one of them."""
        found = dict(self.final)
        for pane in self.panes.values():
            for row in range(pane.trimmed, len(pane.ids)):
                owner = pane.owner.get(row, "waiting")
                column = owner if isinstance(owner, str) else self._column(pane.settled[owner])
                found[column] = found.get(column, 0) + 1
        return found

    def settle(self, told: Settlement) -> None:
        pane = self.panes.get(told.window.pane)
        if pane is None or (told.window.stop_row is not None and told.window.stop_row <= pane.trimmed):
            return
        key = (told.window.part, told.phase)
        if told.counts_rows:
            self._release(pane, key)
            stop_row = len(pane.ids) if told.window.stop_row is None else told.window.stop_row
            there = range(max(told.window.first_row, pane.trimmed), min(stop_row, len(pane.ids)))
            for row in [row for row in there if row not in pane.owner][: told.rows]:
                pane.owner[row] = key
        before = pane.settled.get(key)
        pane.settled[key] = told if before is None else replace(told, revision=max(told.revision, before.revision))

    @staticmethod
    def _release(pane: ModelPane, key: tuple[int, Phase]) -> None:
        """Rows that the settlement counted wait again; of trimmed rows nothing changes any more."""
        for row in [row for row, owner in pane.owner.items() if owner == key and row >= pane.trimmed]:
            del pane.owner[row]

    def forget(self) -> None:
        """Everything begins anew; tokens only go on."""
        self.__init__(max_token=self.max_token)  # type: ignore[misc]

    # ------------------------------------------------------------ queue

    def put(self, key: Key, payload: bytes, ready_us: int) -> None:
        item = self.items.get(key)
        if item is None:
            self.items[key] = ModelItem(payload, ready_us, ready_us)
            return
        if item.token is None and item.attempt == 0:
            item.available_us = min(item.available_us, ready_us)
        if item.payload != payload:
            item.payload, item.wanted_us = payload, ready_us
            item.again = item.again or item.token is not None

    def restore(self, queue: str) -> None:
        for key, item in self.items.items():
            if key[0] == queue and item.token is None:
                item.available_us = min(item.available_us, item.wanted_us)

    def lease(self, queue: str, now_us: int, until_us: int) -> tuple[str, bytes, int] | None:
        """Key, payload, attempt."""
        ready = [(each.available_us, key) for key, each in self.items.items() if key[0] == queue]
        ready = [each for each in ready if each[0] <= now_us]
        if not ready:
            return None
        _, key = min(ready)
        item = self.items[key]
        item.attempt += 1
        item.available_us = until_us
        item.leased_payload, item.again = item.payload, False
        return key[1], item.payload, item.attempt

    def granted(self, lease: Lease) -> None:
        """The real buffer chose the token."""
        assert lease.token > self.max_token
        self.max_token = lease.token
        self.items[lease.queue, lease.key].token = lease.token

    def holds(self, lease: Lease) -> bool:
        item = self.items.get((lease.queue, lease.key))
        return item is not None and item.token == lease.token

    def finish(self, key: Key) -> None:
        item = self.items.pop(key)
        if item.again:
            self.items[key] = ModelItem(item.payload, item.wanted_us, item.wanted_us)

    def release_letter(self, key: Key, outcome: Outcome, reason: str = LETTER_DELETED) -> Settlement | None:
        """The letter is gone; the settlement that its death left, if that still stands, has this outcome now."""
        _, told = self.letters.pop(key)
        pane = None if told is None else self.panes.get(told.window.pane)
        if told is None or pane is None:
            return None
        place = (told.window.part, told.phase)
        stands = pane.settled.get(place)
        if stands is None or stands.outcome is not Outcome.DEAD:
            return None
        rows, labelled, seen = stands.rows, stands.labelled, stands.seen
        if outcome is Outcome.WAITING:
            self._release(pane, place)
            rows = labelled = seen = 0
        pane.settled[place] = Settlement(
            stands.window, stands.phase, outcome, rows, labelled, stands.revision, stands.counts_rows, stands.at_us,
            reason, seen,
        )  # fmt: skip
        return pane.settled[place]


def name(number: int) -> bytes:
    return digest(f"id{number}")
