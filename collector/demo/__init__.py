"""`collector demo`: a year of flights through the whole path. Needs the extra `demo`."""

from collector.demo.run import main

__all__ = ["main"]
