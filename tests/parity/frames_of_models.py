"""Targets and predictions: classification, regression, recommendations."""

import numpy as np
import pandas as pd

from tests.parity.pair import Frames, draws


def binary() -> Frames:
    """One positive in twenty, with probabilities."""

    def make(seed: int, rows: int, noise: float) -> pd.DataFrame:
        rng = draws(seed)
        target = (rng.rand(rows) < 0.05).astype(np.int64)
        target[:3] = 1
        probability = np.clip(0.2 + 0.45 * target + rng.normal(0, noise, rows), 0.001, 0.999)
        return pd.DataFrame(
            {
                "target": target,
                "prediction": probability,
                "amount": rng.exponential(30, rows),
                "channel": rng.choice(["web", "shop", "phone"], rows),
            }
        )

    return Frames(make(16, 300, 0.2), make(15, 400, 0.15), {"task": "classification"})


def binary_columns() -> Frames:
    """Two labels as text, a column of probabilities for each."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        target = rng.choice(["yes", "no"], rows, p=[0.4, 0.6])
        probability = np.clip(np.where(target == "yes", 0.6, 0.35) + rng.normal(0, 0.2, rows), 0.01, 0.99)
        return pd.DataFrame({"target": target, "yes": probability, "no": 1 - probability, "x": rng.normal(0, 1, rows)})

    return Frames(make(18, 150), make(17, 180), {"prediction": ["yes", "no"], "pos_label": "yes"})


def binary_labels() -> Frames:
    """Two labels, the prediction is a label too."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        target = rng.randint(0, 2, rows)
        wrong = rng.rand(rows) < 0.25
        return pd.DataFrame(
            {"target": target, "prediction": np.where(wrong, 1 - target, target), "x": rng.normal(0, 1, rows)}
        )

    return Frames(make(20, 140), make(19, 160), {"task": "classification"})


def multiclass() -> Frames:
    """Three labels as text, a column of probabilities for each."""

    def make(seed: int, rows: int, weight: float) -> pd.DataFrame:
        rng = draws(seed)
        target = rng.choice(list("abc"), rows, p=[0.5, 0.3, 0.2])
        shares = rng.gamma(1.0, 1.0, (rows, 3))
        shares[np.arange(rows), ["abc".index(label) for label in target]] += weight
        shares /= shares.sum(axis=1, keepdims=True)
        return pd.DataFrame({"target": target, **dict(zip("abc", shares.T, strict=True)), "x": rng.normal(0, 1, rows)})

    return Frames(make(22, 200, 1.2), make(21, 230, 1.5), {"prediction": ["a", "b", "c"], "task": "classification"})


def multiclass_labels() -> Frames:
    """Four labels as whole numbers, one of them never predicted."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        target = rng.choice([0, 1, 2, 3], rows, p=[0.4, 0.3, 0.25, 0.05])
        guess = rng.choice([0, 1, 2], rows)
        prediction = np.where(rng.rand(rows) < 0.6, np.minimum(target, 2), guess)
        return pd.DataFrame({"target": target, "prediction": prediction, "x": rng.normal(0, 1, rows)})

    return Frames(make(24, 180), make(23, 200), {"task": "classification"})


def regression() -> Frames:
    """Positive targets, with features of both kinds."""

    def make(seed: int, rows: int, shift: float) -> pd.DataFrame:
        rng = draws(seed)
        target = rng.normal(20 + shift, 3, rows)
        return pd.DataFrame(
            {
                "target": target,
                "prediction": target + rng.normal(0.2 + shift, 1, rows),
                "x": 0.3 * target + rng.normal(0, 1, rows),
                "y": rng.normal(0, 1, rows),
                "group": rng.choice(list("ab"), rows),
            }
        )

    return Frames(make(26, 150, 0.5), make(25, 170, 0.0), {"task": "regression"})


def regression_signed() -> Frames:
    """Targets of either sign and zero; rows without target or prediction."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        target = np.round(rng.normal(0, 2, rows))
        prediction = target + rng.normal(0, 0.7, rows)
        target[:2] = np.nan
        prediction[3] = np.nan
        prediction[4] = np.inf
        return pd.DataFrame({"target": target, "prediction": prediction, "x": rng.normal(0, 1, rows)})

    return Frames(make(28, 120), make(27, 130), {"task": "regression"})


def ranking() -> Frames:
    """Recommendations with scores, rows of a user from best to worst; some users have no relevant item."""

    def make(seed: int, users: int) -> pd.DataFrame:
        rng = draws(seed)
        rows = []
        for user in range(users):
            items = rng.choice(30, 12, replace=False)
            scores = np.sort(rng.rand(12))[::-1]
            relevant = rng.rand(12) < (0.0 if user % 5 == 0 else 0.3) * np.linspace(1.6, 0.4, 12)
            rows += [
                (user, int(item), float(score), int(hit))
                for item, score, hit in zip(items, scores, relevant, strict=True)
            ]
        return pd.DataFrame(rows, columns=["user_id", "item_id", "prediction", "target"])

    return Frames(make(30, 12), make(29, 15), {"task": "recsys", "recommendations_type": "score"})


def shuffled() -> Frames:
    """The recommendations of `ranking`, the rows in no order."""
    made = ranking()
    current, reference = (
        frame.sample(frac=1, random_state=3).reset_index(drop=True) for frame in (made.current, made.reference)
    )
    return Frames(current, reference, made.mapping)


def trained() -> Frames:
    """Recommendations of items with features, to users with features, and what the recommender was trained on."""
    rng = draws(44)
    items = pd.DataFrame(
        {"item_id": range(20), "f": rng.rand(20), "g": rng.rand(20), "genre": rng.choice(["rock", "jazz", "folk"], 20)}
    )
    countries = rng.choice(["at", "ch"], 12)

    def make(seed: int, users: int, length: int) -> pd.DataFrame:
        rng = draws(seed)
        pairs = [(user, int(item)) for user in range(users) for item in rng.choice(20, length, replace=False)]
        frame = pd.DataFrame(pairs, columns=["user_id", "item_id"])
        frame["prediction"] = rng.permutation(len(frame)) / 100
        frame["target"] = (rng.rand(len(frame)) < 0.4).astype(np.int64)
        frame["country"] = [countries[user] for user in frame["user_id"]]
        return frame.merge(items, on="item_id")

    train = {"current_train_data": make(47, 12, 5), "reference_train_data": make(48, 12, 6)}
    mapping = {"task": "recsys", "recommendations_type": "score"}
    return Frames(make(45, 9, 6), make(46, 10, 6), mapping, train)


def ranks() -> Frames:
    """The same kind of recommendations, with ranks (1 is the best) and grades of relevance."""

    def make(seed: int, users: int) -> pd.DataFrame:
        rng = draws(seed)
        rows = [
            (f"u{user}", f"i{item}", rank + 1, int(rng.choice([0, 0, 1, 2, 3])))
            for user in range(users)
            for rank, item in enumerate(rng.choice(25, 11, replace=False))
        ]
        return pd.DataFrame(rows, columns=["user_id", "item_id", "prediction", "target"])

    return Frames(make(32, 9), make(31, 10), {"task": "recsys", "recommendations_type": "rank"})


def gaps() -> Frames:
    """A binary classification, some rows without a prediction."""
    made = binary()
    current, reference = made.current.copy(), made.reference.copy()
    current.loc[[1, 40, 77], "prediction"] = np.nan
    reference.loc[[0], "prediction"] = np.nan
    return Frames(current, reference, made.mapping)
