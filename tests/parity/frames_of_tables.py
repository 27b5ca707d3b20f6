"""Columns of every kind, each with what may be odd about it."""

from typing import Any

import numpy as np
import pandas as pd

from tests.parity.pair import Frames, draws


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


def sentences() -> Frames:
    """Texts with digits, links, code, words in other cases; some missing, some empty."""
    parts = [
        "Hello world!", "This is 1 test.", "Mr. Smith went home.", "He slept? Yes.", "see https://example.org/a now", '{"a": 1}',
        "[1, 2", "x = 1 + 2", "abc123 def-ghi", "the World is hell", "Über allem", "no end",
    ]  # fmt: skip

    def make(seed: int, rows: int, most: int) -> pd.DataFrame:
        rng = draws(seed)
        texts: list[str | None] = [" ".join(rng.choice(parts, rng.randint(1, most))) for _ in range(rows)]
        texts[3], texts[7] = None, " "
        return pd.DataFrame({"text": texts, "x": rng.normal(0, 1, rows)})

    return Frames(make(50, 70, 5), make(49, 80, 4), {"text_features": ["text"]})
