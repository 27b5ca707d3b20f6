"""Which column is what: the `columns` of a monitor."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import model_validator

from collector.strict import Model


class Columns(Model):
    """The roles of columns: the fields of a ColumnMapping, and `timestamp`, the event time.

    A list of features that is given replaces inference for its kind. When both the numerical and the categorical
    features are given the columns are closed: a row with any other column is rejected.
    """

    id: str | None = None
    timestamp: str | None = None
    task: Literal["regression", "classification", "recsys"] | None = None
    target: str | None = None
    prediction: str | tuple[str, ...] | None = None
    pos_label: str | int = 1
    target_names: tuple[str | int, ...] | Mapping[str | int, str] | None = None
    numerical_features: tuple[str, ...] | None = None
    categorical_features: tuple[str, ...] | None = None
    text_features: tuple[str, ...] | None = None
    datetime_features: tuple[str, ...] | None = None
    embeddings: Mapping[str, tuple[str, ...]] | None = None
    user_id: str | None = None
    item_id: str | None = None
    recommendations_type: Literal["score", "rank"] = "score"

    @model_validator(mode="after")
    def _one_role_each(self) -> Self:
        seen: dict[str, str] = {}
        for role in ("id", "timestamp", "target", "prediction", "numerical_features", "categorical_features",
                     "text_features", "datetime_features"):  # fmt: skip
            for name in names_of(getattr(self, role)):
                if name in seen:
                    raise ValueError(f"column {name!r} is named twice: as {seen[name]} and as {role}")
                seen[name] = role
        return self

    @property
    def predictions(self) -> tuple[str, ...]:
        return names_of(self.prediction)

    @property
    def closed(self) -> bool:
        return self.numerical_features is not None and self.categorical_features is not None


def names_of(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
