"""The model that is being watched: will this flight land more than fifteen minutes late? Known at departure."""

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from collector.demo.flights import CATEGORICAL, FEATURES, NUMERICAL, PREDICTION, TARGET


def train(flights: pd.DataFrame) -> Pipeline:
    """Fit on the flights that landed. The same flights give the same model."""
    known = flights[flights[TARGET].notna()]
    preparation = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), list(NUMERICAL)),
        (OneHotEncoder(handle_unknown="ignore"), list(CATEGORICAL)),
    )
    model = make_pipeline(preparation, LogisticRegression(max_iter=500))
    return model.fit(known[list(FEATURES)], known[TARGET].astype(int))


def score(model: Pipeline, flights: pd.DataFrame) -> pd.DataFrame:
    """The same flights, with the probability that each will be late."""
    return flights.assign(**{PREDICTION: model.predict_proba(flights[list(FEATURES)])[:, 1]})
