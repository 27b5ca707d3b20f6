"""Which window a row belongs to, when a window is due, what may be forgotten. Pure: no I/O, no clock, no pandas."""
