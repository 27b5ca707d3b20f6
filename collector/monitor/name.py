"""What ids and names look like."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""Ids of monitors, names of reports and destinations: they stand in URLs, keys and file names."""
