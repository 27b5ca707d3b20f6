"""The frames that known values are stated for."""

import pandas as pd

from tests.evaluate import recipes
from tests.parity.pair import Frames


def n1() -> Frames:
    """The numbers that the known values of the drift methods are stated for."""
    reference, current = recipes.n1()
    return Frames(current, reference)


def c1() -> Frames:
    """The categories that the known values of the drift methods are stated for."""
    values = recipes.c1()
    reference = pd.DataFrame({"letter": values["rc"], "near": values["rc"], "answer": [*values["rb"], *values["rb"]]})
    current = pd.DataFrame(
        {"letter": values["cc"], "near": values["c4"][:500], "answer": [*values["cb"], *values["rb"]]}
    )
    return Frames(current, reference)


def q1() -> Frames:
    """Eight rows with all that can be odd about a column."""
    return Frames(recipes.q1(), recipes.q2())


def r1() -> Frames:
    """The regression that known values are stated for."""
    reference, current = recipes.r1()
    return Frames(current, reference, {"task": "regression"})


def b1() -> Frames:
    """The binary classification that known values are stated for."""
    current, reference, _ = recipes.b1()
    return Frames(current, reference)


def m1() -> Frames:
    """The classification with three labels that known values are stated for."""
    many = recipes.b1()[2]
    return Frames(many, many.iloc[::-1].iloc[:150].reset_index(drop=True), {"prediction": ["a", "b", "c"]})


def same_counts() -> Frames:
    """Samples of equal size, which some methods need; and whole numbers beside the same as floats."""
    values = recipes.c1()
    whole = ([0, 1, 2] * 100, ([0, 0, 2] * 80 + [1, 2] * 30))
    reference = pd.DataFrame({"letter": values["rc"][:300], "answer": values["rb"], "whole": whole[0]})
    current = pd.DataFrame(
        {"letter": values["c4"][:300], "answer": [*values["cb"], *values["rb"][:100]], "whole": whole[1]}
    )
    return Frames(current.assign(float=current["whole"] / 1.0), reference.assign(float=reference["whole"] / 1.0))
