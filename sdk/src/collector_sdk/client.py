"""The Collector: what a model server holds."""

from types import TracebackType
from typing import Self

from collector_sdk.base import BaseCollector


class Collector(BaseCollector):
    """Sends inferences and labels to one monitor of an inference collector, from a background thread.

    `log`, `log_batch` and `label` may be called from any thread. They never raise and never wait for the network:
    what cannot be taken is counted in `stats().dropped`, by reason. In a forked child the Collector begins empty,
    with a thread of its own. At the interpreter's exit what is queued is sent, for at most `exit_seconds`.

    :param url: address of the service, such as `http://collector:8001`; a path in front of `/v1` may follow.
    :param monitor: id of the monitor.
    :param api_key: sent as a bearer token.
    :param queue_rows: rows and labels that may wait in memory; further ones are dropped{queue_full}.
    :param batch_rows: rows of one request; so many waiting are sent at once.
    :param flush_seconds: fewer rows are sent after this long.
    :param timeout_seconds: how long one request may take.
    :param compression: "gzip", or None.
    :param spool_dir: a directory where batches wait that could not be sent; they survive the process.
    :param spool_bytes: how much that directory may hold; above, batches are dropped{spool_full}.
    :param retry_seconds: without a spool, a batch is given up after being tried for so long.
    :param exit_seconds: how long the interpreter's exit may be delayed.
    :param id_column: name of the monitor's id column; the names that are not given are asked of the service, once.
    :param prediction_column: name of the prediction column, or of the columns that a list prediction fills.
    """

    def flush(self, timeout: float = 30.0) -> bool:
        """Send now all that was logged before, and wait until the service has answered.

        True when everything has its fate (see `stats()`), False when `timeout` seconds were too short.
        """
        return self._worker.flush(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Send what is queued, for at most `timeout` seconds, and stop. Later calls of `log` are dropped{closed}."""
        self._worker.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
