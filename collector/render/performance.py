"""What model quality metrics look like: the scores, and where the errors are."""

from collections.abc import Mapping
from typing import Any

from collector.render import figures
from collector.render.parts import HALF, NOTHING, Widget, counter, finite, graph, mapping, sequence, table, text, title
from collector.render.quality import side_by_side
from collector.render.shown import Shown

_CLASSIFICATION = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss")
_RATES = ("tpr", "tnr", "fpr", "fnr")
_REGRESSION = (
    ("mean_error", "error_std"),
    ("mean_abs_error", "abs_error_std"),
    ("mean_abs_perc_error", "abs_perc_error_std"),
    ("rmse", None),
    ("r2_score", None),
    ("abs_error_max", None),
)
_BY_CLASS = ("precision", "recall", "f1", "roc_auc", "support")


def _scores(heading: str, half: Mapping[str, Any], names: tuple[str, ...]) -> Widget:
    return counter(heading, [(text(finite(half.get(name))), title(name)) for name in names if name in half])


def classification_quality(shown: Shown) -> list[Widget]:
    current, reference = shown.half("current"), shown.half("reference")
    found = [_scores("Classification quality", current, _CLASSIFICATION)]
    if reference:
        found.append(_scores("Classification quality of the reference", reference, _CLASSIFICATION))
    if any(finite(current.get(name)) is not None for name in _RATES):
        found.append(side_by_side("Rates", _RATES, current, reference))
    return [*found, *_reasons(current)]


def _reasons(half: Mapping[str, Any]) -> list[Widget]:
    """Why scores are missing, when the metric says so."""
    rows = [[title(text(name)), text(reason)] for name, reason in mapping(half.get("reasons")).items()]
    return [table("Scores that could not be computed", ["score", "reason"], rows)] if rows else []


def confusion_matrix(shown: Shown) -> list[Widget]:
    """A heat map per half: rows are the true labels, columns the predicted ones."""
    found = []
    for half in ("current", "reference"):
        matrix = mapping(shown.result.get(f"{half}_matrix") or mapping(shown.result.get(half)).get("matrix"))
        labels = [text(label) for label in sequence(matrix.get("labels"))]
        rows = [[finite(value) or 0.0 for value in sequence(row)] for row in sequence(matrix.get("values"))]
        if labels and len(rows) == len(labels) and all(len(row) == len(labels) for row in rows):
            figure = figures.heatmap(labels, rows, x_title="predicted", y_title="true")
            found.append(graph(f"Confusion matrix: {half}", figure, size=HALF))
    return found


def quality_by_class(shown: Shown) -> list[Widget]:
    found = []
    for half in ("current", "reference"):
        by_class = shown.half(half)
        by_class = mapping(by_class.get("metrics")) or by_class
        rows = [
            [text(label), *(text(finite(mapping(scores).get(name))) for name in _BY_CLASS)]
            for label, scores in by_class.items()
            if mapping(scores)
        ]
        if rows:
            found.append(table(f"Quality by class: {half}", ["class", *map(title, _BY_CLASS)], rows, size=HALF))
    return found


def class_balance(shown: Shown) -> list[Widget]:
    """How often each class occurs, as a share of the rows."""
    figure = figures.distribution(
        "class",
        {"distribution": {half: {"values": list(shown.half(half)), "counts": list(shown.half(half).values())}
                          for half in ("current", "reference")}},
    )  # fmt: skip
    return [] if figure is None else [graph("Class balance", figure, size=HALF)]


def regression_quality(shown: Shown) -> list[Widget]:
    """Each score with its standard deviation where it has one."""
    found = []
    for half, heading in (("current", "Regression quality"), ("reference", "Regression quality of the reference")):
        scores = shown.half(half)
        values = [(_with_std(scores, name, std), title(name)) for name, std in _REGRESSION if name in scores]
        if values:
            found.append(counter(heading, values))
    return [*found, *_reasons(shown.half("current"))]


def _with_std(scores: Mapping[str, Any], name: str, std: str | None) -> str:
    value = text(finite(scores.get(name)))
    spread = finite(scores.get(std)) if std else None
    return value if spread is None or value == NOTHING else f"{value} (±{text(spread)})"
