"""Distributions, correlations and drift of what descriptors say of a column of texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector.errors import Invalid
from collector.evaluate.base import Context, Metric, Result, reason
from collector.evaluate.derived import DerivedName
from collector.evaluate.descriptors import NonLetterCharacterPercentage, TextLength, descriptor_of
from collector.evaluate.measures.correlations import descriptor_correlations
from collector.evaluate.measures.distributions import distribution_of
from collector.evaluate.measures.drift import DriftOptions, Method, column_drift, find_stattest
from collector.evaluate.metrics.correlations import by_kind
from collector.evaluate.profile import FrameProfile

DEFAULTS: Mapping[str, object] = {
    "Text Length": TextLength(),
    "Non Letter Character %": NonLetterCharacterPercentage(),
}
DRIFT_SHARE = 0.5


def _columns(context: Context, column: str, descriptors: Mapping[str, object] | None) -> dict[str, DerivedName]:
    """The derived column of each descriptor. Raises Invalid unless the column holds texts."""
    kind = context.definition.type_of(column)
    if kind != "text":
        raise Invalid(f"column {column!r} is {kind}: list it under text_features to describe its texts", column=column)
    return {name: descriptor_of(each).on(column) for name, each in (descriptors or DEFAULTS).items()}


def _check(descriptors: Mapping[str, object] | None) -> None:
    for each in (descriptors or {}).values():
        descriptor_of(each)


@dataclass(frozen=True)
class TextDescriptorsDistribution(Metric):
    """The distribution of each descriptor of a column of texts: bins of numbers, counts of categories.

    `descriptors`: a descriptor by the name that it has in the result; text length and the share of other characters
    than letters by default.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, Report
    >>> report = Report(metrics=[TextDescriptorsDistribution("said")])
    >>> report.run(current_data=pd.DataFrame({"said": ["yes", "no", "maybe"]}),
    ...            column_mapping=ColumnMapping(text_features=["said"]))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["Text Length"]["counts"]
    [1, 1, 1]
    """

    column_name: str
    descriptors: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        _check(self.descriptors)

    def calculate(self, context: Context) -> Result:
        found: dict[str, dict[str, Any]] = {}
        for name, column in _columns(context, self.column_name, self.descriptors).items():
            reference = None if context.reference is None else context.reference[column]
            found[name] = distribution_of(column.kind, context.current[column], reference)
        return {
            "column_name": self.column_name,
            "current": {name: both["current"] for name, both in found.items()},
            "reference": None
            if context.reference is None
            else {name: both["reference"] for name, both in found.items()},
        }


@dataclass(frozen=True)
class TextDescriptorsCorrelationMetric(Metric):
    """How each descriptor of a column of texts goes together with every numerical feature: Pearson, Spearman, Kendall.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, Report
    >>> report = Report(metrics=[TextDescriptorsCorrelationMetric("said", {"length": TextLength()})])
    >>> report.run(current_data=pd.DataFrame({"said": ["a", "bb", "ccc"], "x": [0.5, 1.0, 1.5]}),
    ...            column_mapping=ColumnMapping(text_features=["said"]))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["length"]["spearman"]["values"]
    {'x': ['x'], 'y': [1.0]}
    """

    column_name: str
    descriptors: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        _check(self.descriptors)

    def calculate(self, context: Context) -> Result:
        columns = _columns(context, self.column_name, self.descriptors)

        def side(frame: FrameProfile) -> dict[str, Any]:
            return {
                name: by_kind(name, descriptor_correlations(context, frame, column)) for name, column in columns.items()
            }

        return {"column_name": self.column_name, **context.both(side)}


@dataclass(frozen=True)
class TextDescriptorsDriftMetric(Metric):
    """The drift of each descriptor of a column of texts, by the method for its type; together they drifted when half
    of them did. A descriptor that cannot be compared is set aside with its reason.

    >>> import pandas as pd
    >>> from collector.evaluate import ColumnMapping, Report
    >>> report = Report(metrics=[TextDescriptorsDriftMetric("said")])
    >>> report.run(reference_data=pd.DataFrame({"said": ["yes", "no"] * 20}),
    ...            current_data=pd.DataFrame({"said": ["maybe", "no"] * 20}),
    ...            column_mapping=ColumnMapping(text_features=["said"]))
    >>> report.as_dict()["metrics"][0]["result"]["number_of_drifted_columns"]
    1
    """

    column_name: str
    descriptors: Mapping[str, object] | None = None
    stattest: Method | None = None
    stattest_threshold: float | None = None

    def __post_init__(self) -> None:
        _check(self.descriptors)
        if isinstance(self.stattest, str):
            find_stattest(self.stattest)

    def calculate(self, context: Context) -> Result:
        context.needed_reference()
        options = DriftOptions(stattest=self.stattest, stattest_threshold=self.stattest_threshold)
        by_columns: dict[str, dict[str, Any]] = {}
        failed: dict[str, str] = {}
        for name, column in _columns(context, self.column_name, self.descriptors).items():
            try:
                drift = column_drift(context, column, options)
            except Exception as error:  # noqa: BLE001 - one descriptor must not hide the drift of the others
                failed[name] = reason(error)
                continue
            if drift.drift_score is None:
                failed[name] = drift.why_not or "no score"
            else:
                by_columns[name] = {**drift.as_result(), "column_name": name}
        if not by_columns:
            raise Invalid("no descriptor can be compared: " + "; ".join(failed.values()))
        drifted = sum(each["drift_detected"] for each in by_columns.values())
        result: dict[str, Any] = {
            "number_of_columns": len(by_columns),
            "number_of_drifted_columns": drifted,
            "share_of_drifted_columns": drifted / len(by_columns),
            "dataset_drift": drifted / len(by_columns) >= DRIFT_SHARE,
            "drift_by_columns": by_columns,
        }
        return result | ({"columns_without_score": failed} if failed else {})
