"""Drift of a text's content, judged against classifiers that guess: for small references."""

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest
from collector.evaluate.stattests.text_content import domain_auc, random_auc_quantile


def score(pair: Pair) -> float:
    """The ROC AUC of a classifier that tells current texts from the reference's; large means drift.

    The threshold is a quantile: the AUC must exceed so large a share of the AUCs of 1000 classifiers that guess.
    Which texts are learned from depends on the order of the rows. Needs the extra `text`.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> texts = [pd.Series([f"{word} {i}" for i in range(40)]) for word in ("apple", "engine")]
    >>> pair = Pair("text", *(ColumnProfile("x", side) for side in texts))
    >>> score(pair), random_auc_quantile(pair, 0.95) < 0.7
    (1.0, True)
    """
    return domain_auc(pair, "perc_text_content_drift")


perc_text_content_drift = StatTest(
    "perc_text_content_drift", "Percentile text content drift", ("text",), 0.95, ">", score, random_auc_quantile
)
