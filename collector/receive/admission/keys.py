"""API keys from a file: who may do what, for which monitors. Without a file every route is open.

The file is YAML (or JSON); a key stands there as its SHA-256, or in clear and is hashed when it is read:

    keys:
      - {name: model server, sha256: 9f86d08..., scopes: [ingest], monitors: [flight-delays]}
      - {name: dashboards, key: a-long-random-text, scopes: [read], requests_per_second: 5}

Several keys are valid at once, so that one can be replaced while its successor is already in use. A changed file counts
for the next request.
"""

import base64
import hashlib
import hmac
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from collector.errors import Invalid
from collector.receive.admission.rates import Pace, Rate
from collector.receive.connections.watched import Watched
from collector.receive.problems import Forbidden, Unauthorized
from collector.strict import near_miss

log = logging.getLogger(__name__)

_RATES = ("requests_per_second", "rows_per_second", "burst_seconds")
_FIELDS = ("name", "key", "sha256", "scopes", "monitors", *_RATES)
_SHORTEST_KEY = 8


class Scope(StrEnum):
    """What a key is for. Admin includes the other two."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one key opens, and how fast it may go. `monitors` None: all of them; `pace` None: as fast as it likes."""

    name: str
    scopes: frozenset[Scope]
    monitors: frozenset[str] | None = None
    pace: Pace | None = None

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
    """The keys of a file. State: what was read last, and how fast each key went."""

    def __init__(self, path: Path, now: Callable[[], float] = time.monotonic) -> None:
        """`now` says seconds that never go back, for the rates. Raises Invalid when the file cannot be read."""
        self._path = path
        self._now = now
        self._watched = Watched([path])
        self._grants = load(path, now)

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
        if not self._watched.changed():
            return
        try:
            grants = load(self._path, self._now)
        except Invalid as error:
            log.error("the keys stay as they were: %s", error)  # noqa: TRY400 - the sentence says it all
            return
        self._grants = _continued(self._grants, grants)
        log.info("%s has changed: %d keys", self._path, len(self._grants))


_Grants = Sequence[tuple[bytes, Grant]]


def _continued(before: _Grants, after: _Grants) -> _Grants:
    """The grants of a file that was read again; a key whose rate is the same goes on with the tokens that it has."""
    paces = {digest: grant.pace for digest, grant in before}

    def continued(digest: bytes, grant: Grant) -> Grant:
        old, new = paces.get(digest), grant.pace
        return replace(grant, pace=old) if old is not None and new is not None and old.rate == new.rate else grant

    return [(digest, continued(digest, grant)) for digest, grant in after]


def load(path: Path, now: Callable[[], float] = time.monotonic) -> _Grants:
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
    return [_entry(f"{path}: keys[{index}]", entry, now) for index, entry in enumerate(entries)]


def _entry(place: str, entry: Any, now: Callable[[], float]) -> tuple[bytes, Grant]:
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
    name, rate = str(entry.get("name", place.rpartition(" ")[2])), _rate(place, entry)
    grant = Grant(
        name=name,
        scopes=frozenset(map(Scope, scopes)),
        monitors=None if monitors is None else frozenset(monitors),
        pace=None if rate is None else Pace(name, rate, now),
    )
    return _digest(place, entry), grant


def _rate(place: str, entry: dict[str, Any]) -> Rate | None:
    given = {name: entry[name] for name in _RATES if entry.get(name) is not None}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise Invalid(f"{place}.{name}: expected a number above 0")
    if given.keys() == {"burst_seconds"}:
        raise Invalid(f"{place}.burst_seconds: goes with requests_per_second or rows_per_second")
    return Rate(**given) if given else None


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
