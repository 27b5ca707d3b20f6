"""A pair of frames that both engines look at, and how its numbers are drawn."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


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
