"""The HTTP contract of an Evidently workspace, self-hosted from 0.7.6 or its cloud: calls, no decisions.

The server makes snapshot ids and keeps what it is sent, also when it answers 500; `sender.py` deals with both. Every
call may raise Transient or Permanent besides what is named at it.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from collector.errors import Invalid, Permanent, Transient
from collector.render.evidently import FORWARD_ID, METRIC_PREFIX
from collector.workspace.auth import Auth, auth
from collector.workspace.http import TIMEOUT, judge, sendable, translated

OLDEST_VERSION = (0, 7, 6)
APPLICATION = "Evidently UI"
_JSON = "application/json"


class Missing(Permanent):
    """404: no such project, or no such route."""


class TooLargeThere(Permanent):
    """413: the service, or a proxy before it, takes smaller bodies only."""


class Refused(Permanent):
    """500 for a snapshot: the service cannot read it, but may have kept it."""


@dataclass(frozen=True, slots=True)
class RemoteSnapshot:
    """A snapshot as the service lists it. `timestamp` is as it was sent: naive UTC from us."""

    id: str
    timestamp: str
    metadata: Mapping[str, str]
    tags: Sequence[str]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteDataset:
    """A dataset as the service lists it."""

    id: str
    name: str
    metadata: Mapping[str, str]


class EvidentlyClient:
    """One workspace. Opens its session with the first call; `close` it."""

    def __init__(self, url: str, *, secret: str | None = None, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._auth: Auth = auth(secret=secret, token=token)
        self._session: aiohttp.ClientSession | None = None
        self._checked = False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def check(self) -> None:
        """Make sure, once, that an Evidently UI of a supported version answers."""
        if self._checked:
            return
        try:
            answer = await self._call("GET", "/api/version")
        except Missing as error:
            raise Permanent("this address is not an Evidently UI: it has no /api/version") from error
        if not isinstance(answer, Mapping) or answer.get("application") != APPLICATION:
            raise Permanent("this address is not an Evidently UI: /api/version says something else")
        version = str(answer.get("version"))
        if _older(version):
            oldest = ".".join(map(str, OLDEST_VERSION))
            raise Permanent(f"this Evidently UI has version {version}: {oldest} or later is needed")
        self._checked = True

    # ------------------------------------------------------------ projects

    async def projects(self) -> list[Mapping[str, Any]]:
        return _objects(await self._call("GET", "/api/v2/projects"))

    async def project(self, project: str) -> Mapping[str, Any]:
        """Raises Missing."""
        return _object(await self._call("GET", f"/api/projects/{_part(project)}/info"))

    async def create_project(self, project: str, name: str, description: str) -> str:
        """Says the id that the service gave it; self-hosted takes ours."""
        body = {"id": project, "name": name, "description": description}
        return _text(await self._call("POST", "/api/v2/projects", orjson.dumps(body)), "id")

    async def update_project(self, project: Mapping[str, Any]) -> None:
        await self._call("PATCH", f"/api/v2/projects/{_part(project['id'])}", orjson.dumps(dict(project)))

    async def delete_project(self, project: str) -> None:
        await self._call("DELETE", f"/api/v2/projects/{_part(project)}")

    # ------------------------------------------------------------ snapshots

    async def add_snapshot(self, project: str, body: bytes) -> str:
        """Says the id that the service made. Raises Missing, TooLargeThere, Refused; never repeat it unasked."""
        return _text(await self._call("POST", f"/api/v2/snapshots/{_part(project)}", body, wary=True), "snapshot_id")

    async def snapshots(self, project: str) -> list[RemoteSnapshot]:
        listed = _objects(await self._call("GET", f"/api/projects/{_part(project)}/snapshots"))
        return [_snapshot(each, "id") for each in listed]

    async def find(self, project: str, forward_id: str) -> list[RemoteSnapshot]:
        """The snapshots that carry this forward id: by a query that costs the service next to nothing, else the list.

        Where a service offers neither (the cloud may not), nothing is found.
        """
        wanted = {
            "tags": [], "metadata": {FORWARD_ID: forward_id}, "metric": f"{METRIC_PREFIX}RowCount", "metric_labels": {},
        }  # fmt: skip
        path = f"/api/v2/snapshots/{_part(project)}/data_series_batch"
        try:
            answer = _object(await self._call("POST", path, orjson.dumps({"series_filter": [wanted]})))
            found = [_snapshot(each, "snapshot_id") for each in _objects(answer.get("sources"))]
        except (Permanent, Transient):
            # the query fails for a whole project when somebody mixed naive and aware timestamps in it
            try:
                found = await self.snapshots(project)
            except Permanent:
                found = []
        return [each for each in found if each.metadata.get(FORWARD_ID) == forward_id]

    async def delete_snapshot(self, project: str, snapshot: str) -> None:
        await self._call("DELETE", f"/api/projects/{_part(project)}/{_part(snapshot)}")

    # ------------------------------------------------------------ datasets

    async def add_dataset(
        self, project: str, snapshot: str, *, part: str, title: str, metadata: Mapping[str, str], parquet: bytes
    ) -> None:
        """Rows that the report's page shows: its `current` or `reference` ones. Raises Missing, TooLargeThere."""
        query = {
            "project_id": project, "snapshot_id": snapshot, "dataset_type": "output", "dataset_subtype": part,
        }  # fmt: skip
        fields = {"name": title, "metadata_str": orjson.dumps(dict(metadata)).decode()}
        content_type, form = multipart(fields, parquet)
        await self._call("POST", f"/api/datasets/upload?{urlencode(query)}", form, content_type=content_type)

    async def datasets(self, project: str) -> list[RemoteDataset]:
        answer = _object(await self._call("GET", f"/api/datasets?{urlencode({'project_id': project})}"))
        return [
            RemoteDataset(
                id=_text(each, "id"),
                name=str(each.get("name")),
                metadata=metadata if isinstance(metadata := each.get("metadata"), Mapping) else {},
            )
            for each in _objects(answer.get("datasets"))
        ]

    async def delete_dataset(self, dataset: str) -> None:
        await self._call("DELETE", f"/api/datasets/{_part(dataset)}")

    # ------------------------------------------------------------ dashboards

    async def dashboard(self, project: str) -> dict[str, Any]:
        return dict(_object(await self._call("GET", f"/api/v2/dashboards/{_part(project)}")))

    async def save_dashboard(self, project: str, document: Mapping[str, Any]) -> None:
        """Replaces the whole document: read it first, users edit the same one."""
        await self._call("POST", f"/api/v2/dashboards/{_part(project)}", orjson.dumps(document))

    # ------------------------------------------------------------ the wire

    async def _call(
        self, method: str, path: str, body: bytes | None = None, *, wary: bool = False, content_type: str = _JSON
    ) -> Any:
        """The decoded answer. `wary`: a 500 is about this body, and final."""
        status, answer = await self._once(method, path, body, content_type, wary=wary)
        if status == 401 and self._auth.renew():
            status, answer = await self._once(method, path, body, content_type, wary=wary)
        if status == 401:
            raise Permanent("the Evidently workspace refused the token: it is wrong, or has expired")
        try:
            return json.loads(answer) if answer else None
        except ValueError as error:
            raise Permanent("the address does not speak as an Evidently UI does: its answer is not JSON") from error

    async def _once(
        self, method: str, path: str, body: bytes | None, content_type: str, *, wary: bool
    ) -> tuple[int, str]:
        to = "the Evidently workspace"
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())
        async with translated(to):
            headers = {**await self._auth.headers(self._session, self.url), "Content-Type": content_type}
            async with self._session.request(
                method, self.url + path, data=sendable(body), headers=headers, allow_redirects=False
            ) as response:
                answer = await response.text(errors="replace")
        if response.status == 403:
            raise Permanent("the Evidently workspace answered 403: the secret is wrong or missing")
        if response.status == 404:
            raise Missing(f"{to} answered 404 for {method} {path}")
        if response.status == 413:
            raise TooLargeThere(f"{to} answered 413: {len(body or b''):,} bytes are too much for it, or for a proxy")
        if response.status == 500 and wary:
            raise Refused(f"{to} answered 500: it cannot read this snapshot")
        if response.status != 401:
            judge(to, response, answer)
        return response.status, answer


