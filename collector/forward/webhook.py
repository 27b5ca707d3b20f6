"""Snapshots, and alerts, as JSON to an address of the user's own.

Each POST carries an `Idempotency-Key`, of a snapshot `<snapshot id>/<revision>`: the receiver may get one again, and
then replaces what it has. With a secret, `X-Collector-Signature: sha256=<hex>` is the HMAC-SHA256 of the body.
"""

import hashlib
import hmac

import aiohttp
from pydantic import SecretStr

from collector.errors import Invalid, Permanent
from collector.snapshot import Snapshot
from collector.workspace.http import TIMEOUT, judge, sendable, translated

SIGNATURE = "X-Collector-Signature"
_ANSWER_BYTES = 2_000
"""What is read of an answer, for the reason of a refusal."""


class WebhookForwarder:
    """Holds one HTTP session, opened by the first delivery."""

    def __init__(self, name: str, url: str, *, secret: SecretStr | None = None) -> None:
        self._name = name
        self._url = url
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, body: bytes, data: bytes | None = None) -> None:  # noqa: ARG002 - rows never go to a hook
        try:
            snapshot = Snapshot.from_json(body)
        except Invalid as error:
            raise Permanent(str(error)) from error
        await self._post(body, f"{snapshot.id}/{snapshot.revision}")

    async def notify(self, body: bytes, *, key: str) -> None:
        await self._post(body, key)

    async def _post(self, body: bytes, key: str) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._secret is not None:
            headers[SIGNATURE] = signature(body, self._secret.get_secret_value())
        if self._session is None:
            # Answers are not unpacked: a small one can be a gigabyte.
            self._session = aiohttp.ClientSession(
                timeout=TIMEOUT, headers={"Accept-Encoding": "identity"}, auto_decompress=False
            )
        to = f"webhook {self._name!r}"
        async with (
            translated(to),
            self._session.post(self._url, data=sendable(body), headers=headers, allow_redirects=False) as response,
        ):
            if response.status >= 300:  # a yes is one whatever follows, and however slowly
                packed = "Content-Encoding" in response.headers
                answer = b"" if packed else await response.content.read(_ANSWER_BYTES)
                judge(to, response, answer.decode("utf-8", "replace"))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def signature(body: bytes, secret: str) -> str:
    """What the receiver computes to know that the body came from here.

    >>> signature(b"{}", "s")[:15]
    'sha256=143ca8d5'
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
