"""A column's profile: what metrics, tests and drift methods ask of a column, computed once and only when asked for."""

from collector.evaluate.profile.column import ColumnProfile
from collector.evaluate.profile.counted import Array, Counted, count_sorted, most_frequent, order_key, quantile
from collector.evaluate.profile.frame import FrameProfile
from collector.evaluate.profile.kinds import Kind, kind_of, same_as_any

__all__ = [
    "Array",
    "ColumnProfile",
    "Counted",
    "FrameProfile",
    "Kind",
    "count_sorted",
    "kind_of",
    "most_frequent",
    "order_key",
    "quantile",
    "same_as_any",
]
