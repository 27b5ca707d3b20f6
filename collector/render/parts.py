"""Widgets as plain dictionaries, in the shape that an Evidently page draws. Every cell is text made here.

The helpers below take anything a snapshot may hold, foreign files included: a missing or odd value shows as a dash and
never raises.
"""

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

Widget = dict[str, Any]
Figure = dict[str, Any]

QUARTER, HALF, FULL = 0, 1, 2
NOTHING = "-"
MAX_TEXT = 300
"""Characters of one cell; longer text is cut, so that one odd value cannot fill a page."""
_NAMESPACE = uuid.UUID("8a4be3fc-36c8-5d3b-a0bb-5e0b0a5c9d11")


def widget_id(*path: object) -> str:
    """The same id for the same place, so that equal results give equal widgets."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, path))))


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def finite(value: object) -> float | None:
    """The value as a finite number, or None. A boolean is not a number.

    >>> finite(3), finite(float("nan")), finite("3"), finite(True)
    (3.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def text(value: object) -> str:
    """A value as a person reads it.

    >>> text(None), text(True), text(12345), text(0.000123456), text(1234.5), text(0.5)
    ('-', 'yes', '12,345', '0.0001235', '1,234.5', '0.5')
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"{value:.6g}" if abs(value) < 10**300 else "huge"
    if isinstance(value, float):
        if not math.isfinite(value):
            return NOTHING
        if value == int(value) and abs(value) < 10**15:
            return f"{int(value):,}"
        return f"{value:,.1f}" if 1000 <= abs(value) < 10**15 else f"{value:.4g}"
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, Mapping) and all(not isinstance(each, Mapping | list | tuple) for each in value.values()):
        return text(", ".join(f"{key}: {text(each)}" for key, each in value.items()) or NOTHING)
    if isinstance(value, list | tuple) and all(not isinstance(each, Mapping | list | tuple) for each in value):
        return text(", ".join(text(each) for each in value) or NOTHING)
    return text(json.dumps(value, default=str))


def percent(share: object) -> str:
    """A share as a percentage.

    >>> percent(0.0123), percent(None)
    ('1.23%', '-')
    """
    number = finite(share)
    return NOTHING if number is None else f"{number * 100:.3g}%"


def moment(instant: object) -> str:
    """An ISO 8601 instant in UTC as a person says it, to the second; midnight is the day.

    >>> moment("2013-02-01T00:00:00Z"), moment("2013-02-01T06:30:00Z"), moment("2013-02-01T06:30:01.25Z"), moment(None)
    ('2013-02-01', '2013-02-01 06:30', '2013-02-01 06:30:01', '-')
    """
    if not isinstance(instant, str):
        return text(instant)
    day, _, time = instant.removesuffix("Z").partition("T")
    time = time.partition(".")[0].removesuffix(":00")
    return day if time in ("", "00:00") else f"{day} {time}"


def title(name: str) -> str:
    """A field's name as words.

    >>> title("number_of_missing_values"), title("f1"), title("roc_auc")
    ('Number of missing values', 'F1', 'ROC AUC')
    """
    known = {"roc_auc": "ROC AUC", "f1": "F1", "rmse": "RMSE", "tpr": "TPR", "tnr": "TNR", "fpr": "FPR", "fnr": "FNR",
             "r2_score": "R2 score", "mean_abs_error": "MAE", "mean_abs_perc_error": "MAPE"}  # fmt: skip
    words = name.replace("_", " ").strip()
    return known.get(name) or words[:1].upper() + words[1:]


# ---------------------------------------------------------------- widgets


def counter(heading: str, values: Sequence[tuple[str, str]], *, size: int = FULL) -> Widget:
    """Big numbers side by side: (value, label)."""
    counters = [{"value": value, "label": label} for value, label in values]
    return {"type": "counter", "title": heading, "size": size, "params": {"counters": counters}}


def table(heading: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, size: int = FULL) -> Widget:
    return {
        "type": "table",
        "title": heading,
        "size": size,
        "params": {"header": list(header), "data": [list(row) for row in rows]},
    }


def note(heading: str, sentence: str) -> Widget:
    """A sentence of ours. Text from elsewhere goes into a table: an Evidently page reads this as markdown."""
    return {"type": "text", "title": heading, "size": FULL, "params": {"text": sentence}}


def graph(heading: str, figure: Figure, *, size: int = HALF) -> Widget:
    return {"type": "big_graph", "title": heading, "size": size, "params": figure}


def card(
    heading: str,
    kind: str,
    value_headers: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    figure: Figure | None,
) -> Widget:
    """One column: its characteristics, current beside reference, and its distribution."""
    params: dict[str, Any] = {
        "header": heading,
        "description": kind,
        "metricsValuesHeaders": list(value_headers),
        "metrics": [{"label": label, "values": list(values)} for label, values in rows],
    }
    if figure is not None:
        params["graph"] = figure
    return {"type": "rich_data", "title": "", "size": FULL, "params": params}


def big_table(
    heading: str,
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    details: Sequence[Widget] = (),
) -> Widget:
    """A table to search and sort. `details` are widgets that rows open by their id."""
    widget: Widget = {
        "type": "big_table",
        "title": heading,
        "size": FULL,
        "params": {
            "rowsPerPage": 20,
            "columns": [dict(each) for each in columns],
            "data": [dict(each) for each in rows],
        },
    }
    if details:
        widget["additionalGraphs"] = list(details)
    return widget


def failure(heading: str, reason: object) -> Widget:
    """A metric that could not be computed, and why."""
    return table(f"{heading}: could not be computed", ["reason"], [[text(reason)]])
