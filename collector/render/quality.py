"""What data quality metrics look like: the data set at a glance, a card per column, missing values."""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.render import figures
from collector.render.parts import Widget, card, counter, finite, mapping, percent, table, text, title
from collector.render.shown import Shown

_SUMMARY_ROWS = (
    "number_of_rows", "number_of_columns", "number_of_missing_values", "number_of_numeric_columns",
    "number_of_categorical_columns", "number_of_text_columns", "number_of_datetime_columns",
    "number_of_constant_columns", "number_of_almost_constant_columns", "number_of_duplicated_columns",
    "number_of_almost_duplicated_columns", "number_of_empty_rows", "number_of_empty_columns", "number_of_duplicated_rows",
)  # fmt: skip


def side_by_side(
    heading: str, names: Sequence[str], current: Mapping[str, Any], reference: Mapping[str, Any]
) -> Widget:
    """Named values, current beside reference; names that neither half has are left out."""
    header = ["", "current", "reference"] if reference else ["", "current"]
    rows = []
    for name in names:
        if name in current or name in reference:
            values = [text(current.get(name))] + ([text(reference.get(name))] if reference else [])
            rows.append([title(name), *values])
    return table(heading, header, rows)


def dataset_summary(shown: Shown) -> list[Widget]:
    return [side_by_side("Dataset summary", _SUMMARY_ROWS, shown.half("current"), shown.half("reference"))]


def column_summary(shown: Shown) -> list[Widget]:
    """A card: what the column holds, current beside reference, and its distribution."""
    current = mapping(shown.result.get("current_characteristics"))
    reference = mapping(shown.result.get("reference_characteristics"))
    halves = [current, reference] if reference else [current]
    names = list(dict.fromkeys(name for half in halves for name in half))
    rows = [
        (title(name), [_characteristic(half, name) for half in halves])
        for name in names
        if not name.endswith("_percentage")
    ]
    figure = figures.distribution(shown.column, shown.columns.get(shown.column))
    kind = text(shown.result.get("column_type") or mapping(shown.columns.get(shown.column)).get("type"))
    return [card(shown.column, kind, ["current", "reference"][: len(halves)], rows, figure)]


def _characteristic(half: Mapping[str, Any], name: str) -> str:
    share = finite(half.get(f"{name}_percentage"))
    value = "(missing)" if name == "most_common" and half.get(name) is None and share else text(half.get(name))
    return value if share is None else f"{value} ({share:.3g}%)"


def missing_values(shown: Shown) -> list[Widget]:
    """How much is missing, and where."""
    current, reference = shown.half("current"), shown.half("reference")
    values = [
        (text(current.get("number_of_missing_values")), "missing values"),
        (percent(current.get("share_of_missing_values")), "share of all cells"),
        (text(current.get("number_of_rows_with_missing_values")), "rows with missing values"),
        (text(current.get("number_of_columns_with_missing_values")), "columns with missing values"),
    ]
    found = [counter("Missing values", values)]
    counts = mapping(current.get("number_of_missing_values_by_column"))
    shares = mapping(current.get("share_of_missing_values_by_column"))
    before = mapping(reference.get("share_of_missing_values_by_column"))
    named = [name for name, count in counts.items() if finite(count) or finite(before.get(name))]
    named.sort(key=lambda name: -(finite(counts[name]) or 0.0))
    rows = [
        [text(name), text(counts[name]), percent(shares.get(name))] + ([percent(before.get(name))] if reference else [])
        for name in named
    ]
    header = ["column", "missing", "share"] + (["share in the reference"] if reference else [])
    return [*found, table("Missing values by column", header, rows)] if rows else found


def column_missing_values(shown: Shown) -> list[Widget]:
    names = (
        "number_of_rows",
        "number_of_missing_values",
        "share_of_missing_values",
        "number_of_different_missing_values",
    )
    heading = f"Missing values of {shown.column}"
    return [side_by_side(heading, names, shown.half("current"), shown.half("reference"))]
