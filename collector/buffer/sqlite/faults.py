"""SQLite's errors in our words: the one place that knows both."""

import sqlite3
from pathlib import Path

from collector.errors import TooLarge, Unavailable

_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_BUSY: "another process holds the file locked",
    sqlite3.SQLITE_LOCKED: "another process holds the file locked",
    sqlite3.SQLITE_READONLY: "the file, or its directory, is read-only: check owner, mode and mount",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: stop the service, keep a copy, restore or remove it",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database: name another one, or remove it",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check that its directory exists and may be written",
    sqlite3.SQLITE_IOERR: "the disk does not read or write: check it",
    sqlite3.SQLITE_PERM: "the file may not be accessed: check owner and mode",
}
_PRIMARY_CODE = 0xFF
"""The lower byte of an extended result code is the kind of the fault."""


def concerns_one_deed(error: Exception) -> bool:
    """Whether only the call that caused it is wrong; anything else concerns the file, and so the whole group."""
    return not isinstance(error, sqlite3.Error) or isinstance(
        error, sqlite3.DataError | sqlite3.InterfaceError | sqlite3.ProgrammingError | sqlite3.IntegrityError
    )


def broke_the_connection(error: sqlite3.Error) -> bool:
    """Whether a new connection is worth a try. A full disk or a lock passes by itself."""
    return _code(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def sentence(error: sqlite3.Error, path: Path) -> str:
    text = _SENTENCES.get(_code(error), "SQLite refuses")
    return f"the buffer file {path} cannot be used, {text} ({error})"


def unavailable(error: sqlite3.Error, path: Path) -> Unavailable:
    return Unavailable(sentence(error, path))


def of_one_deed(error: Exception) -> Exception:
    """The error that the caller of a single failed deed gets."""
    if isinstance(error, sqlite3.DataError) and _code(error) == sqlite3.SQLITE_TOOBIG:
        return TooLarge("the value is larger than SQLite can hold in one field (1 GB)")
    return error


def _code(error: sqlite3.Error) -> int:
    # Errors that the Python module raises by itself carry no code.
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
