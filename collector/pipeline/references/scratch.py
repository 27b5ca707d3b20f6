"""Files in the making: nobody sees one before it is whole, and what killed processes left of theirs is swept."""

import fcntl
import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

SUFFIX = ".tmp"


class Scratch:
    """A file that is being written, gone in the end unless it is kept. It is locked as long as its writer lives: so other
    processes, also of other containers, can tell it from one that was left behind.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file, self._path = _begun(directory)
        self._digest = hashlib.blake2b(digest_size=8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()

    def take(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._file.write(piece)

    def keep(self, name: str) -> Path:
        """Under a name, in which `{digest}` is the digest of its content."""
        self._file.flush()  # it stays locked until it has its name
        return self._path.replace(self._path.with_name(name.format(digest=self._digest.hexdigest())))


def _begun(directory: Path) -> tuple[BinaryIO, Path]:
    while True:
        handle, name = tempfile.mkstemp(dir=directory, suffix=SUFFIX)
        with suppress(OSError):  # a file system without locks: there, nothing is swept either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return os.fdopen(handle, "wb"), Path(name)
        os.close(handle)  # somebody swept it before it was locked


def sweep(directory: Path) -> None:
    """Remove what nobody writes any more."""
    for path in directory.glob(f"*{SUFFIX}"):
        with suppress(OSError), path.open("rb") as file:  # it is gone, or somebody writes it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
