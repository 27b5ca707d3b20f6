"""How a workspace knows who is writing: nothing, a self-hosted secret, a cloud key, or an older cloud token."""

import asyncio
from typing import Protocol

import aiohttp

from collector.errors import Invalid, Permanent
from collector.workspace.http import judge, translated


class Auth(Protocol):
    async def headers(self, session: aiohttp.ClientSession, url: str) -> dict[str, str]:
        """What every request carries. Raises Transient or Permanent when it has to be fetched first."""
        ...

    def renew(self) -> bool:
        """After a 401: whether repeating the request with new headers may help."""
        ...


class Fixed:
    """The same headers for ever."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    async def headers(self, session: aiohttp.ClientSession, url: str) -> dict[str, str]:  # noqa: ARG002 - the protocol's
        return self._headers

    def renew(self) -> bool:
        return False


class Login:
    """An older cloud token: exchanged for a short-lived JWT, which goes along as a cookie; fetched anew after a 401."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._jwt: str | None = None
        self._lock = asyncio.Lock()

    async def headers(self, session: aiohttp.ClientSession, url: str) -> dict[str, str]:
        async with self._lock:
            if self._jwt is None:
                self._jwt = await self._log_in(session, url)
            return {"Cookie": f"app.at={self._jwt}"}

    async def _log_in(self, session: aiohttp.ClientSession, url: str) -> str:
        to = "the login of the Evidently cloud"
        headers = {"X-Evidently-Token": self._token}
        async with translated(to), session.get(f"{url}/api/users/login", headers=headers) as response:
            answer = (await response.text()).strip().strip('"')
            if response.status in (401, 403):
                raise Permanent(f"{to} refused the token: make a new one in the cloud's settings")
            judge(to, response, "")
        if not answer or any(character in answer for character in ' \r\n;"'):
            raise Permanent(f"{to} answered something that is not a token")
        return answer

    def renew(self) -> bool:
        self._jwt = None
        return True


def auth(*, secret: str | None = None, token: str | None = None) -> Auth:
    """The way that fits what was given. Raises Invalid for both at once."""
    if secret and token:
        raise Invalid("give secret (self-hosted) or token (cloud), not both")
    for name, value in (("secret", secret), ("token", token)):
        if value and any(ord(character) < 32 or ord(character) > 126 for character in value):
            raise Invalid(f"the {name} holds characters that an HTTP header cannot carry, such as a line break")
    if secret:
        return Fixed({"evidently-secret": secret})
    if not token:
        return Fixed({})
    if token.startswith("sk_") and len(token.split(".")) >= 3:
        return Fixed({"Authorization": f"Bearer {token}"})
    return Login(token)
