"""Which monitors there are, the same ones for every replica; and how one goes without leaving anything behind."""
