"""The methods that compare embeddings: a classifier, the distance of means, components one by one, a kernel.

What needs scikit-learn (`Model`, and `pca_components` anywhere) says so when it is not installed: the extra `text`
brings it.
"""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.measures.drift import find_stattest
from collector.evaluate.measures.kernels import kernel_sums, median_distance
from collector.evaluate.pair import Pair
from collector.evaluate.profile import ColumnProfile
from collector.evaluate.scores import roc_auc
from collector.evaluate.stattests.text_content import need_sklearn, split_halves

Floats = NDArray[np.float64]
RESAMPLES = 100
SEED = 42


class EmbeddingsDrift(NamedTuple):
    """What a method says."""

    score: float
    drifted: bool


@dataclass(frozen=True)
class DriftMethod:
    """How the current vectors are compared with those of the reference."""

    name: ClassVar[str] = ""

    threshold: float

    def compare(self, reference: Floats, current: Floats) -> EmbeddingsDrift:
        """Raises Invalid (or ValueError) when they cannot be compared."""
        raise NotImplementedError


def _reduced(reference: Floats, current: Floats, components: int | None) -> tuple[Floats, Floats]:
    """Both in the principal components of the reference."""
    if not components:
        return reference, current
    need_sklearn("pca_components")
    from sklearn.decomposition import PCA  # noqa: PLC0415 - optional, and slow to import

    pca = PCA(n_components=components, random_state=0)
    return pca.fit_transform(reference), pca.transform(current)


@dataclass(frozen=True)
class Model(DriftMethod):
    """The ROC AUC of a linear classifier that has learned, from one half of the rows, which are current.

    Drift: an AUC above the threshold; with `bootstrap`, above the quantile of 100 classifiers that guess.
    """

    name: ClassVar[str] = "model"

    bootstrap: bool | None = None
    quantile_probability: float = 0.95
    pca_components: int | None = None

    def compare(self, reference: Floats, current: Floats) -> EmbeddingsDrift:
        need_sklearn("drift method model")
        from sklearn.linear_model import SGDClassifier  # noqa: PLC0415 - optional, and slow to import

        reference, current = _reduced(reference, current, self.pca_components)
        rows = np.concatenate([reference, current])
        known = np.arange(len(rows)) < len(reference)
        train, test = split_halves(len(rows))
        if known[train].all() or not known[train].any():
            raise Invalid("there are too few embeddings to tell current ones from the reference's")
        classifier = SGDClassifier(loss="log_loss", random_state=SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the default number of rounds is the definition, converged or not
            classifier.fit(rows[train], known[train].astype(np.int64))
            scores = classifier.predict_proba(rows[test])[:, 1]
        score, truth = roc_auc(known[test], scores), known[test]
        if not self.bootstrap:
            return EmbeddingsDrift(score, score > self.threshold)
        guesses = [roc_auc(truth, np.random.RandomState(i).rand(truth.size)) for i in range(RESAMPLES)]
        return EmbeddingsDrift(score, score > float(np.quantile(guesses, self.quantile_probability)))


Measure = Literal["euclidean", "cosine", "cityblock", "chebyshev"]
_MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True)
class Distance(DriftMethod):
    """The distance of the two mean vectors.

    Drift: above the threshold; with `bootstrap`, above the quantile of 100 such distances within the reference.
    """

    name: ClassVar[str] = "distance"

    dist: Measure = "euclidean"
    bootstrap: bool | None = None
    quantile_probability: float = 0.95
    pca_components: int | None = None

    def __post_init__(self) -> None:
        if self.dist not in _MEASURES:
            raise Invalid(f"dist is {self.dist!r}: expected one of {', '.join(_MEASURES)}")

    def compare(self, reference: Floats, current: Floats) -> EmbeddingsDrift:
        reference, current = _reduced(reference, current, self.pca_components)
        measure = getattr(scipy.spatial.distance, self.dist)
        score = float(measure(reference.mean(axis=0), current.mean(axis=0)))
        if not self.bootstrap:
            return EmbeddingsDrift(score, score > self.threshold)
        left, right = _resamples(len(reference), len(current))
        means = (left @ reference / left.sum(axis=1)[:, None], right @ reference / right.sum(axis=1)[:, None])
        within = [measure(first, second) for first, second in zip(*means, strict=True)]
        return EmbeddingsDrift(score, score > float(np.quantile(within, self.quantile_probability)))


