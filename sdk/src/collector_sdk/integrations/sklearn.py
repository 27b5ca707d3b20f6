"""A scikit-learn estimator that logs what it predicts. scikit-learn itself is not imported."""

from collections.abc import Sequence
from typing import Any

from collector_sdk.base import BaseCollector
from collector_sdk.frames import as_columns


class LoggedEstimator:
    """Stands in for a fitted estimator: `predict` and `predict_proba` log, everything else is the estimator's.

    `predict_proba` logs one probability per prediction column: all classes when `prediction_columns` names as many,
    or the last class, the positive one of two, when it names one. `predict` logs into the first column.

    :param prediction_columns: the monitor's own names of the prediction columns.
    :param feature_names: names of the columns of an array; a data frame brings its own.
    :param id_column: which column of a data frame is the inference id; it is not given to the estimator.
    """

    def __init__(
        self,
        estimator: Any,
        collector: BaseCollector,
        *,
        prediction_columns: str | Sequence[str] = "prediction",
        feature_names: Sequence[str] | None = None,
        id_column: str | None = None,
    ) -> None:
        self._estimator = estimator
        self._collector = collector
        self._predictions = (prediction_columns,) if isinstance(prediction_columns, str) else tuple(prediction_columns)
        self._feature_names = feature_names
        self._id_column = id_column

    def predict(self, rows: Any, **options: Any) -> Any:
        result = self._estimator.predict(self._without_id(rows), **options)
        self._log(rows, lambda: {self._predictions[0]: result})
        return result

    def predict_proba(self, rows: Any, **options: Any) -> Any:
        result = self._estimator.predict_proba(self._without_id(rows), **options)
        self._log(rows, lambda: self._probabilities(result))
        return result

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # also while unpickling, before there is an estimator
            raise AttributeError(name)
        return getattr(self._estimator, name)

    def _without_id(self, rows: Any) -> Any:
        """The rows as the estimator knows them. An array, or a frame of other columns, is its business alone."""
        if self._id_column is None or self._id_column not in getattr(rows, "columns", ()):
            return rows
        return rows.drop(columns=[self._id_column]) if hasattr(rows, "iloc") else rows.drop(self._id_column)

    def _probabilities(self, result: Any) -> dict[str, object]:
        classes = len(result[0]) if len(result) else len(self._predictions)
        if len(self._predictions) == 1:
            return {self._predictions[0]: [row[-1] for row in result]}
        if classes != len(self._predictions):
            raise ValueError(f"{classes} classes for {len(self._predictions)} prediction columns")
        return {name: [row[index] for row in result] for index, name in enumerate(self._predictions)}

    def _log(self, rows: Any, predictions: Any) -> None:
        """Whatever goes wrong here is counted; the caller has its predictions."""
        try:
            columns: dict[str, Any] = dict(as_columns(self._table(rows)) or {})
            columns.update(predictions())
            self._collector.log_batch(columns)
        except Exception as error:  # noqa: BLE001 - the model server comes first
            self._collector.refuse(f"LoggedEstimator: {type(error).__name__}: {error}", rows=max(_count(rows), 1))

    def _table(self, rows: Any) -> Any:
        if hasattr(rows, "columns"):
            return rows
        listed = rows.tolist() if hasattr(rows, "tolist") else [list(row) for row in rows]
        width = len(listed[0]) if listed else 0
        names = self._feature_names or [f"feature_{index}" for index in range(width)]
        if listed and len(names) != width:
            raise ValueError(f"{len(names)} feature names for {width} columns")
        return {name: [row[index] for row in listed] for index, name in enumerate(names)}


def _count(rows: Any) -> int:
    try:
        return len(rows)
    except TypeError:
        return 1
