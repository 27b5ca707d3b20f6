"""Results -> widgets -> HTML, dashboard series, remote bodies. Pure: no I/O but reading the package's own assets.

There is one path: `widgets.py` says what is shown, everything else says where.
"""
