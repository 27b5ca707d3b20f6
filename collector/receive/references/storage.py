"""The files that a location names, from this machine or from an object store, bounded in size and time.

Called away from the event loop. Object stores are read through fsspec, which the extra `object-store` brings.
Credentials come from the environment, as the stores' own tools read them; they never stand in an error.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import ENOENT
from os import strerror
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientTimeout

from collector.errors import Invalid, TooLarge, Transient
from collector.locations import REMOTE, is_remote, scheme_of, shown, veiled

MOST_BYTES = 2_000_000_000
"""All parts together. Every process that evaluates holds the reference in memory, unpacked."""
MOST_PARTS = 10_000
MOST_SECONDS = 600.0
_BLOCK_BYTES = 8 * 1024 * 1024
_PATTERN = re.compile(r"[*?\[]")
_PARTS = "**/*.parquet"
_REFUSED = frozenset({400, 401, 403, 404, 405, 410})
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}},
    "http": {"client_kwargs": {"timeout": ClientTimeout(sock_connect=5, sock_read=60)}},
    "https": {"client_kwargs": {"timeout": ClientTimeout(sock_connect=5, sock_read=60)}},
}
"""How long a store may keep silent: the libraries' own patience is minutes."""
_ONE_REQUEST = {"block_size": 0, "size": 1}
_STREAM: dict[str, dict[str, Any]] = {"http": _ONE_REQUEST, "https": _ONE_REQUEST}
"""One request, as it comes: asked for the size first, fsspec takes every fault for a file that is not there."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, or one part of many. `name` may be shown."""

    name: str
    body: bytes


def fetch(location: str, *, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS) -> list[File]:
    """One file; of a folder or a pattern, every Parquet part below it, in the order of their names.

    Raises Invalid (there is no such file, access is refused, the extra is missing), TooLarge, Transient (the store is
    away, or too slow).
    """
    bound = _Bound(location, most_bytes, time.monotonic() + most_seconds)
    try:
        return list((_remote if is_remote(location) else _local)(location, bound))
    except (Invalid, Transient):
        raise
    except Exception as error:
        raise _as_ours(location, error) from error


class _Bound:
    """State: how much may still be read."""

    def __init__(self, location: str, most_bytes: int, until: float) -> None:
        self._location = shown(location)
        self._most = self._left = most_bytes
        self._until = until

    def read(self, file: Any) -> bytes:
        blocks = []
        while block := file.read(min(_BLOCK_BYTES, self._left + 1)):
            self._left -= len(block)
            if self._left < 0:
                raise TooLarge(
                    f"{self._location}: more than {self._most} bytes: a reference is held in memory; "
                    "a sample of its rows compares as well"
                )
            if time.monotonic() > self._until:
                raise Transient(f"{self._location}: reading it took too long and was given up")
            blocks.append(block)
        return b"".join(blocks)


def _local(location: str, bound: _Bound) -> Iterator[File]:
    path = Path(location)
    if path.exists() and not path.is_dir():
        with path.open("rb") as file:
            yield File(location, bound.read(file))
        return
    if path.is_dir():
        found: list[str] = [str(part) for part in path.glob(_PARTS)]
    elif _PATTERN.search(location):
        anchor = Path(path.anchor)
        found = [str(part) for part in anchor.glob(str(path.relative_to(anchor))) if part.is_file()]
    else:
        raise FileNotFoundError(ENOENT, strerror(ENOENT))
    yield from _parts(location, found, lambda name: Path(name).open("rb"), bound)  # noqa: SIM115 - closed where it is read


def _remote(location: str, bound: _Bound) -> Iterator[File]:
    scheme = scheme_of(location)
    if scheme not in REMOTE:
        raise Invalid(
            f"{shown(location)}: expected a path or one of file:, {', '.join(f'{each}://' for each in REMOTE)}"
        )
    files, path = _file_system(location, scheme)
    if _PATTERN.search(path) and scheme not in ("http", "https"):
        found = files.glob(path)
    elif PurePosixPath(urlsplit(location).path).suffix or scheme in ("http", "https"):
        with files.open(path, "rb", **_STREAM.get(scheme, {})) as file:
            yield File(shown(location), bound.read(file))
        return
    else:
        found = files.glob(f"{path.rstrip('/')}/{_PARTS}")
    yield from _parts(location, found, lambda name: files.open(name, "rb"), bound)


def _file_system(location: str, scheme: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - optional

        files, path = url_to_fs(location, skip_instance_cache=True, **_OPTIONS.get(scheme, {}))
    except ImportError as error:
        raise Invalid(
            f"{shown(location)}: {scheme}:// needs more: install inference-collector[object-store]"
        ) from error
    return files, path


def _parts(location: str, names: list[str], open_part: Callable[[str], Any], bound: _Bound) -> Iterator[File]:
    """Parts in the order of their names; those that begin with `_` or `.` are other programs' notes."""
    chosen = sorted(name for name in names if not PurePosixPath(name).name.startswith(("_", ".")))
    if not chosen:
        raise Invalid(f"{shown(location)}: there is no Parquet file")
    if len(chosen) > MOST_PARTS:
        raise TooLarge(f"{shown(location)}: {len(chosen)} files: at most {MOST_PARTS} are read")
    for name in chosen:
        with open_part(name) as file:
            yield File(name, bound.read(file))


def _as_ours(location: str, error: Exception) -> Invalid | Transient:
    if not is_remote(location):
        return Invalid(f"{location}: cannot be read: {getattr(error, 'strerror', None) or error}")
    if isinstance(error, FileNotFoundError):
        return Invalid(f"{shown(location)}: there is no such file")
    if isinstance(error, PermissionError):
        return Invalid(f"{shown(location)}: access is refused: credentials come from the environment")
    first_line = (str(error).splitlines() or [""])[0][:200]
    sentence = f"{shown(location)}: cannot be read: {type(error).__name__}: {veiled(first_line, location)}".rstrip(": ")
    wrong = getattr(error, "status", None) in _REFUSED or "Credentials" in type(error).__name__
    return Invalid(sentence) if wrong else Transient(sentence)
