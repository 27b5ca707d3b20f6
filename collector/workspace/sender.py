"""Sends snapshots to an Evidently workspace, once in effect.

The server makes the ids and keeps everything it gets, so what identifies a snapshot travels in its metadata: the
forward id (ours), the revision, a digest of the content. Before sending we look whether it is there; a newer revision
is sent first and the older one deleted after, so that at no instant there is none.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from collector.errors import CollectorError, Invalid, Permanent, Transient
from collector.render.evidently import CONTENT, FORWARD_ID, REVISION, VIEW, body, encode
from collector.render.series import series
from collector.snapshot import Snapshot
from collector.workspace import rows
from collector.workspace.evidently import (
    EvidentlyClient,
    Missing,
    Refused,
    RemoteSnapshot,
    TooLargeThere,
    is_uuid,
)
from collector.workspace.panels import View, with_panels
from collector.workspace.project import project_id

_log = logging.getLogger(__name__)
SMALL_BODY_BYTES = 900_000
"""What passes a proxy that takes a megabyte, as many do."""


class Sender:
    """Remembers which projects are there, and for which reports the dashboard was looked after."""

    def __init__(self, client: EvidentlyClient) -> None:
        self._client = client
        self._projects: dict[str, str] = {}
        self._panelled: set[tuple[str, str]] = set()
        self._creating = asyncio.Lock()
        self._panelling = asyncio.Lock()

    async def project(self, name: str, description: str = "") -> str:
        """The id of the project of this name or id; made when there is none."""
        known = self._projects.get(name)
        if known is not None:
            return known
        async with self._creating:
            if name not in self._projects:
                self._projects[name] = await self._find_project(name) or await self._create_project(name, description)
            return self._projects[name]

    def forget(self, name: str) -> None:
        """Look again when the project of this name or id is next asked for."""
        identity = self._projects.pop(name, None)
        self._panelled = {each for each in self._panelled if each[0] != identity}

    async def _find_project(self, name: str) -> str | None:
        await self._client.check()
        if is_uuid(name):
            with contextlib.suppress(Missing):
                return str((await self._client.project(name))["id"])
        listed = [str(each["id"]) for each in await self._client.projects() if each.get("name") == name]
        # several of one name: ours, else the oldest; the list is newest first
        ours = project_id(name)
        return ours if ours in listed else listed[-1] if listed else None

    async def _create_project(self, name: str, description: str) -> str:
        try:
            return await self._client.create_project(project_id(name), name, description)
        except Transient:
            # another process may have been first, which some servers answer with 500
            with contextlib.suppress(Missing):
                return str((await self._client.project(project_id(name)))["id"])
            raise

    async def send(self, project: str, snapshot: Snapshot, data: Mapping[str, bytes] | None = None) -> str:
        """Make sure that the project named (or of this id) holds this snapshot, and these rows of it (Parquet by name);
        says the server's id of it.
        """
        identity = await self.project(project)
        try:
            return await self._send(identity, snapshot, data or {})
        except Missing:
            # deleted since we last looked: make it again, once
            self.forget(project)
            return await self._send(await self.project(project), snapshot, data or {})

    async def _send(self, project: str, snapshot: Snapshot, data: Mapping[str, bytes]) -> str:
        made = body(snapshot)
        encoded = _encode(made)
        there = await self._client.find(project, snapshot.id)
        there.sort(key=lambda each: (_revision(each), each.id))
        newest = there[-1] if there else None
        if newest is not None and _is_current(newest, snapshot, made["metadata"][CONTENT]):
            await self._delete(project, there[:-1])
            if data and _revision(newest) == snapshot.revision:  # an upload may have been cut short
                await rows.keep(self._client, project, snapshot, newest.id, data, small_bytes=SMALL_BODY_BYTES)
            return newest.id
        await self._look_after_dashboard(project, snapshot)
        sent = await self._post(project, snapshot, encoded)
        await self._delete(project, [each for each in there if each.id != sent])
        if data:
            await rows.keep(self._client, project, snapshot, sent, data, small_bytes=SMALL_BODY_BYTES)
        elif there:  # what was replaced may have had some
            await rows.forget(self._client, project, snapshot.id)
        return sent

    async def _post(self, project: str, snapshot: Snapshot, encoded: bytes) -> str:
        try:
            return await self._client.add_snapshot(project, encoded)
        except Refused as error:
            await self._clean_up(project, snapshot, error)
            raise
        except TooLargeThere:
            if len(encoded) <= SMALL_BODY_BYTES:
                raise
        except Transient as error:
            # a server that refuses a large body may close the connection before we have read its answer
            if len(encoded) <= SMALL_BODY_BYTES or error.retry_after_seconds is not None:
                raise
            found = await self._client.find(project, snapshot.id)
            if any(_revision(each) == snapshot.revision for each in found):
                raise
        shorter = _encode(body(snapshot, max_bytes=SMALL_BODY_BYTES), max_bytes=SMALL_BODY_BYTES)
        return await self._client.add_snapshot(project, shorter)

    async def _clean_up(self, project: str, snapshot: Snapshot, refusal: Refused) -> None:
        """A refused snapshot may be kept all the same, and would keep the service from starting again."""
        try:
            kept = [
                each for each in await self._client.snapshots(project) if each.metadata.get(FORWARD_ID) == snapshot.id
            ]
            await self._delete(project, [each for each in kept if _revision(each) == snapshot.revision])
        except CollectorError as error:
            raise Permanent(f"{refusal}; it may have been kept, and could not be removed ({error})") from error

    async def _delete(self, project: str, snapshots: list[RemoteSnapshot]) -> None:
        for each in snapshots:
            await self._client.delete_snapshot(project, each.id)

    async def _look_after_dashboard(self, project: str, snapshot: Snapshot) -> None:
        """Before the first snapshot of a report, and of a segment or arm: add the panels of its numbers. Never again:
        users may remove them.

        A dashboard that cannot be written stops no snapshot.
        """
        key = (project, f"{snapshot.monitor}/{snapshot.report}/{snapshot.view}")
        async with self._panelling:
            if key in self._panelled:
                return
            try:
                others = await self._client.snapshots(project)
                if not any(_view(each) == (snapshot.monitor or "", snapshot.report, snapshot.view) for each in others):
                    document = await self._client.dashboard(project)
                    metrics = {point.metric for point in series(snapshot)}
                    extended = with_panels(document, project, View.of(snapshot), metrics)
                    if extended is not None:
                        await self._client.save_dashboard(project, extended)
                self._panelled.add(key)
            except CollectorError as error:
                _log.warning("the dashboard of project %s stays as it is: %s", project, error)


def _encode(made: dict[str, object], **limit: int) -> bytes:
    try:
        return encode(made, **limit)
    except Invalid as error:
        raise Permanent(str(error)) from error


def _revision(snapshot: RemoteSnapshot) -> int:
    text = snapshot.metadata.get(REVISION, "")
    return int(text) if text.isdigit() else 0


def _view(snapshot: RemoteSnapshot) -> tuple[str, str, str]:
    metadata = snapshot.metadata
    return metadata.get("monitor", ""), metadata.get("report", ""), metadata.get(VIEW, "")


def _is_current(there: RemoteSnapshot, snapshot: Snapshot, content: str) -> bool:
    """Whether what is there is newer, or the same."""
    revision = _revision(there)
    return revision > snapshot.revision or (revision == snapshot.revision and there.metadata.get(CONTENT) == content)
