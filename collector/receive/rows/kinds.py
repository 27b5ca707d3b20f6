"""The types of values that a row's cells may have."""

Types = frozenset[type]
NUMBERS: Types = frozenset({int, float, bool, type(None)})
SCALARS: Types = NUMBERS | {str}
TEXTS: Types = frozenset({str, type(None)})
