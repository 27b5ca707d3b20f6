"""The file, and the connections to it: how they are set up, and whether they still lead to the file of this name."""

import sqlite3
import threading
from pathlib import Path

from collector.buffer.sqlite import faults
from collector.buffer.sqlite.schema import migrate
from collector.errors import Invalid

BUSY_SECONDS = 5.0
"""How long a writer waits for one of another process; longer than a purge step, shorter than a client's patience."""
CACHE_KIB = 16_384
"""Per connection, as needed. Inference ids are looked up all over their table; twice as much brings a tenth there, from
a million ids, and twice the memory everywhere."""
CHECKPOINT_PAGES = 8_000
"""32 MB of log are moved into the file at once: pages that were written many times meanwhile are moved once."""
WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The log is cut to this size once it has been moved into the file."""
MIN_SQLITE = (3, 35, 0)
"""RETURNING, upserts and json_each are used."""

Identity = tuple[int, int]


class File:
    """Makes connections and knows them all, because each thread has its own, and one closes them in the end."""

    def __init__(self, path: Path, *, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._connections: dict[sqlite3.Connection, Identity | None] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the directory and the tables, and write. Raises Invalid with what to do."""
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            needed = ".".join(map(str, MIN_SQLITE))
            raise Invalid(f"SQLite {sqlite3.sqlite_version} is too old for the buffer: {needed} or later is needed")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Invalid(f"the buffer's directory {self.path.parent} cannot be made: {error.strerror}") from error
        try:
            connection = self.connect()
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT OR REPLACE INTO pings VALUES (1, 0)")
                connection.execute("COMMIT")
            finally:
                self.forget(connection)
        except sqlite3.Error as error:
            raise Invalid(faults.sentence(error, self.path)) from error

    def connect(self) -> sqlite3.Connection:
        """Raises sqlite3.Error, and Invalid when the file is of something else."""
        # The threads keep to themselves; only close(), after they ended, touches connections of others.
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            if connection.execute("PRAGMA page_count").fetchone() == (0,):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # later it would change nothing, and take a lock
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
            migrate(connection)
        except (sqlite3.Error, Invalid):
            connection.close()
            raise
        with self._lock:
            self._connections[connection] = self._identity()
        return connection

    def is_lost(self, connection: sqlite3.Connection) -> bool:
        """Whether the file was removed or replaced: what is written to the old one, nobody will ever read."""
        now = self._identity()
        return now is None or self._connections.get(connection) != now

    def _identity(self) -> Identity | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def forget(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._connections.pop(connection, None)
        connection.close()

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