def _part(identity: object) -> str:
    """An id as one part of a path."""
    return quote(str(identity), safe="")


def is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _older(version: str) -> bool:
    parts = version.split(".")[:3]
    # a name such as "cloud" says nothing of its age
    return all(part.isdigit() for part in parts) and tuple(map(int, parts)) < OLDEST_VERSION


def multipart(fields: Mapping[str, str], parquet: bytes) -> tuple[str, bytes]:
    """A form with one file, and its content type. As bytes, because a call may be repeated."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="data.parquet"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    form = b"".join([*parts, head.encode(), parquet, f"\r\n--{boundary}--\r\n".encode()])
    return f"multipart/form-data; boundary={boundary}", form


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Permanent(f"the Evidently workspace answered {type(value).__name__} where an object was expected")
    return value


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise Permanent(f"the Evidently workspace answered {type(value).__name__} where a list was expected")
    return [_object(each) for each in value]


def _text(value: object, key: str) -> str:
    """A plain string, or the object's entry `key`."""
    found = value.get(key) if isinstance(value, Mapping) else value
    if not isinstance(found, str) or not found:
        raise Permanent(f"the Evidently workspace named no {key} in its answer")
    return found


def _snapshot(listed: Mapping[str, Any], key: str) -> RemoteSnapshot:
    metadata = listed.get("metadata")
    return RemoteSnapshot(
        id=_text(listed, key),
        timestamp=str(listed.get("timestamp")),
        metadata=metadata if isinstance(metadata, Mapping) else {},
        tags=tuple(listed.get("tags") or ()),
        name=listed.get("name"),
    )


def checked_url(url: str) -> str:
    """The address without its last slash. Raises Invalid when it is none."""
    if not url.startswith(("http://", "https://")):
        raise Invalid(f"{url!r} is not an address: expected http://host or https://host")
    return url.rstrip("/")