def _resamples(reference_rows: int, current_rows: int) -> tuple[Floats, Floats]:
    """How often each reference row is drawn, with replacement, in 100 pairs of samples as large, in proportion."""
    rows = reference_rows + current_rows
    sizes = max(1, reference_rows**2 // rows), max(1, reference_rows * current_rows // rows)
    drawn: tuple[list[Any], list[Any]] = [], []
    for index in range(RESAMPLES):
        random = np.random.RandomState(index)
        for side, size in zip(drawn, sizes, strict=True):
            side.append(np.bincount(random.choice(reference_rows, size), minlength=reference_rows))
    return np.array(drawn[0], dtype=np.float64), np.array(drawn[1], dtype=np.float64)


@dataclass(frozen=True)
class Ratio(DriftMethod):
    """The share of components that drifted, each by a drift method for numbers. Drift: above the threshold."""

    name: ClassVar[str] = "ratio"

    component_stattest: str = "wasserstein"
    component_stattest_threshold: float = 0.1
    pca_components: int | None = None

    def __post_init__(self) -> None:
        if "num" not in find_stattest(self.component_stattest).types:
            raise Invalid(f"component_stattest {self.component_stattest!r} is no drift method for numbers")

    def compare(self, reference: Floats, current: Floats) -> EmbeddingsDrift:
        reference, current = _reduced(reference, current, self.pca_components)
        stattest = find_stattest(self.component_stattest)
        drifted = 0
        for before, now in zip(reference.T, current.T, strict=True):
            with np.errstate(all="ignore"):
                score = stattest.score(Pair("num", *(ColumnProfile("component", pd.Series(v)) for v in (before, now))))
            drifted += stattest.drifted(score, self.component_stattest_threshold)
        share = drifted / reference.shape[1]
        return EmbeddingsDrift(share, share > self.threshold)


@dataclass(frozen=True)
class Mmd(DriftMethod):
    """The squared maximum mean discrepancy in a Gaussian kernel as wide as the median distance; 0 when negative.

    Drift: above the threshold; with `bootstrap`, above the quantile of 100 such values within the reference. Of more
    than 5000 rows on a side, 5000 are drawn: time grows with the square of the rows.

    Source: Gretton et al., Journal of Machine Learning Research 13 (2012).
    """

    name: ClassVar[str] = "mmd"

    bootstrap: bool | None = None
    quantile_probability: float = 0.05
    pca_components: int | None = None

    def compare(self, reference: Floats, current: Floats) -> EmbeddingsDrift:
        reference, current = _reduced(reference, current, self.pca_components)
        if min(len(reference), len(current)) < 2:
            raise Invalid("mmd needs two embeddings on each side")
        reference, current = _some(reference), _some(current)
        m, n = len(reference), len(current)
        sides = np.zeros((2, m + n))
        sides[0, :m] = sides[1, m:] = 1.0
        width = median_distance(reference, current)
        score = float(_mmd(np.concatenate([reference, current]), sides[:1], sides[1:], width)[0])
        if not self.bootstrap:
            return EmbeddingsDrift(max(score, 0.0), score > self.threshold)
        left, right = _resamples(m, n)
        within = _mmd(reference, left, right, median_distance(reference, reference))
        return EmbeddingsDrift(max(score, 0.0), score > float(np.quantile(within, self.quantile_probability)))


MAX_MMD_ROWS = 5000


def _some(rows: Floats) -> Floats:
    if len(rows) <= MAX_MMD_ROWS:
        return rows
    drawn: Floats = rows[np.random.default_rng(0).choice(len(rows), MAX_MMD_ROWS, replace=False)]
    return drawn


def _mmd(rows: Floats, left: Floats, right: Floats, width: float) -> Floats:
    """The unbiased squared discrepancy of each pair of samples, given by how often they hold each row."""
    m, n = left.sum(axis=1), right.sum(axis=1)
    left_left, right_right, left_right = kernel_sums(rows, left, right, width)
    inner = (left_left - m) / (m * (m - 1)) + (right_right - n) / (n * (n - 1))
    return np.asarray(inner - 2 * left_right / (m * n))
