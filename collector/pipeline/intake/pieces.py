"""Judged rows cut into pieces: which pane each row belongs to. Pure."""

from collections.abc import Sequence
from itertools import accumulate

from collector import chunks
from collector.batch.panes import pane_of, panes_of
from collector.model import Judged, MonitorId, Pane, Table
from collector.monitor import Monitor
from collector.pipeline.intake.group_commit import Piece, chunk_rows
from collector.pipeline.intake.request import Request

Parts = Sequence[tuple[Request, int]]
"""How many rows, one after another, came with which request."""


def expect(pieces: Sequence[Piece], parts: Parts, judged: Judged) -> None:
    """Tell the requests how many pieces they wait for; those without any hear at once that nothing of them is good.

    Rows of several requests must be all good; those of one may have faults, which it is told with its receipt.
    """
    places = {id(request): 0 for request, _ in parts}
    for piece in pieces:
        for request, _ in piece.parts:
            places[id(request)] += 1
    for request, _ in parts:
        request.judged(places=places[id(request)], rejected=judged.rejected, errors=judged.errors)


def pieces_of(monitor: Monitor, judged: Judged, parts: Parts, *, now_us: int) -> list[Piece]:
    """The good rows, by pane, encoded as far as one request can be."""
    rows = judged.table.rows
    events = judged.event_us if monitor.event_time else None
    times = frozenset(
        name for name in (monitor.columns.timestamp, *(monitor.columns.datetime_features or ())) if name is not None
    )

    def piece(pane: Pane, chosen: Sequence[int] | None, first: int = 0) -> Piece:
        """Of the chosen rows; None: of all of them."""
        if chosen is None:
            table, ids, instants = judged.table, judged.ids, events
        else:
            table = _select(plain, chosen)
            ids = None if judged.ids is None else [judged.ids[i] for i in chosen]
            instants = None if events is None else [events[i] for i in chosen]
        return Piece(
            monitor=MonitorId(monitor.id),
            pane=pane,
            columns=chunks.typed(
                table.columns, table.rows, times=times, types=judged.types if chosen is None else None
            ),
            ids=ids,
            max_event_us=None if instants is None else max(instants),
            parts=parts if chosen is None else _parts_of(parts, chosen),
            first=first,
        )

    found: list[Piece] = []
    most = chunk_rows(len(judged.table.columns))
    pane = _common_pane(monitor, [now_us] if events is None else events) if 0 < rows <= most else None
    if pane is not None:
        found.append(piece(pane, None))
    else:
        plain = _uncoded(judged.table)
        for each, indexes in panes_of(
            monitor.window, [now_us] * rows if events is None else _first(events, judged)
        ).items():
            firsts = range(0, len(indexes), most)
            found += [piece(each, indexes[first : first + most], first) for first in firsts]
    return found


def _first(events: Sequence[int], judged: Judged) -> Sequence[int]:
    """For rows of one id the instant of the first, with which the others go: there they are known, whatever pane is stored
    before another.
    """
    if judged.ids is None or len(set(judged.ids)) == len(judged.ids):
        return events
    known: dict[bytes, int] = {}
    return [known.setdefault(id_, instant) for id_, instant in zip(judged.ids, events, strict=True)]


def _common_pane(monitor: Monitor, instants: Sequence[int]) -> Pane | None:
    """The pane of all the instants, if they share one: two looks for the usual request."""
    pane = pane_of(monitor.window, min(instants))
    return pane if pane.end_us is None or max(instants) < pane.end_us else None


def _parts_of(parts: Parts, chosen: Sequence[int]) -> list[tuple[Request, int]]:
    """How many of the chosen rows, which are in order, came with which request; those without any are left out."""
    if len(parts) == 1:
        return [(parts[0][0], len(chosen))]
    found = []
    position = 0
    for (request, _), stop in zip(parts, accumulate(rows for _, rows in parts), strict=True):
        begin = position
        while position < len(chosen) and chosen[position] < stop:
            position += 1
        if position > begin:
            found.append((request, position - begin))
    return found


def _uncoded(table: Table) -> Table:
    """Texts as a list: their rows are picked one by one."""
    return Table(
        {name: list(each) if isinstance(each, chunks.Coded) else each for name, each in table.columns.items()},
        table.rows,
    )


def _select(table: Table, indexes: Sequence[int]) -> Table:
    return Table({name: [values[i] for i in indexes] for name, values in table.columns.items()}, len(indexes))
