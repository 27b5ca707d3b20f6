"""Names that the peer exports and this engine does not know yet."""

NOT_YET: frozenset[str] = frozenset()
"""Can only shrink: a test fails when a name of this set is known."""
