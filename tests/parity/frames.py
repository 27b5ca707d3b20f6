"""The frames on which the peer and this engine must agree. Read by both, under either major version of pandas.

Drawn from numpy's `RandomState`, whose streams are frozen for good. `digest` proves that both sides saw the same.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tests.evaluate import recipes


@dataclass(frozen=True)
class Frames:
    """A pair of frames with the roles of their columns. `mapping` holds arguments of ColumnMapping."""

    current: pd.DataFrame
    reference: pd.DataFrame
    mapping: dict[str, Any] = field(default_factory=dict)
    additional: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Frames by name that some metrics need: what a recommender was trained on."""


def draws(seed: int) -> np.random.RandomState:
    return np.random.RandomState(seed)  # Generator's streams may change between versions of numpy


def numeric() -> Frames:
    """Numbers of every shape, a reference of at most 1000 rows: tests of significance."""

    def make(seed: int, rows: int, shift: float) -> pd.DataFrame:
        rng = draws(seed)
        return pd.DataFrame(
            {
                "normal": rng.normal(shift, 1 + shift, rows),
                "same": rng.normal(5, 2, rows),
                "skewed": np.exp(rng.normal(shift, 1, rows)),
                "integers": rng.randint(0, 9, rows),
                "counts": rng.poisson(40 + 5 * shift, rows),
                "few": rng.choice([0.0, 0.5, 1.0, 1.5], rows, p=[0.4 - shift / 2, 0.3, 0.2, 0.1 + shift / 2]),
                "two": rng.choice([0.0, 1.0], rows, p=[0.6 - shift, 0.4 + shift]),
                "twenty": rng.permutation(np.arange(rows) % 20) / 3.0,
                "twentyone": rng.permutation(np.arange(rows) % 21) / 3.0,
                "large": rng.normal(1e9, 1e3, rows),
            }
        )

    return Frames(make(2, 250, 0.2), make(1, 300, 0.0))


def large() -> Frames:
    """A reference of more than 1000 rows: distances. `at_limit` has exactly 1000 values there."""

    def make(seed: int, rows: int, shift: float) -> pd.DataFrame:
        rng = draws(seed)
        at_limit = rng.normal(shift, 1, rows)
        at_limit[: rows - 1000 if rows > 1000 else 7] = np.nan
        return pd.DataFrame(
            {
                "normal": rng.normal(shift, 1, rows),
                "skewed": rng.exponential(1 + shift, rows),
                "integers": rng.randint(0, 100, rows),
                "few": rng.randint(0, 4, rows).astype(np.float64),
                "two": rng.choice([0, 1], rows, p=[0.5 + shift, 0.5 - shift]),
                "letter": rng.choice(list("abcdefg"), rows),
                "answer": rng.choice(["no", "yes"], rows, p=[0.7 - shift, 0.3 + shift]),
                "at_limit": at_limit,
            }
        )

    return Frames(make(4, 800, 0.15), make(3, 1500, 0.0))


def categorical() -> Frames:
    """Texts, truths, categories: with values that are new, gone, empty or missing."""

    def make(seed: int, rows: int, *, now: bool) -> pd.DataFrame:
        rng = draws(seed)
        missing = rng.choice(list("pqr"), rows).astype(object)
        missing[rng.rand(rows) < (0.2 if now else 0.1)] = None
        missing[rng.rand(rows) < 0.05] = ""
        return pd.DataFrame(
            {
                "letter": rng.choice(list("abcd"), rows, p=[0.45, 0.3, 0.2, 0.05] if now else [0.5, 0.3, 0.15, 0.05]),
                "new": rng.choice(list("abce") if now else list("abcd"), rows),
                "gone": rng.choice(list("ab") if now else list("abc"), rows),
                "answer": rng.choice(["no", "yes"], rows, p=[0.5, 0.5] if now else [0.6, 0.4]),
                "truth": rng.rand(rows) < (0.4 if now else 0.3),
                "digits": rng.choice(["1", "2", "10"], rows),
                "missing": missing,
                "category": pd.Categorical(rng.choice(["low", "high"], rows), categories=["low", "mid", "high"]),
                "many": [f"id {number}" for number in rng.randint(0, 200, rows)],
            }
        )

    return Frames(make(6, 220, now=True), make(5, 260, now=False), {"categorical_features": None})


