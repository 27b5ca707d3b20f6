"""Sends a model server's inferences to the inference collector, without ever blocking the server."""

from collector_sdk.aio import AsyncCollector
from collector_sdk.client import Collector
from collector_sdk.stats import Stats, Tally
from collector_sdk.version import __version__

__all__ = ["AsyncCollector", "Collector", "Stats", "Tally", "__version__"]
