"""Rules of the HTML: whole, offline, and safe for whatever stands in the data."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import orjson
import pytest

from collector.render.html import fragment, iframe, page, plotly_path
from tests.render.samples import columns, drift_metrics, snapshot, suite_tests

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>&\"'<!--"


class Reader(HTMLParser):
    """The tags and figures of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.figures: list[dict[str, object]] = []
        self._json = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href") and value]
        self._json = tag == "script" and ("type", "application/json") in attrs

    def handle_data(self, data: str) -> None:
        if self._json:
            self.figures.append(orjson.loads(data))
            self._json = False


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_a_page_holds_plotly_and_loads_nothing() -> None:
    text = page(snapshot("drift"))
    assert plotly_path().read_text(encoding="utf-8")[1000:2000] in text
    assert read(text).sources == ["data:,"]


def test_every_figure_is_valid_json() -> None:
    figures = read(fragment(snapshot("drift"))).figures
    assert len(figures) >= 5
    assert all({"data", "layout"} <= set(figure) for figure in figures)


def test_tests_stand_before_the_metrics_with_their_statuses() -> None:
    text = fragment(snapshot("drift", tests=suite_tests()))
    assert text.index('id="tests"') < text.index('id="metrics"')
    assert re.search(r'state-fail">failed.*Share of Drifted Columns', text)


@pytest.mark.parametrize("place", ["column", "report", "tag", "metadata", "test", "error", "segment", "value"])
def test_nothing_from_the_data_becomes_markup(place: str) -> None:
    metrics = drift_metrics()
    metrics[1]["result"]["drift_by_columns"][HOSTILE] = {
        "drift_score": 0.2,
        "drift_detected": True,
        "stattest_name": HOSTILE,
    }
    made = {
        "column": lambda: snapshot(metrics=metrics, columns={HOSTILE: columns()["distance"]}),
        "report": lambda: snapshot(report="drift", monitor=HOSTILE),
        "tag": lambda: snapshot(tags=[HOSTILE]),
        "metadata": lambda: snapshot(metadata={HOSTILE: HOSTILE}),
        "test": lambda: snapshot(tests=[{"name": HOSTILE, "description": HOSTILE, "status": "FAIL"}]),
        "error": lambda: snapshot(metrics=[{"metric": HOSTILE, "parameters": {}, "error": HOSTILE}]),
        "segment": lambda: snapshot(segment={HOSTILE: HOSTILE}),
        "value": lambda: snapshot(
            columns={
                "x": {
                    "type": "cat",
                    "distribution": {"current": {"values": [HOSTILE], "counts": [1]}, "reference": None},
                }
            }
        ),
    }[place]()
    reader = read(fragment(made))
    assert "img" not in reader.tags
    assert reader.tags.count("script") == len(reader.figures)


def test_a_notebook_cell_is_kept_apart() -> None:
    cell = iframe(snapshot("drift"))
    assert cell.startswith("<iframe")
    assert 'sandbox="allow-scripts"' in cell
    assert cell.count("<") == 2


def test_an_empty_snapshot_says_so() -> None:
    assert "holds no metrics and no tests" in fragment(snapshot(metrics=[], columns={}))


def test_rendering_imports_neither_plotly_nor_pandas() -> None:
    script = (
        "import sys; from tests.render.samples import snapshot; from collector.render.html import page; page(snapshot());"
        "print([name for name in ('plotly', 'pandas', 'numpy', 'aiohttp') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
