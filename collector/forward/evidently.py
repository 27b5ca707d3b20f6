"""Snapshots into an Evidently workspace, self-hosted or cloud. How that is once in effect stands in `workspace/sender.py`."""

from pydantic import SecretStr

from collector.errors import Invalid, Permanent, Transient
from collector.forward.local import project_of
from collector.snapshot import Snapshot
from collector.workspace.evidently import EvidentlyClient
from collector.workspace.project import CURRENT
from collector.workspace.sender import Sender


class EvidentlyForwarder:
    """Each snapshot goes to the project it names, which is made when missing. Connects with the first delivery."""

    def __init__(self, name: str, url: str, *, secret: SecretStr | None = None, token: SecretStr | None = None) -> None:
        self._name = name
        self._client = EvidentlyClient(url, secret=_plain(secret), token=_plain(token))
        self._sender = Sender(self._client)

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:
        try:
            snapshot = Snapshot.from_json(body)
            await self._sender.send(project_of(snapshot), snapshot, {} if data is None else {CURRENT: data})
        except Invalid as error:
            raise Permanent(f"destination {self._name!r}: {error}") from error
        except Permanent as error:
            raise Permanent(f"destination {self._name!r}: {error}") from error
        except Transient as error:
            message = f"destination {self._name!r}: {error}"
            raise Transient(message, retry_after_seconds=error.retry_after_seconds) from error

    async def close(self) -> None:
        await self._client.close()


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
