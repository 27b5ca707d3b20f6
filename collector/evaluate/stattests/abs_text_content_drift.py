"""Drift of a text's content, judged by the quality of the classifier alone: for large references."""

from collector.evaluate.pair import Pair
from collector.evaluate.stattests.base import StatTest
from collector.evaluate.stattests.text_content import domain_auc


def score(pair: Pair) -> float:
    """The ROC AUC of a classifier that tells current texts from the reference's; large means drift.

    Which texts are learned from depends on the order of the rows. Needs the extra `text`.

    >>> import pandas as pd
    >>> from collector.evaluate.profile import ColumnProfile
    >>> texts = [pd.Series([f"{word} {i}" for i in range(40)]) for word in ("apple", "engine")]
    >>> score(Pair("text", *(ColumnProfile("x", side) for side in texts)))
    1.0
    """
    return domain_auc(pair, "abs_text_content_drift")


abs_text_content_drift = StatTest("abs_text_content_drift", "Absolute text content drift", ("text",), 0.55, ">", score)
