"""What both Collectors are: options checked at the start, and calls that only append to a queue."""

import os
import ssl
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Literal

from collector_sdk import frames, lifetime
from collector_sdk.columns import WantedNames
from collector_sdk.entries import Inference, Label
from collector_sdk.sender import Sender
from collector_sdk.spool import Spool
from collector_sdk.stats import Ledger, Stats
from collector_sdk.transport import Transport
from collector_sdk.values import STILL, still
from collector_sdk.warn import RareWarnings
from collector_sdk.worker import Limits, Worker

_MAX_BODY_BYTES = 8 * 1024 * 1024
"""A request that would be larger is sent in halves; the service takes 32 MiB unless told otherwise."""


_MAX_SECONDS = 1e9
"""Thirty years: sockets and locks refuse to wait for ever."""


class BaseCollector:
    """`log`, `log_batch`, `label` and `stats`. Used as a Collector or an AsyncCollector, which can wait."""

    def __init__(
        self,
        url: str,
        *,
        monitor: str,
        api_key: str | None = None,
        queue_rows: int = 10_000,
        batch_rows: int = 500,
        flush_seconds: float = 1.0,
        timeout_seconds: float = 10.0,
        compression: Literal["gzip"] | None = "gzip",
        spool_dir: str | os.PathLike[str] | None = None,
        spool_bytes: int = 256 * 1024 * 1024,
        retry_seconds: float = 600.0,
        exit_seconds: float = 5.0,
        id_column: str | None = None,
        timestamp_column: str | None = None,
        prediction_column: str | Sequence[str] | None = None,
        target_column: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        _check_whole(queue_rows=queue_rows, batch_rows=batch_rows, spool_bytes=spool_bytes)
        _check_seconds(flush_seconds=flush_seconds, timeout_seconds=timeout_seconds)
        _check_patience(retry_seconds=retry_seconds, exit_seconds=exit_seconds)
        if compression not in ("gzip", None):
            raise ValueError(f"compression is {compression!r}: expected 'gzip' or None")
        if not monitor:
            raise ValueError("monitor is empty: expected the id of a monitor")
        transport = Transport(
            url,
            monitor=monitor,
            api_key=api_key,
            timeout_seconds=timeout_seconds,
            compress=compression == "gzip",
            ssl_context=ssl_context,
        )
        spool = None if spool_dir is None else Spool(spool_dir, monitor=monitor, max_bytes=spool_bytes)
        wanted = WantedNames(id_column, timestamp_column, prediction_column, target_column)
        warnings = RareWarnings()

        def make_sender(ledger: Ledger) -> Sender:
            return Sender(
                transport,
                spool,
                ledger,
                wanted,
                retry_seconds=retry_seconds,
                max_body_bytes=_MAX_BODY_BYTES,
                warnings=warnings,
            )

        def after_fork() -> None:
            transport.after_fork()
            if spool is not None:
                spool.after_fork()

        self.monitor = monitor
        self._url = url
        self._worker = Worker(Limits(queue_rows, batch_rows, flush_seconds, exit_seconds), make_sender, after_fork)
        lifetime.watch(self._worker)
        weakref.finalize(self, self._worker.leave).atexit = False

    def log(
        self,
        features: Mapping[str, object],
        prediction: object = None,
        id: object = None,  # noqa: A002 - the name that users know
        timestamp: object = None,
        target: object = None,
    ) -> None:
        """One inference. Takes about a microsecond.

        :param features: values by column; copied with the lists and arrays in it, so that the caller may reuse them.
        :param prediction: a number or class, or a list that fills the monitor's prediction columns in order.
        :param id: joins a label to this inference later, and makes a resend harmless.
        :param timestamp: event time: a datetime (naive is UTC), ISO 8601 text or an epoch number; default: now.
        :param target: the true outcome, where it is known already.
        """
        try:
            copied = dict(features)
            if not STILL.issuperset(map(type, copied.values())):
                copied = {name: still(value) for name, value in copied.items()}
            entry = Inference(copied, still(prediction), id, timestamp, still(target), time.time())
        except Exception as error:  # noqa: BLE001 - an odd mapping must not reach the model server
            self._worker.ledger.refuse(
                "rows", 1, "invalid", f"log() cannot take features of type {type(features).__name__}: {error}"
            )
            return
        self._worker.offer(entry)

    def log_batch(self, table: object) -> None:
        """Many inferences: a data frame, an Arrow table, `{"column": [..]}` or an iterable of row mappings.

        Columns carry the monitor's own names, the id, the event time and the prediction too. Values are copied, which
        takes time in proportion to the table.
        """
        try:
            entries = frames.entries(table, time.time())
        except Exception as error:  # noqa: BLE001 - an odd table must not reach the model server
            self._worker.ledger.refuse("rows", _length(table), "invalid", str(error))
            return
        for entry in entries:
            self._worker.offer(entry)

    def label(self, id: object, target: object, timestamp: object = None) -> None:  # noqa: A002
        """The true outcome of the inference with this id; sent after the rows logged before it.

        :param timestamp: when it became known.
        """
        try:
            entry = Label(id, still(target), timestamp)
        except Exception as error:  # noqa: BLE001 - as above
            self._worker.ledger.refuse("labels", 1, "invalid", f"label() cannot take its target: {error}")
            return
        self._worker.offer(entry)

    def refuse(self, error: str, *, rows: int = 1) -> None:
        """For integrations: count inferences that could not be read as dropped{invalid}."""
        self._worker.ledger.refuse("rows", rows, "invalid", error)

    def stats(self) -> Stats:
        """What became of everything that this process logged."""
        return self._worker.ledger.stats()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r}, monitor={self.monitor!r})"

    def __reduce__(self) -> str:
        raise TypeError("a Collector is not pickled: it holds a connection and a key; make one in each process")


def _check_whole(**values: int) -> None:
    for name, value in values.items():
        if not _is_number(value) or not isinstance(value, int) or value <= 0:
            raise ValueError(f"{name} is {value!r}: expected a whole number above 0")


def _check_seconds(**values: float) -> None:
    for name, value in values.items():
        if not _is_number(value) or not 0 < value <= _MAX_SECONDS:
            raise ValueError(f"{name} is {value!r}: expected a number above 0, and at most {_MAX_SECONDS:,.0f}")


def _check_patience(**values: float) -> None:
    for name, value in values.items():
        if not _is_number(value) or not value >= 0:
            raise ValueError(f"{name} is {value!r}: expected a number of 0 or more")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _length(table: object) -> int:
    """How many rows a table that cannot be read may have had; at least one."""
    try:
        if isinstance(table, Mapping):
            return max((len(values) for values in table.values()), default=1)
        return max(len(table), 1)  # type: ignore[arg-type]  # TypeError is an answer, too
    except TypeError:
        return 1