def missing() -> Frames:
    """Nothing in all its kinds: NaN, None, NaT, NA, empty text, a column and rows without any value."""

    def make(seed: int, rows: int, share: float) -> pd.DataFrame:
        rng = draws(seed)
        number = rng.normal(10, 3, rows)
        number[rng.rand(rows) < share] = np.nan
        text = rng.choice(list("xyz"), rows).astype(object)
        text[rng.rand(rows) < share] = None
        text[rng.rand(rows) < 0.05] = ""
        both = rng.normal(0, 1, rows)
        both[rng.rand(rows) < share] = np.nan
        both[rng.rand(rows) < 0.05] = np.inf
        both[rng.rand(rows) < 0.05] = -np.inf
        day = pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.randint(0, 400, rows), unit="D")
        frame = pd.DataFrame(
            {
                "number": number,
                "text": text,
                "both": both,
                "day": pd.Series(day).where(pd.Series(rng.rand(rows) >= share)),
                "nothing": np.full(rows, np.nan),
                "full": rng.normal(0, 1, rows),
            }
        )
        frame.loc[[3, 4], :] = np.nan
        return frame

    return Frames(make(8, 150, 0.15), make(7, 200, 0.1), {"datetime": None})


def infinities() -> Frames:
    """Infinite numbers, with and without missing ones beside them, on either side."""

    def make(seed: int, rows: int, places: dict[str, float]) -> pd.DataFrame:
        rng = draws(seed)
        frame = pd.DataFrame(
            {name: rng.normal(0, 1, rows) for name in ("current", "reference", "sides", "beside_nan", "clean")}
        )
        for name, value in places.items():
            frame.loc[5, name] = value
        frame.loc[9, "beside_nan"] = np.nan
        return frame

    current = make(10, 160, {"current": np.inf, "sides": np.inf, "beside_nan": -np.inf})
    return Frames(current, make(9, 200, {"reference": -np.inf, "sides": -np.inf, "beside_nan": np.inf}))


def tiny() -> Frames:
    """Five rows against six."""
    current = pd.DataFrame(
        {
            "x": [1.0, 2.5, 2.5, 7.0, -1.0],
            "i": [1, 2, 3, 4, 5],
            "s": ["a", "b", "a", "a", "c"],
            "b": [True, False, True, True, True],
        }
    )
    reference = pd.DataFrame(
        {
            "x": [0.5, 2.0, 3.5, 8.0, -2.0, 4.0],
            "i": [1, 2, 3, 4, 5, 6],
            "s": ["a", "b", "a", "b", "b", "b"],
            "b": [True, False, True, False, False, False],
        }
    )
    return Frames(current, reference)


def constant() -> Frames:
    """Columns with one value, with nearly one value, and with another value than the reference's."""

    def make(rows: int, moved: float, word: str) -> pd.DataFrame:
        nearly = np.ones(rows)
        nearly[:2] = [2.0, 3.0]
        return pd.DataFrame(
            {
                "one": np.ones(rows),
                "seven": np.full(rows, 7),
                "word": ["same"] * rows,
                "moved": np.full(rows, moved),
                "reworded": [word] * rows,
                "nearly": nearly,
                "nothing": np.full(rows, np.nan),
                "varied": np.arange(rows) / 7.0,
            }
        )

    return Frames(make(80, 2.5, "new"), make(100, 2.0, "old"))


def integers() -> Frames:
    """Whole numbers on either side of the limit between categories and numbers; truths; unsigned and huge ones."""

    def make(seed: int, rows: int, more: int) -> pd.DataFrame:
        rng = draws(seed)
        columns: dict[str, Any] = {
            f"of_{count}": rng.choice(count, rows, p=_leaning(count, more)) for count in (2, 3, 5, 6, 10)
        }
        columns |= {
            "unsigned": rng.randint(0, 4, rows).astype(np.uint8),
            "negative": rng.randint(-50, 50, rows),
            "huge": rng.randint(0, 1000, rows).astype(np.int64) + 2**53,
            "small": rng.randint(-3, 3, rows).astype(np.int16),
            "truth": rng.rand(rows) < 0.5,
        }
        return pd.DataFrame(columns)

    return Frames(make(14, 240, 1), make(13, 300, 0))


def _leaning(count: int, more: int) -> Any:
    weights = np.arange(1.0, count + 1) ** (0.3 * more)
    return weights / weights.sum()


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


def shuffled() -> Frames:
    """The recommendations of `ranking`, the rows in no order."""
    made = ranking()
    current, reference = (
        frame.sample(frac=1, random_state=3).reset_index(drop=True) for frame in (made.current, made.reference)
    )
    return Frames(current, reference, made.mapping)


