"""Drift of embeddings: columns that are the components of one vector per row.

`model`, `distance`, `ratio` and `mmd` make a method with its options; the names alone mean the defaults. Rows with a
component that is missing or infinite are left out.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from collector.errors import Invalid
from collector.evaluate.base import Context
from collector.evaluate.measures.embedding_methods import (
    Distance,
    DriftMethod,
    EmbeddingsDrift,
    Floats,
    Measure,
    Mmd,
    Model,
    Ratio,
)
from collector.evaluate.profile import FrameProfile
from collector.strict import near_miss

SMALL_REFERENCE_ROWS = 1000
"""Below so many reference rows, the default method asks how good guessing would be."""


def model(
    threshold: float = 0.55,
    bootstrap: bool | None = None,  # noqa: FBT001 - the order that users know
    quantile_probability: float = 0.95,
    pca_components: int | None = None,
) -> Model:
    """The method by a classifier.

    >>> model(threshold=0.6).threshold
    0.6
    """
    return Model(threshold, bootstrap, quantile_probability, pca_components)


def distance(
    dist: Measure = "euclidean",
    threshold: float = 0.2,
    bootstrap: bool | None = None,  # noqa: FBT001 - the order that users know
    quantile_probability: float = 0.95,
    pca_components: int | None = None,
) -> Distance:
    """The method by the distance of means.

    >>> distance("cosine").compare(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]])).score
    1.0
    """
    return Distance(threshold, dist, bootstrap, quantile_probability, pca_components)


def ratio(
    component_stattest: str = "wasserstein",
    component_stattest_threshold: float = 0.1,
    threshold: float = 0.2,
    pca_components: int | None = None,
) -> Ratio:
    """The method by components.

    >>> before = np.array([[1.0, 1.0], [2.0, 2.0]])
    >>> ratio().compare(before, before + np.array([0.0, 5.0]))
    EmbeddingsDrift(score=0.5, drifted=True)
    """
    return Ratio(threshold, component_stattest, component_stattest_threshold, pca_components)


def mmd(
    threshold: float = 0.015,
    bootstrap: bool | None = None,  # noqa: FBT001 - the order that users know
    quantile_probability: float = 0.05,
    pca_components: int | None = None,
) -> Mmd:
    """The method by mean discrepancy.

    >>> before = np.array([[0.0], [1.0], [2.0]])
    >>> mmd().compare(before, before + 5).drifted
    True
    """
    return Mmd(threshold, bootstrap, quantile_probability, pca_components)


METHODS: Mapping[str, Callable[..., DriftMethod]] = {
    "model": model,
    "distance": distance,
    "ratio": ratio,
    "mmd": mmd,
}


def method_of(wish: object) -> DriftMethod:
    """A method, from itself or as configuration states it: its name, or `{name: {option: value}}`. Raises Invalid."""
    if isinstance(wish, DriftMethod):
        return wish
    name, options = next(iter(wish.items())) if isinstance(wish, Mapping) and len(wish) == 1 else (wish, {})
    if not isinstance(name, str) or name not in METHODS:
        raise Invalid(
            f"unknown embeddings method {name!r}{near_miss(str(name), list(METHODS))}; known: {', '.join(METHODS)}"
        )
    try:
        return METHODS[name](**(options or {}))
    except TypeError as error:
        raise Invalid(f"embeddings method {name} does not take these options: {error}") from error


def check_methods(methods: Mapping[str, object] | None) -> None:
    """Raises Invalid when one of the methods is none."""
    for method in (methods or {}).values():
        method_of(method)


def embedding_sets(
    context: Context, names: Sequence[str] | None, methods: Mapping[str, object] | None
) -> dict[str, object]:
    """The mapping's embeddings, or those of them that are named, each with its method or None."""
    known = context.mapping.embeddings or {}
    return {name: (methods or {}).get(name) for name in known if names is None or name in names}


def embeddings_drift(context: Context, name: str, wish: object) -> tuple[EmbeddingsDrift, DriftMethod]:
    """The drift of one of the mapping's embeddings. Raises Invalid when it is not there, or there is no reference."""
    reference = context.needed_reference()
    columns = context.definition.embeddings.get(name)
    if columns is None:
        known = ", ".join(map(repr, context.mapping.embeddings or {})) or "none"
        raise Invalid(f"embeddings {name!r} are not in the data on every side, or not in the mapping; it has {known}")
    rows = [_vectors(frame, columns, side) for side, frame in (("reference", reference), ("current", context.current))]
    method = method_of(wish) if wish is not None else model(bootstrap=len(rows[0]) < SMALL_REFERENCE_ROWS)
    return context.memo(("embeddings", name, method), lambda: method.compare(rows[0], rows[1])), method


def _vectors(frame: FrameProfile, columns: tuple[str, ...], side: str) -> Floats:
    if not columns:
        raise Invalid("the embeddings have no columns")
    vectors = np.column_stack([frame[column].as_numbers.array.astype(np.float64, copy=False) for column in columns])
    finite: Floats = vectors[np.isfinite(vectors).all(axis=1)]
    if not len(finite):
        raise Invalid(f"no row of the {side} data has a whole embedding")
    return finite
