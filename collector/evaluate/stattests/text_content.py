"""Whether a classifier can tell current texts from those of the reference: what both text drift methods compute.

Needs scikit-learn, which the extra `text` brings; it is imported when a text column is first compared.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.errors import Invalid
from collector.evaluate.pair import Pair
from collector.evaluate.profile import ColumnProfile
from collector.evaluate.scores import roc_auc

SEED = 42
RANDOM_CLASSIFIERS = 1000


def need_sklearn(what: str) -> None:
    """Raises Invalid, naming the extra, when scikit-learn is not installed."""
    try:
        import sklearn  # noqa: F401, PLC0415 - optional, and slow to import
    except ImportError as error:
        raise Invalid(f"{what} needs scikit-learn: install inference-collector[text]") from error


def domain_auc(pair: Pair, method: str) -> float:
    """The ROC AUC, over a half of the texts, of a classifier that has learned from the other half which are current.

    Words are weighted by TF-IDF; the classifier is linear. Half a point: it cannot tell them apart. Raises Invalid
    when there are too few texts to learn from.
    """
    need_sklearn(f"drift method {method}")
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - see need_sklearn
    from sklearn.linear_model import SGDClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    texts = [*_texts(pair.reference), *_texts(pair.current)]
    train, test = split_halves(len(texts))
    is_current = np.arange(len(texts)) >= pair.reference_rows
    if is_current[train].all() or not is_current[train].any():
        raise Invalid(f"column {pair.name!r} has too few texts to tell current ones from the reference's")
    classifier = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, max_df=0.5, stop_words="english"),
        SGDClassifier(alpha=1e-4, max_iter=50, penalty="l1", loss="modified_huber", random_state=SEED),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fifty rounds are the definition, converged or not
        try:
            classifier.fit([texts[index] for index in train], is_current[train].astype(np.int64))
        except ValueError as error:
            raise Invalid(
                f"column {pair.name!r} has no words to compare: each is a stop word or in more than half of the texts",
                column=pair.name,
            ) from error
        scores = classifier.predict_proba([texts[index] for index in test])[:, 1]
    return roc_auc(is_current[test], scores)


def random_auc_quantile(pair: Pair, share: float) -> float:
    """The quantile of the ROC AUCs of classifiers that guess, over the same texts."""
    count = pair.reference_rows + pair.current_rows
    is_current = split_halves(count)[1] >= pair.reference_rows
    seeds = np.random.RandomState(SEED).randint(0, 10_000, size=RANDOM_CLASSIFIERS)
    aucs = [roc_auc(is_current, np.random.RandomState(seed).rand(is_current.size)) for seed in seeds]
    return float(np.quantile(aucs, share))


def split_halves(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two halves of shuffled rows: the indexes to learn from, and those to judge by (one more when they are odd)."""
    order: NDArray[Any] = np.random.RandomState(SEED).permutation(count)
    middle = (count + 1) // 2
    return order[middle:], order[:middle]


def _texts(profile: ColumnProfile) -> list[str]:
    values = profile.array[~profile.missing_mask]
    return [str(value) for value in values if not (isinstance(value, float) and np.isinf(value))]
