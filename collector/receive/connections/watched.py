"""Files that change under a running process: keys, certificates."""

import os
from collections.abc import Sequence
from pathlib import Path

_Mark = tuple[int, int, int] | None


class Watched:
    """Says whether files are others than when they were looked at last. State: their marks.

    What a link leads to is looked at, so that a link that is swapped is a change: so Kubernetes renews a mounted
    secret. Cheap enough to ask for every request.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [os.fspath(path) for path in paths]
        self._marks = self._look()

    def changed(self) -> bool:
        """True once for each change; a file that went away is one."""
        marks = self._look()
        if marks == self._marks:
            return False
        self._marks = marks
        return True

    def _look(self) -> list[_Mark]:
        return [_mark(path) for path in self._paths]


def _mark(path: str) -> _Mark:
    try:
        found = os.stat(path)  # noqa: PTH116 - four times as quick as Path.stat, and asked for every request
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
