"""The data of the benchmarks: the same for both sides, whatever their version of pandas."""

from typing import Any

import numpy as np
import pandas as pd


def frames(rows: int, columns: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and current: half floats, some integers, some texts, a few missing cells, a third of it shifted."""
    return _frame(rows, columns, seed=1, shift=0.0), _frame(rows, columns, seed=2, shift=0.2)


def _frame(rows: int, columns: int, *, seed: int, shift: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for index in range(columns):
        place = index % 10
        if place < 6:
            made[f"f{index}"] = rng.normal(shift if index % 3 == 0 else 0.0, 1, rows)
        elif place == 6:
            made[f"i{index}"] = rng.integers(0, 1000, rows)
        else:
            made[f"s{index}"] = rng.choice([f"value {number}" for number in range(3 + index)], rows)
    frame = pd.DataFrame(made)
    for name in list(frame)[::7]:
        frame[name] = frame[name].where(rng.random(rows) > 0.02)
    return frame


def scored(rows: int, columns: int, task: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same with target and prediction."""
    both = []
    for seed, frame in enumerate(frames(rows, columns)):
        rng = np.random.default_rng(10 + seed)
        if task == "regression":
            target = rng.normal(10, 3, rows)
            both.append(frame.assign(target=target, prediction=target + rng.normal(0.2, 1, rows)))
        else:
            target = (rng.random(rows) < 0.4).astype(int)
            probability = np.clip(0.3 * target + rng.random(rows) * 0.7, 0.001, 0.999)
            both.append(frame.assign(target=target, prediction=probability))
    return both[0], both[1]
