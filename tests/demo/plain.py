"""What the demo's snapshots must say, computed from the flights once more: pandas, scipy and sklearn, nothing of ours.

Reads `served.parquet` (every flight as it was logged, with its outcome) and `reference.parquet` (January), and gives
for every snapshot a flat table of numbers and verdicts. Written the slow and obvious way on purpose.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial import distance
from sklearn import metrics

COLUMNS = ("delay_probability", "distance", "departure_delay", "temperature", "wind_speed", "visibility",
           "carrier", "origin")  # fmt: skip
CATEGORICAL = ("carrier", "origin")
CELLS = ("flight_id", "scheduled_departure", *COLUMNS)
Values = Mapping[str, object]


class Name(NamedTuple):
    """Which snapshot: report, local date, whose rows (all, an origin, a model), and the arm they are compared with."""

    report: str
    date: str
    rows_of: str
    against: str | None


def every_day(folder: Path) -> Iterator[tuple[Name, Values]]:
    """The values of every snapshot that a demo in this folder must have delivered; the days are shared by the cores."""
    dates = pd.read_parquet(folder / "served.parquet", columns=["date"])["date"].unique().tolist()
    shares = min(os.cpu_count() or 1, len(dates))
    with ProcessPoolExecutor(shares) as pool:
        for found in pool.map(some_days, [folder] * shares, [dates[share::shares] for share in range(shares)]):
            yield from found


def some_days(folder: Path, dates: Sequence[str]) -> list[tuple[Name, Values]]:
    served = pd.read_parquet(folder / "served.parquet")
    served = served[served["date"].isin(dates)]
    january = pd.read_parquet(folder / "reference.parquet")
    of_origin = {origin: _side(rows) for origin, rows in january.groupby("origin")}
    whole = _side(january)
    found: list[tuple[Name, Values]] = []
    for date, day in served.groupby("date"):
        arms = {str(version): _side(rows) for version, rows in day.groupby("model_version")}
        slices: list[tuple[str, str | None, Side, Side]] = [("all", None, _side(day), whole)]
        slices += [(str(origin), None, _side(rows), of_origin[origin]) for origin, rows in day.groupby("origin")]
        slices += [(version, None, rows, whole) for version, rows in arms.items()]
        if {"champion", "challenger"} <= arms.keys():
            slices.append(("challenger", "champion", arms["challenger"], arms["champion"]))
        for rows_of, against, current, reference in slices:
            drifts = {
                name: drift_of(name, current.rows, reference.rows)
                for name in COLUMNS
                if current.rows[name].notna().any()  # a day without weather: nothing to compare
            }
            found += [
                (Name(report, str(date), rows_of, against), values)
                for report, values in (
                    ("drift", drift(drifts, current.rows, reference.rows)),
                    ("stability", stability(drifts, current.rows, reference.rows)),
                    ("quality", quality(current, reference)),
                )
            ]
    return found


class Side(NamedTuple):
    """The rows of one side of a comparison, and how well they were predicted."""

    rows: pd.DataFrame
    scores: Values


def _side(rows: pd.DataFrame) -> Side:
    return Side(rows, scores(rows))


# ---------------------------------------------------------------- the three reports


def drift(drifts: Mapping[str, "Drift"], current: pd.DataFrame, reference: pd.DataFrame) -> Values:
    drifted = sum(column.drifted for column in drifts.values())
    index = stability_index(_values("distance", current), _values("distance", reference))
    found: dict[str, object] = {"rows": len(current), "reference rows": len(reference)}
    found |= {"drifted columns": drifted, "columns": len(drifts), "share drifted": drifted / len(drifts)}
    for name, column in drifts.items():
        found |= {f"{name} method": column.method, f"{name} score": column.score, f"{name} drifted": column.drifted}
    return found | {"distance psi": index, "distance psi drifted": index >= 0.2}


def stability(drifts: Mapping[str, "Drift"], current: pd.DataFrame, reference: pd.DataFrame) -> Values:
    cells = current[list(CELLS)]
    missing = int(cells.isna().to_numpy().sum()) / cells.size
    delays_missing = float(current["departure_delay"].isna().mean())
    mean, usual = current["departure_delay"].mean(), reference["departure_delay"].mean()
    spread = reference["departure_delay"].std()
    share = sum(column.drifted for column in drifts.values()) / len(drifts)
    return {
        "rows": len(current),
        "number of rows": len(current),
        "enough rows": len(current) >= 150,
        "share missing": missing,
        "little missing": missing <= 0.02,
        "delays missing": delays_missing,
        "few delays missing": delays_missing <= 0.1,
        "mean delay": mean,
        "usual delay": usual,
        "delay spread": spread,
        "usual mean delay": usual - spread < mean < usual + spread,
        "share drifted": share,
        "little drift": share < 0.5,
        "prediction score": drifts["delay_probability"].score,
        "prediction as usual": not drifts["delay_probability"].drifted,
    }


def quality(current: Side, reference: Side) -> Values:
    found: dict[str, object] = {
        "rows": len(current.rows),
        "label coverage": float(current.rows["delayed"].notna().mean()),
        "good enough": bool(current.scores["roc auc"] >= 0.8),  # type: ignore[operator]  # a number
    }
    for name, side in (("current", current), ("reference", reference)):
        found |= {f"{name} {score}": value for score, value in side.scores.items()}
    return found


def scores(rows: pd.DataFrame) -> Values:
    landed = rows[rows["delayed"].notna()]
    actual, probability = landed["delayed"].to_numpy(dtype=int), landed["delay_probability"].to_numpy()
    said = (probability >= 0.5).astype(int)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(actual, said, average="binary", zero_division=0)
    return {
        "roc auc": metrics.roc_auc_score(actual, probability),
        "accuracy": metrics.accuracy_score(actual, said),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "log loss": metrics.log_loss(actual, probability),
        "confusion": metrics.confusion_matrix(actual, said).tolist(),
    }


# ---------------------------------------------------------------- drift of a column


class Drift(NamedTuple):
    method: str
    score: float
    drifted: bool


def drift_of(name: str, current: pd.DataFrame, reference: pd.DataFrame) -> Drift:
    """Up to a thousand reference values a test of significance, above them a distance; by few values or many."""
    left, right = _values(name, reference), _values(name, current)
    few = name in CATEGORICAL or (right.nunique() <= 5 and pd.concat([left, right]).nunique() <= 5)
    if len(left) > 1000:
        value = js_distance(right, left) if few else normed(right, left)
        return Drift("Jensen-Shannon distance" if few else "Wasserstein distance (normed)", value, value >= 0.1)
    if not few:
        value = float(stats.ks_2samp(left, right).pvalue)
        return Drift("K-S p_value", value, value <= 0.05)
    two = pd.concat([left, right]).nunique() <= 2
    value = z_test(right, left) if two else chi_square(right, left)
    return Drift("Z-test p_value" if two else "chi-square p_value", value, value < 0.05)


Column: TypeAlias = "pd.Series[Any]"


def normed(current: Column, reference: Column) -> float:
    left, right = reference.value_counts(), current.value_counts()  # many flights, few values: quicker by weight
    moved = stats.wasserstein_distance(left.index, right.index, left, right)
    return float(moved / max(reference.std(ddof=0), 0.001))


def js_distance(current: Column, reference: Column) -> float:
    counts = _counts(current, reference)
    return float(distance.jensenshannon(counts["reference"], counts["current"]))


def chi_square(current: Column, reference: Column) -> float:
    counts = _counts(current, reference)
    expected = counts["reference"] / len(reference) * len(current)
    if (expected == 0).any():
        return 0.0
    return float(stats.chisquare(counts["current"], expected).pvalue)


def z_test(current: Column, reference: Column) -> float:
    counts = _counts(current, reference).sort_index()
    if len(counts) == 1:
        return 1.0
    shares = 1 - counts.iloc[0] / [len(reference), len(current)]
    pooled = (shares["reference"] * len(reference) + shares["current"] * len(current)) / (len(reference) + len(current))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(reference) + 1 / len(current)))
    return float(2 * stats.norm.sf(abs((shares["reference"] - shares["current"]) / error)))


def stability_index(current: Column, reference: Column) -> float:
    """PSI over Sturges bins of both together, or over the values when the reference has few."""
    if reference.nunique() > 20:
        edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
        counts = pd.DataFrame(
            {"reference": np.histogram(reference, edges)[0], "current": np.histogram(current, edges)[0]}
        )
    else:
        counts = _counts(current, reference)
    shares = counts / [len(reference), len(current)]
    for side in shares:
        smallest = shares[side][shares[side] > 0].min()
        shares.loc[shares[side] == 0, side] = smallest / 1e6 if smallest <= 1e-4 else 1e-4
    return float(((shares["reference"] - shares["current"]) * np.log(shares["reference"] / shares["current"])).sum())


def _values(name: str, frame: pd.DataFrame) -> Column:
    return frame[name].dropna()


def _counts(current: Column, reference: Column) -> pd.DataFrame:
    both = {"reference": reference.value_counts(), "current": current.value_counts()}
    return pd.DataFrame(both).fillna(0)
