"""How the rows of a request are cut for the buffer."""

import pytest

from collector import chunks
from collector.evaluate.windows.frame import frame_of
from collector.model import Receipt, StoredChunk
from collector.monitor import Monitor
from collector.pipeline.intake.pieces import expect, pieces_of
from collector.pipeline.intake.request import Request
from collector.receive.decoders.json_rows import tabled
from collector.receive.decoders.table import Limits
from collector.receive.rows.judge import Judge

HOUR = 3_600_000_000
START = 1_714_521_600_000_000
WATCHED = Monitor.model_validate(
    {
        "id": "flights",
        "columns": {"timestamp": "at"},
        "window": {"every": "1h"},
        "reports": [{"name": "drift", "metrics": ["M"]}],
    }
)


def test_of_rows_with_one_id_in_a_request_the_first_one_counts_whichever_pane_is_stored_before():
    wish = Monitor.model_validate({"id": "flights", "columns": {"timestamp": "at", "id": "id"}, "window": {"every": "1h"},
                                   "reports": [{"name": "drift", "metrics": ["M"]}]})  # fmt: skip
    body = {"at": [START, START + HOUR, START + 1, START + HOUR], "id": ["a", "b", "b", "a"], "x": [1, 2, 3, 4]}
    judged = Judge(max_future_seconds=60).judge(tabled(body, Limits(9, 9, 999)), wish, now_us=START + 2 * HOUR)
    pieces = pieces_of(wish, judged, [(Request(lambda _: None), 4)], now_us=START)
    stored = {
        piece.pane.start_us: frame_of([StoredChunk(chunks.packed(piece.columns))])["x"].tolist() for piece in pieces
    }
    assert stored == {START: [1, 4], START + HOUR: [2, 3]}


@pytest.mark.parametrize(("columns", "most"), [(4, 10_000), (50, 2_000), (1_000, 100)])
@pytest.mark.parametrize("hours", [1, 2])
def test_a_piece_is_bounded_in_rows_and_in_cells_and_its_rows_keep_their_order(columns: int, most: int, hours: int):
    rows = hours * (2 * most + 1)
    body = {"at": [START + n % hours * HOUR for n in range(rows)], "x": list(range(rows))}
    body |= {f"more{n}": [n] * rows for n in range(columns - 2)}
    judge = Judge(max_future_seconds=60)
    judged = judge.judge(tabled(body, Limits(rows, columns, 2**30)), WATCHED, now_us=START + 2 * HOUR)
    told: list[Receipt | Exception] = []
    parts = [(Request(told.append), rows)]

    pieces = pieces_of(WATCHED, judged, parts, now_us=START)

    assert [piece.columns.rows for piece in pieces] == [most, most, 1] * hours
    assert [piece.first for piece in pieces] == [0, most, 2 * most] * hours
    assert len({(piece.pane, piece.first) for piece in pieces}) == len(pieces)
    stored = frame_of([StoredChunk(chunks.packed(piece.columns)) for piece in pieces])
    assert stored["x"].tolist() == [x for hour in range(hours) for x in range(hour, rows, hours)]
    expect(pieces, parts, judged)
    for piece in pieces:
        [(request, count)] = piece.parts
        request.stored(accepted=count)
    assert told == [Receipt(accepted=rows)]
