"""The version of the SDK, as its User-Agent and its distribution say it."""

__version__ = "0.1.0"
