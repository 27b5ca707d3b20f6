"""Targets and predictions of a classifier, made comparable: labels on both sides, and probabilities where there are.

Rows without a target or a prediction are left out. Targets that became floats because some are missing are integers
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.lazy import lazy
from collector.evaluate.profile import Array, ColumnProfile, FrameProfile, order_key
from collector.evaluate.scores import Tallies, label_codes, tallies

HALF = 0.5
"""At this probability a row is called positive, unless a threshold says otherwise."""
MOST_LABELS = 1000
"""Of more labels there is no table: one by label, or by pairs of them, would be larger than the data."""


@dataclass(frozen=True)
class Predictions:
    """Aligned rows of one frame. `columns` are the labels that the columns of `probabilities` stand for."""

    target: Array
    predicted: Array
    positive: object
    columns: tuple[object, ...] = ()
    probabilities: NDArray[np.float64] | None = None
    kept: NDArray[np.bool_] | None = None
    """The rows of the frame that these are."""

    @lazy
    def labels(self) -> tuple[object, ...]:
        """Every label that occurs, as target or as prediction, in a fixed order."""
        return tuple(sorted({*self.target.tolist(), *self.predicted.tolist()}, key=order_key))

    @lazy
    def target_codes(self) -> NDArray[np.int64]:
        return label_codes(self.target, self.labels)

    @lazy
    def predicted_codes(self) -> NDArray[np.int64]:
        return label_codes(self.predicted, self.labels)

    @property
    def binary(self) -> bool:
        return len(self.labels) <= 2

    @lazy
    def tallies(self) -> Tallies:
        """How many rows each label has, in the order of `labels`."""
        return tallies(self.target_codes, self.predicted_codes, len(self.labels))

    def few_labels(self) -> tuple[object, ...]:
        """The labels, for who tells them one by one. Raises Invalid when they are more than anybody reads."""
        if len(self.labels) > MOST_LABELS:
            raise Invalid(
                f"{len(self.labels)} labels: at most {MOST_LABELS} are told apart; is the target an id, or a number?"
            )
        return self.labels

    @lazy
    def confusion(self) -> NDArray[np.int64]:
        """Rows: targets, columns: predictions, both in the order of `labels`. Raises Invalid when there are too many."""
        size = len(self.few_labels())
        return np.bincount(self.target_codes * size + self.predicted_codes, minlength=size * size).reshape(size, size)

    @property
    def positive_probabilities(self) -> NDArray[np.float64]:
        """Raises Invalid unless there are probabilities of exactly two labels."""
        if self.probabilities is None:
            raise Invalid("a threshold needs probabilities, and the predictions are labels")
        if len(self.columns) != 2:
            raise Invalid(f"a threshold needs two labels; there are {len(self.columns)}")
        return self.probabilities[:, _index_of(self.positive, self.columns)]

    def at(self, threshold: float) -> "Predictions":
        """The same with rows called positive from this probability on."""
        positive = self.positive_probabilities >= threshold
        other = next(label for label in self.columns if not _same_label(label, self.positive))
        predicted = _pick(positive, self.positive, other)
        return Predictions(self.target, predicted, self.positive, self.columns, self.probabilities)

    def threshold_of_top(self, k: int) -> float:
        """The probability of the row at place k (from 0) by descending probability."""
        ordered = np.sort(self.positive_probabilities)[::-1]
        return float(ordered[min(k, len(ordered) - 1)])


def predictions(
    context: Context, frame: FrameProfile, *, probas_threshold: float | None = None, k: int | None = None
) -> Predictions:
    """The predictions of one frame. Raises Invalid where roles or values do not fit together."""
    if probas_threshold is not None and k is not None:
        raise Invalid("give probas_threshold or k, not both")
    whole = frame.memo(_key(context), lambda: _prepare(context, frame))
    if probas_threshold is not None:
        return whole.at(probas_threshold)
    if k is not None:
        return whole.at(whole.threshold_of_top(k))
    return whole


def _key(context: Context) -> tuple[object, ...]:
    definition, mapping = context.definition, context.mapping
    return "predictions", definition.target, definition.predictions, str(mapping.pos_label), _all_labels(context)


def _all_labels(context: Context) -> tuple[object, ...]:
    """The target's labels on both sides, as far as there are few."""
    target = context.definition.target
    if target is None:
        raise context.lacks("target")
    labels: dict[object, None] = {}
    for _, frame in context.sides:
        if frame is not None:
            labels |= dict.fromkeys(_plain_labels(frame[target].counted.uniques).tolist())
    return tuple(sorted(labels, key=order_key))


def _prepare(context: Context, frame: FrameProfile) -> Predictions:
    keep, rows = _aligned(context, frame)
    return replace(rows, kept=keep)


