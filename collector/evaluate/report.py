"""Report: metrics over one pair of frames, and tests beside them where they are wished for."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, overload

import pandas as pd

from collector.errors import Invalid
from collector.evaluate.base import Metric
from collector.evaluate.evaluation import Evaluation
from collector.evaluate.run import check_all
from collector.evaluate.tests.base import Test


class Report(Evaluation):
    """Metrics over the current data, compared with a reference where there is one.

    With `tests`, these are judged in the same evaluation and stand in the same snapshot, as in a monitor's report: what
    metrics and tests both ask of a column is computed once.

    >>> from collector.evaluate.metrics.dataset_summary import DatasetSummaryMetric
    >>> report = Report(metrics=[DatasetSummaryMetric()], tags=["shadow"])
    >>> report.run(current_data=pd.DataFrame({"x": [1, 2, 3]}))
    >>> report.as_dict()["metrics"][0]["result"]["current"]["number_of_rows"]
    3
    """

    def __init__(
        self,
        metrics: Sequence[object],
        options: object = None,  # noqa: ARG002 - accepted for callers that set options for drawing
        timestamp: datetime | None = None,
        id: str | uuid.UUID | None = None,  # noqa: A002 - the name that users know
        metadata: Mapping[str, object] | None = None,
        tags: Sequence[str] | None = None,
        model_id: str | None = None,
        reference_id: str | None = None,
        batch_size: str | None = None,
        dataset_id: str | None = None,
        name: str | None = None,
        tests: Sequence[object] = (),
    ) -> None:
        super().__init__(
            metrics=check_all(metrics, Metric, "metrics"),
            tests=check_all(tests, Test, "tests"),
            timestamp=timestamp,
            id=id,
            metadata=metadata,
            tags=tags,
            name=name,
        )
        named = {"model_id": model_id, "reference_id": reference_id, "batch_size": batch_size, "dataset_id": dataset_id}
        self.metadata |= {key: value for key, value in named.items() if value is not None}

    def as_dict(self) -> dict[str, Any]:
        """`{"metrics": [{"metric", "parameters", "result" | "error"}]}`; with tests, what a TestSuite has too."""
        metrics = {"metrics": self.results.metrics}
        return metrics | ({"tests": self.results.tests, "summary": self.summary()} if self.results.tests else {})

    @overload
    def as_dataframe(self, group: None = None) -> "dict[str, pd.DataFrame]": ...
    @overload
    def as_dataframe(self, group: str) -> pd.DataFrame: ...
    def as_dataframe(self, group: str | None = None) -> "pd.DataFrame | dict[str, pd.DataFrame]":
        """One table per metric, a row per instance; of one metric's name, that table alone."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for entry in self.results.metrics:
            rows.setdefault(entry["metric"], []).append(_flat(entry["parameters"] | entry.get("result", {})))
        tables = {name: pd.DataFrame(each) for name, each in rows.items()}
        if group is None:
            return tables
        if group not in tables:
            raise Invalid(f"the report has no metric {group!r}; it has {', '.join(tables)}")
        return tables[group]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, each in value.items():
        if isinstance(each, Mapping):
            flat |= _flat(each, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = each
    return flat
