"""The frames on which the peer and this engine must agree. Read by both, under either major version of pandas.

Drawn from numpy's `RandomState`, whose streams are frozen for good. `digest` proves that both sides saw the same.
"""

import hashlib
from collections.abc import Callable

import pandas as pd

from tests.parity import frames_of_models as models, frames_of_recipes as recipes, frames_of_tables as tables
from tests.parity.pair import Frames

__all__ = ["FRAMES", "Frames", "digest"]

FRAMES: dict[str, Callable[[], Frames]] = {
    make.__name__: make
    for make in (
        tables.numeric,
        tables.large,
        tables.categorical,
        tables.missing,
        tables.infinities,
        tables.tiny,
        tables.constant,
        tables.integers,
        tables.wide,
        tables.unicode,
        tables.correlated,
        tables.conflicts,
        models.binary,
        models.binary_columns,
        models.binary_labels,
        models.gaps,
        models.multiclass,
        models.multiclass_labels,
        models.regression,
        models.regression_signed,
        models.ranking,
        models.shuffled,
        models.trained,
        models.ranks,
        tables.texts,
        tables.embeddings,
        tables.sentences,
        recipes.n1,
        recipes.c1,
        recipes.q1,
        recipes.r1,
        recipes.b1,
        recipes.m1,
        recipes.same_counts,
    )
}


def digest(frames: Frames) -> str:
    """Equal when the values are: however the version of pandas stores them."""
    text = hashlib.sha256()
    for frame in (frames.current, frames.reference, *frames.additional.values()):
        for name in frame.columns:
            values = [None if pd.isna(value) else value for value in frame[name].tolist()]
            text.update(
                repr(
                    (str(name), [value if isinstance(value, (int, float)) else str(value) for value in values])
                ).encode()
            )
    return text.hexdigest()[:16]
