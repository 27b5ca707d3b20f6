"""How a column is stored, and when two of its values are the same."""

from numbers import Real
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

Kind = Literal["bool", "int", "float", "datetime", "object"]


def kind_of(dtype: object) -> Kind:
    """How a column is stored, as far as inference cares. Instants with a time zone, durations, categories: object.

    >>> kind_of(np.dtype("uint8")), kind_of(pd.Int64Dtype()), kind_of(pd.CategoricalDtype())
    ('int', 'int', 'object')
    """
    if isinstance(dtype, np.dtype):
        return cast(
            "Kind", {"b": "bool", "i": "int", "u": "int", "f": "float", "M": "datetime"}.get(dtype.kind, "object")
        )
    if isinstance(dtype, (pd.StringDtype, pd.CategoricalDtype, pd.DatetimeTZDtype)):
        return "object"
    kinds = (
        ("bool", pd.api.types.is_bool_dtype),
        ("int", pd.api.types.is_integer_dtype),
        ("float", pd.api.types.is_float_dtype),
        ("datetime", pd.api.types.is_datetime64_dtype),
    )
    for kind, holds in kinds:
        if holds(cast("Any", dtype)):
            return cast("Kind", kind)
    return "object"


def is_infinite(value: object) -> bool:
    return isinstance(value, float) and np.isinf(value)


def same_as_any(value: object, wanted: list[object]) -> bool:
    return any(
        value == each and (type(value) is type(each) or (isinstance(value, Real) and isinstance(each, int | float)))
        for each in wanted
    )
