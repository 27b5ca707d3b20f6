"""API keys from a file: who may do what, for which monitors. Without a file every route is open.

The file is YAML (or JSON); a key stands there as its SHA-256, or in clear and is hashed when it is read:

    keys:
      - {name: model server, sha256: 9f86d08..., scopes: [ingest], monitors: [flight-delays]}
      - {name: dashboards, key: a-long-random-text, scopes: [read]}

Several keys are valid at once, so that one can be replaced while its successor is already in use.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from collector.errors import Invalid
from collector.receive.problems import Forbidden, Unauthorized
from collector.strict import near_miss

log = logging.getLogger(__name__)

_FIELDS = ("name", "key", "sha256", "scopes", "monitors")
_SHORTEST_KEY = 8


class Scope(StrEnum):
    """What a key is for. Admin includes the other two."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key opens. `monitors` None: all of them."""

    name: str
    scopes: frozenset[Scope]
    monitors: frozenset[str] | None = None

    def opens(self, scope: Scope) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def covers(self, monitor: str) -> bool:
        return self.monitors is None or monitor in self.monitors

    def require(self, monitor: str) -> None:
        """Raises Forbidden when the key is for other monitors."""
        if not self.covers(monitor):
            raise Forbidden(f"the key {self.name!r} is not for monitor {monitor!r}", monitor=monitor)


EVERYTHING = Grant("no keys are configured", frozenset(Scope))
"""The grant of every request when there is no file of keys."""


class Keys:
    """The keys of a file. State: what was read last, and the file's mark by which a change is seen."""

    def __init__(self, path: Path) -> None:
        """Raises Invalid when the file cannot be read or understood."""
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._mark = self._marked()
        self._grants = load(path)

    def grant(self, authorization: str | None, scope: Scope, also: Scope | None = None) -> Grant:
        """The grant of the key in an Authorization header, for one scope or another. Raises Unauthorized, Forbidden."""
        self._reload_when_changed()
        presented = _presented(authorization)
        if presented is None:
            raise Unauthorized("this needs a key: send it as 'Authorization: Bearer KEY'")
        digest = hashlib.sha256(presented).digest()
        found: Grant | None = None
        for known, grant in self._grants:  # all of them, so that the time says nothing about which one fits
            if hmac.compare_digest(known, digest):
                found = grant
        if found is None:
            raise Unauthorized("the key is not known")
        if not found.opens(scope) and (also is None or not found.opens(also)):
            raise Forbidden(f"the key {found.name!r} has no scope {str(scope)!r}", scope=str(scope))
        return found

    def _reload_when_changed(self) -> None:
        """A file that is broken or away leaves the keys as they were: a bad edit must not open or close the door."""
        try:
            mark = self._marked()
            if mark != self._mark:
                self._mark = mark
                self._grants = load(self._path)
                log.info("%s has changed: %d keys", self._path, len(self._grants))
        except Invalid as error:
            log.error("the keys stay as they were: %s", error)  # noqa: TRY400 - the sentence says it all

    def _marked(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError as error:
            if self._mark is None:
                raise Invalid(f"{self._path}: cannot be read: {error.strerror}") from error
            return self._mark
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def load(path: Path) -> Sequence[tuple[bytes, Grant]]:
    """The keys of a file, hashed. Raises Invalid with the entry and the field; never with a key."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Invalid(f"{path}: not YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
    entries = document.get("keys") if isinstance(document, dict) and set(document) == {"keys"} else None
    if not isinstance(entries, list) or not entries:
        raise Invalid(f"{path}: expected one entry 'keys' with a list of keys")
    return [_entry(f"{path}: keys[{index}]", entry) for index, entry in enumerate(entries)]


def _entry(place: str, entry: Any) -> tuple[bytes, Grant]:
    if not isinstance(entry, dict):
        raise Invalid(f"{place}: expected a mapping with {', '.join(_FIELDS)}")
    for name in entry:
        if name not in _FIELDS:
            raise Invalid(f"{place}: unknown field {str(name)!r}{near_miss(str(name), _FIELDS)}")
    scopes = entry.get("scopes")
    known = [scope.value for scope in Scope]
    if not isinstance(scopes, list) or not scopes or not all(scope in known for scope in scopes):
        raise Invalid(f"{place}.scopes: expected a list of {', '.join(known)}")
    monitors = entry.get("monitors")
    if monitors is not None and not (isinstance(monitors, list) and all(isinstance(each, str) for each in monitors)):
        raise Invalid(f"{place}.monitors: expected a list of monitor ids, or nothing for all of them")
    grant = Grant(
        name=str(entry.get("name", place.rpartition(" ")[2])),
        scopes=frozenset(map(Scope, scopes)),
        monitors=None if monitors is None else frozenset(monitors),
    )
    return _digest(place, entry), grant


def _digest(place: str, entry: dict[str, Any]) -> bytes:
    clear, hashed = entry.get("key"), entry.get("sha256")
    if (clear is None) == (hashed is None):
        raise Invalid(f"{place}: give exactly one of key, sha256")
    if clear is not None:
        if not isinstance(clear, str) or len(clear) < _SHORTEST_KEY:
            raise Invalid(f"{place}.key: expected text of at least {_SHORTEST_KEY} characters")
        return hashlib.sha256(clear.encode()).digest()
    try:
        digest = bytes.fromhex(str(hashed))
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise Invalid(f"{place}.sha256: expected 64 hexadecimal digits")
    return digest


def _presented(authorization: str | None) -> bytes | None:
    """The key in the header. Basic (any user, the key as password) is there for browsers, which have no Bearer."""
    scheme, _, value = (authorization or "").strip().partition(" ")
    value = value.strip()
    if not value:
        return None
    if scheme.lower() == "bearer":
        return value.encode("utf-8", "surrogateescape")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2] or None
        except ValueError:  # no base64, or not even ASCII
            return None
    return None