def wide() -> Frames:
    """Columns that are there twice, three times, or nearly twice; rows that are there twice."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        columns: dict[str, Any] = {f"x{index}": rng.normal(index, 1, rows) for index in range(8)}
        columns |= {"x0 again": columns["x0"], "x0 once more": columns["x0"], "letter": rng.choice(list("abc"), rows)}
        nearly = columns["x1"].copy()
        nearly[: rows // 30] += 1
        columns |= {
            "x1 nearly": nearly,
            "letter again": columns["letter"],
            "x0 as text": [str(x) for x in columns["x0"]],
        }
        frame = pd.DataFrame(columns)
        return pd.concat([frame, frame.iloc[[0, 0, 5]]], ignore_index=True)

    return Frames(make(34, 120), make(33, 150))


def unicode() -> Frames:
    """Names and values of every script."""

    def make(seed: int, rows: int) -> pd.DataFrame:
        rng = draws(seed)
        return pd.DataFrame(
            {
                "größe": rng.normal(170, 10, rows),
                "城市": rng.choice(["北京", "Zürich", "São Paulo"], rows),
                "🙂 mood": rng.choice(["😀", "😢"], rows, p=[0.7, 0.3]),
                "with space, comma": rng.randint(0, 50, rows),
            }
        )

    return Frames(make(36, 100), make(35, 120))


def correlated() -> Frames:
    """Columns that go together, a target and a prediction that do too."""

    def make(seed: int, rows: int, strength: float) -> pd.DataFrame:
        rng = draws(seed)
        a = rng.normal(0, 1, rows)
        b = strength * a + rng.normal(0, 1, rows)
        c = rng.choice(list("012"), rows)
        target = a + b + rng.normal(0, 1, rows)
        a_missing = a.copy()
        a_missing[:5] = np.nan
        return pd.DataFrame(
            {
                "a": a_missing,
                "b": b,
                "n": rng.normal(0, 1, rows),
                "c": c,
                "d": np.where(rng.rand(rows) < 0.7, c, "0"),
                "target": target,
                "prediction": target + rng.normal(0, 0.5, rows),
            }
        )

    return Frames(make(38, 200, 0.6), make(37, 200, 0.2), {"task": "regression"})


def conflicts() -> Frames:
    """Equal features with unequal targets and predictions."""

    def make(target: list[int], prediction: list[int]) -> pd.DataFrame:
        return pd.DataFrame({"f": [1, 1, 2, 2, 3, 1], "g": list("aabbca"), "target": target, "prediction": prediction})

    mapping = {"task": "classification"}
    return Frames(make([0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 1, 0]), make([0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 1]), mapping)


def texts() -> Frames:
    """Two vocabularies, mixed one way before and another way now."""
    first = ["apple", "pear", "plum", "fig", "kiwi", "lemon", "mango", "grape", "melon", "peach"]
    second = ["car", "bus", "train", "plane", "ship", "bike", "tram", "boat", "truck", "van"]

    def make(seed: int, rows: int, share: float) -> pd.DataFrame:
        rng = draws(seed)
        return pd.DataFrame(
            {"text": [" ".join(rng.choice(first if rng.rand() < share else second, 6)) for _ in range(rows)]}
        )

    return Frames(make(40, 100, 0.5), make(39, 120, 0.8), {"text_features": ["text"]})


def embeddings() -> Frames:
    """Vectors of four components, and a feature beside them."""

    def make(seed: int, rows: int, shift: float) -> pd.DataFrame:
        rng = draws(seed)
        vectors = pd.DataFrame(rng.normal(shift, 1, (rows, 4)), columns=["e0", "e1", "e2", "e3"])
        return vectors.assign(x=rng.normal(0, 1, rows))

    return Frames(make(42, 90, 0.4), make(41, 120, 0.0), {"embeddings": {"vector": ["e0", "e1", "e2", "e3"]}})


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


FRAMES: dict[str, Callable[[], Frames]] = {
    make.__name__: make
    for make in (
        numeric, large, categorical, missing, infinities, tiny, constant, integers, wide, unicode, correlated, conflicts,
        binary, binary_columns, binary_labels, multiclass, multiclass_labels, regression, regression_signed,
        ranking, shuffled, trained, ranks, texts, embeddings, n1, c1, q1, r1, b1, m1, same_counts,
    )
}  # fmt: skip


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
