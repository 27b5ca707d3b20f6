"""Frames whose values are known: seeds and draws in a fixed order."""

import numpy as np
import pandas as pd


def n1():
    rng = np.random.default_rng(42)
    reference = rng.normal(0, 1, 500)
    return pd.DataFrame({"x": reference}), pd.DataFrame({"x": rng.normal(0.3, 1.2, 400)})


def c1():
    """rc, cc, c4, rb, cb by name."""
    rng = np.random.default_rng(7)
    return {
        "rc": rng.choice(list("abcd"), 600, p=[0.5, 0.3, 0.15, 0.05]),
        "cc": rng.choice(list("abce"), 500, p=[0.4, 0.3, 0.25, 0.05]),
        "c4": rng.choice(list("abcd"), 600, p=[0.45, 0.3, 0.2, 0.05]),
        "rb": rng.choice(["no", "yes"], 300, p=[0.6, 0.4]),
        "cb": rng.choice(["no", "yes"], 200, p=[0.5, 0.5]),
    }


def pair_of(reference, current):
    return pd.DataFrame({"x": reference}), pd.DataFrame({"x": current})


def q1():
    return pd.DataFrame(
        {
            "n": [1, 2, np.nan, np.inf, 4.5, 2, 2, -3.25],
            "s": ["a", "", None, "b", "a", "a", "c", "a"],
            "i": [1] * 7 + [2],
            "k": [7] * 8,
            "k2": [7] * 8,
            "k3": [7] * 8,
            "e": [np.nan] * 8,
        }
    )


def q2():
    return q1().assign(n=[1, 2, np.nan, 9.5, 4.5, 2, 2, -3.25])


def r1():
    rng = np.random.default_rng(11)
    n = 150

    def make(shift):
        y = rng.normal(10 + shift, 3, n)
        p = y + rng.normal(0.2, 1, n)
        f = rng.normal(size=n) + 0.1 * y
        g = rng.choice(list("ab"), n)
        return pd.DataFrame({"target": y, "prediction": p, "f": f, "g": g})

    return make(0), make(1)


def b1():
    """Binary with probabilities, and after it the multiclass frame M1."""
    rng = np.random.default_rng(3)
    n = 200
    y = (rng.random(n) < 0.35).astype(int)
    p = np.clip(0.35 + 0.25 * (2 * y - 1) * rng.random(n) + rng.normal(0, 0.15, n), 0.001, 0.999)
    binary = pd.DataFrame({"target": y, "prediction": p})
    noise = rng.normal(0, 0.2, n)
    reference = pd.DataFrame({"target": y, "prediction": np.clip(p + noise, 0.001, 0.999)})
    target = rng.choice(list("abc"), n, p=[0.5, 0.3, 0.2])
    shares = rng.dirichlet([1, 1, 1], n)
    shares[np.arange(n), [list("abc").index(label) for label in target]] += 0.6
    shares /= shares.sum(axis=1, keepdims=True)
    many = pd.DataFrame(shares, columns=list("abc")).assign(target=target)
    return binary, reference, many


def result(metric, current, reference=None, mapping=None):
    """The result of one metric."""
    from collector.evaluate import Report

    report = Report(metrics=[metric])
    report.run(reference_data=reference, current_data=current, column_mapping=mapping)
    (entry,) = report.as_dict()["metrics"]
    assert "error" not in entry, entry["error"]
    return entry["result"]


def error(metric, current, reference=None, mapping=None):
    """Why one metric has no result."""
    from collector.evaluate import Report

    report = Report(metrics=[metric])
    report.run(reference_data=reference, current_data=current, column_mapping=mapping)
    return report.as_dict()["metrics"][0]["error"]["message"]


def verdict(test, current, reference=None, mapping=None):
    """The entry of one test."""
    from collector.evaluate import TestSuite

    suite = TestSuite(tests=[test])
    suite.run(reference_data=reference, current_data=current, column_mapping=mapping)
    (entry,) = suite.as_dict()["tests"]
    return entry