def _aligned(context: Context, frame: FrameProfile) -> tuple[NDArray[np.bool_], Predictions]:
    definition = context.definition
    labels = _all_labels(context)
    if not definition.predictions:
        raise context.lacks("prediction")
    assert definition.target is not None  # noqa: S101 - _all_labels has said so
    target = frame[definition.target]
    columns = [frame[name] for name in definition.predictions]
    keep = ~_unusable(target)
    for column in columns:
        keep &= ~_unusable(column)
    if not keep.any():
        raise Invalid("no row has both a target and a prediction")
    truth = _label_array(target, keep)
    if definition.prediction is None:
        return keep, _from_columns(truth, columns, keep, labels, context.mapping.pos_label)
    if _holds_probabilities(columns[0]):
        return keep, _from_probability(truth, columns[0], keep, labels, context.mapping.pos_label)
    predicted = _label_array(columns[0], keep)
    return keep, Predictions(
        truth, predicted, _positive(context.mapping.pos_label, [*labels, *set(predicted.tolist())])
    )


def _unusable(profile: ColumnProfile) -> NDArray[np.bool_]:
    return ~np.isfinite(profile.array) if profile.kind == "float" else profile.missing_mask


def _holds_probabilities(profile: ColumnProfile) -> bool:
    finite = profile.finite if profile.kind == "float" else np.zeros(0)
    return bool(finite.size and finite[0] >= 0 and finite[-1] <= 1)


def _label_array(profile: ColumnProfile, keep: NDArray[np.bool_]) -> Array:
    if profile.dtype == object:  # labels that are equal have one name
        return profile.code_values[profile.codes[keep]]
    return _plain_labels(profile.array[keep])


def _plain_labels(values: Array) -> Array:
    """Labels with whole floats as integers."""
    if values.dtype.kind == "f":
        whole = values[np.isfinite(values)]
        if np.array_equal(whole, np.round(whole)) and np.abs(whole).max(initial=0) < 2**53:
            return (
                np.where(np.isfinite(values), values, 0).astype(np.int64)
                if whole.size == values.size
                else whole.astype(np.int64)
            )
    return values


def _same_label(left: object, right: object) -> bool:
    return str(left) == str(right) or left == right


def _index_of(label: object, labels: Sequence[object]) -> int:
    return next(index for index, each in enumerate(labels) if _same_label(label, each))


def _positive(wanted: object, labels: Sequence[object]) -> object:
    """The positive label as the data spells it."""
    wanted = 1 if wanted is None else wanted
    return next(
        (label for label in labels if label == wanted), next((x for x in labels if str(x) == str(wanted)), wanted)
    )


def _pick(positive: NDArray[np.bool_], yes: object, no: object) -> Array:
    both = np.array([no, yes])
    if both.dtype.kind not in "iub":
        both = np.array([no, yes], dtype=object)
    picked: Array = both[positive.astype(np.intp)]
    return picked


def _from_probability(
    truth: Array, column: ColumnProfile, keep: NDArray[np.bool_], labels: tuple[object, ...], wanted: object
) -> Predictions:
    """One column: the probability of the positive label, or of the label that the column is named after."""
    if len(labels) > 2:
        some = ", ".join(f"{label!r:.40}" for label in labels[:5]) + (", ..." if len(labels) > 5 else "")
        raise Invalid(f"one probability column {column.name!r} needs two labels; the target has {len(labels)}: {some}")
    zero_one = all(isinstance(label, int | np.integer) and label in (0, 1) for label in labels)
    positive = _positive(wanted, labels)
    if zero_one:
        stands_for: object = 0 if str(column.name) == "0" else 1
        columns: tuple[object, ...] = (stands_for, 1 - int(str(stands_for)))
        if any(isinstance(label, bool) for label in labels):
            columns = tuple(bool(label) for label in columns)
    else:
        if positive not in labels:
            known = ", ".join(map(repr, labels))
            raise Invalid(f"pos_label {wanted!r} is not a label of the target ({known}): set pos_label")
        other = next((label for label in labels if label != positive), f"not {positive}")
        columns = (other, positive) if str(column.name) == str(other) else (positive, other)
    share = column.array[keep]
    matrix = np.column_stack([share, 1 - share])
    predicted = _pick(matrix[:, 0] >= HALF, columns[0], columns[1])
    return Predictions(truth, predicted, positive, columns, matrix)


def _from_columns(
    truth: Array, columns: list[ColumnProfile], keep: NDArray[np.bool_], labels: tuple[object, ...], wanted: object
) -> Predictions:
    """A column per label, named after it."""
    spelled = {str(label): label for label in labels}
    integers = truth.dtype.kind in "iu"
    names = tuple(
        spelled.get(str(column.name), _as_integer(column.name) if integers else column.name) for column in columns
    )
    matrix = np.column_stack([column.as_numbers.array[keep] for column in columns]).astype(np.float64)
    if len(names) == 1:
        raise Invalid("a prediction that is a list needs a probability column per label")
    if len(names) > 2:
        choices = np.array(names) if integers else np.array(names, dtype=object)
        return Predictions(truth, choices[matrix.argmax(axis=1)], _positive(wanted, labels), names, matrix)
    positive = next((name for name in names if _same_label(name, 1 if wanted is None else wanted)), None)
    if positive is None:
        raise Invalid(f"pos_label {wanted!r} is not one of the probability columns {[str(name) for name in names]}")
    index = names.index(positive)
    matrix = matrix[:, [index, 1 - index]]
    other = names[1 - index]
    return Predictions(truth, _pick(matrix[:, 0] >= HALF, positive, other), positive, (positive, other), matrix)


def _as_integer(name: Any) -> object:
    try:
        return int(name)
    except ValueError:
        return name
