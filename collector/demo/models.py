"""The two models that are being watched: will this flight land more than fifteen minutes late? Known at departure.

The champion is a logistic regression, the challenger boosted trees; both have learned from January. Half of the flights
go to either, by a hash of the flight's id, so that a flight asked for again goes to the same model.
"""

from collections.abc import Mapping
from hashlib import blake2b

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from collector.demo.flights import CATEGORICAL, FEATURES, ID, NUMERICAL, TARGET

MODEL, PREDICTION = "model_version", "delay_probability"
CHAMPION, CHALLENGER = "champion", "challenger"

Models = Mapping[str, Pipeline]


def train(flights: pd.DataFrame) -> Models:
    """Fit both on the flights that landed. The same flights give the same models."""
    known = flights[flights[TARGET].notna()]
    made = {CHAMPION: _logistic_regression(), CHALLENGER: _boosted_trees()}
    return {name: model.fit(known[list(FEATURES)], known[TARGET].astype(int)) for name, model in made.items()}


def score(model: Pipeline, flights: pd.DataFrame) -> pd.DataFrame:
    """The same flights, with the probability that each will be late."""
    return flights.assign(**{PREDICTION: model.predict_proba(flights[list(FEATURES)])[:, 1]})


def serve(models: Models, flights: pd.DataFrame) -> pd.DataFrame:
    """The same flights in the same order, each scored by the model that it goes to."""
    chosen = flights[ID].map(version_of)
    scored = [score(model, flights[chosen == name]).assign(**{MODEL: name}) for name, model in models.items()]
    return pd.concat(scored).loc[flights.index]


def version_of(flight: str) -> str:
    """Which model a flight goes to.

    >>> version_of("AA-1-JFK-2013-02-01"), version_of("UA-1545-EWR-2013-01-02")
    ('champion', 'challenger')
    """
    return CHALLENGER if blake2b(flight.encode(), digest_size=1).digest()[0] % 2 else CHAMPION


def _logistic_regression() -> Pipeline:
    preparation = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), list(NUMERICAL)),
        (OneHotEncoder(handle_unknown="ignore"), list(CATEGORICAL)),
    )
    return make_pipeline(preparation, LogisticRegression(max_iter=500))


def _boosted_trees() -> Pipeline:
    """Few and small ones: they are trained while somebody waits."""
    unknown = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    preparation = make_column_transformer((unknown, list(CATEGORICAL)), remainder="passthrough")
    return make_pipeline(preparation, HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0))
