"""References that this process has read: frame and profiles, kept for the windows to come."""

import io
from collections import OrderedDict

import pyarrow.parquet as pq

from collector.errors import Invalid
from collector.evaluate.profile import FrameProfile
from collector.evaluate.references.kept_file import is_kept, keep, load
from collector.evaluate.references.rows import rows_of
from collector.monitor import Columns, Monitor
from collector.ports import ReferenceFile

MAX_REFERENCES = 8
"""Profiles are as large as their frames; a worker that serves more monitors than this reads some again."""


class References:
    """State: the references read last, by file and version."""

    def __init__(self, size: int = MAX_REFERENCES) -> None:
        self._size = size
        self._known: OrderedDict[tuple[str, int, frozenset[str]], FrameProfile] = OrderedDict()

    def get(self, file: ReferenceFile, columns: Columns) -> FrameProfile:
        """The reference with its profiles. Raises Invalid when the file holds no table, OSError when it is gone."""
        times = _times(columns)
        key = (file.path, file.version, times)
        found = self._known.get(key)
        if found is None:
            found = _read(file.path, times)
            self._known[key] = found
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return found


def profile_of(monitor: Monitor, parquet: bytes) -> bytes:
    """The profile of a reference in place of its rows, as it is stored. Raises Invalid when it has too few rows."""
    if is_kept(pq.read_schema(io.BytesIO(parquet))):
        return parquet
    return keep(FrameProfile(rows_of(pq.read_table(io.BytesIO(parquet)), _times(monitor.columns))), monitor.columns)


def _times(columns: Columns) -> frozenset[str]:
    return frozenset(filter(None, (columns.timestamp, *(columns.datetime_features or ()))))


def _read(path: str, times: frozenset[str]) -> FrameProfile:
    try:
        table = pq.read_table(path)
    except OSError:
        raise
    except Exception as error:
        raise Invalid(f"the reference is not a Parquet table: {error}") from error
    return load(table) if is_kept(table.schema) else FrameProfile(rows_of(table, times))
