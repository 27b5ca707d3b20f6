"""The rows of a snapshot as datasets of an Evidently workspace, once in effect, replaced and deleted with the snapshot.

The service makes the ids and keeps what it gets, so each dataset says in its metadata whose rows it holds, and which.
"""

import contextlib
import hashlib
import io
from collections.abc import Mapping

from collector.errors import Permanent
from collector.render.evidently import CONTENT, FORWARD_ID, MAX_BODY_BYTES, REVISION
from collector.render.html import heading
from collector.snapshot import Snapshot
from collector.workspace.evidently import EvidentlyClient, Missing, RemoteDataset, TooLargeThere

_NAME, _OF = "rows", "snapshot"
"""Keys of the metadata: which of a snapshot's rows these are, and the service's own id of the snapshot."""
_FORM_BYTES = 20_000
"""What a request has beside the file."""


async def keep(
    client: EvidentlyClient, project: str, snapshot: Snapshot, sent: str, data: Mapping[str, bytes], *, small_bytes: int
) -> None:
    """Make sure that the snapshot, which the service calls `sent`, has these rows (Parquet by name), and no others.

    Rows that are too many for the service, or for a proxy before it that takes `small_bytes` only, are thinned out
    evenly; the dataset's name says so. Raises Transient, Permanent.
    """
    try:
        found = await _of(client, project, snapshot.id)
        wanted = {name: _about(snapshot, sent, name, body) for name, body in data.items()}
        kept: dict[str, RemoteDataset] = {}
        for each in found:
            name = each.metadata.get(_NAME, "")
            if wanted.get(name, {}).items() == each.metadata.items():
                kept.setdefault(name, each)
        for name, body in data.items():
            if name not in kept:
                await _upload(client, project, snapshot, sent, name, body, wanted[name], small_bytes)
        for each in found:
            if each not in kept.values():
                await client.delete_dataset(each.id)
    except Missing as error:
        raise Permanent(f"the snapshot is there, its rows are not: this Evidently UI takes none ({error})") from error


async def forget(client: EvidentlyClient, project: str, forward_id: str) -> None:
    """Delete the rows of a snapshot, of whatever revision; there may be none, also because the service takes none."""
    with contextlib.suppress(Missing):
        for each in await _of(client, project, forward_id):
            await client.delete_dataset(each.id)


async def _of(client: EvidentlyClient, project: str, forward_id: str) -> list[RemoteDataset]:
    """The datasets that hold a snapshot's rows, of any revision."""
    return [each for each in await client.datasets(project) if each.metadata.get(FORWARD_ID) == forward_id]


def _about(snapshot: Snapshot, sent: str, name: str, body: bytes) -> dict[str, str]:
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return {FORWARD_ID: snapshot.id, REVISION: str(snapshot.revision), _OF: sent, _NAME: name, CONTENT: digest}


async def _upload(
    client: EvidentlyClient,
    project: str,
    snapshot: Snapshot,
    sent: str,
    name: str,
    body: bytes,
    metadata: Mapping[str, str],
    small_bytes: int,
) -> None:
    limit = MAX_BODY_BYTES - _FORM_BYTES
    for most in (limit, small_bytes - _FORM_BYTES):
        fitted, rows, of = fitting(body, most)
        title = f"{heading(snapshot)}: {name}" + (f" ({rows:,} of {of:,} rows)" if rows < of else "")
        try:
            await client.add_dataset(project, sent, part=name, title=title, metadata=metadata, parquet=fitted)
            return
        except TooLargeThere:
            if len(fitted) <= small_bytes - _FORM_BYTES:
                raise


def fitting(parquet: bytes, max_bytes: int) -> tuple[bytes, int, int]:
    """As many rows of a Parquet file as fit, evenly spaced: the file, its rows, and of how many.

    Raises Permanent when not even one row does.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where rows are sent

    of = rows = pq.ParquetFile(io.BytesIO(parquet)).metadata.num_rows
    body = parquet
    if len(body) > max_bytes:
        table = pq.read_table(io.BytesIO(parquet))
        while len(body) > max_bytes:
            if rows <= 1:
                raise Permanent(f"one row has {len(body):,} bytes: the Evidently workspace takes {max_bytes:,}")
            rows = max(1, int(rows * 0.9 * max_bytes / len(body)))
            sink = io.BytesIO()
            pq.write_table(table.take([place * of // rows for place in range(rows)]), sink, compression="zstd")
            body = sink.getvalue()
    return body, rows, of
