"""What a Redis URL says: one server, a server that Sentinels know, or a cluster; and how to log in. Pure: no connection.

    redis://user:password@host:6379/0
    redis+sentinel://user:password@sentinel-a:26379,sentinel-b:26379/service/0
    redis+cluster://user:password@node-a:6379,node-b:6379

`rediss` instead of `redis` means TLS. Options stand behind a question mark, see `_OPTIONS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from collector.errors import Invalid

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS = (*_FILES, "ssl_cert_reqs", "ssl_check_hostname", "sentinel_username", "sentinel_password")
_YES_NO = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


class Kind(StrEnum):
    """What stands at the address."""

    SERVER = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


_PORTS = {Kind.SERVER: 6379, Kind.SENTINEL: 26379, Kind.CLUSTER: 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """`hosts` are Sentinels, or some nodes of the cluster; `service` is what the Sentinels call the primary."""

    kind: Kind
    hosts: Sequence[tuple[str, int]]
    database: int = 0
    service: str | None = None
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    sentinel_login: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: Mapping[str, str | bool] | None = None
    """Arguments of a TLS connection; None: without TLS."""


def parse(url: str) -> Address:
    """Raises Invalid, which never repeats a password.

    >>> parse("redis+sentinel://a,b:26380/main/2").hosts
    [('a', 26379), ('b', 26380)]
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        _refuse("it is not a URL")
    scheme, _, kind_name = parts.scheme.partition("+")
    kind = Kind(kind_name)
    userinfo, _, places = parts.netloc.rpartition("@")
    service, database = _path(kind, parts.path)
    options = _options(parts.query, tls=scheme == "rediss")
    hosts = [_host(place, _PORTS[kind]) for place in places.split(",")]
    if kind is Kind.SERVER and len(hosts) > 1:
        _refuse("it names several servers: expected redis+sentinel://... or redis+cluster://...")
    return Address(
        kind=kind,
        hosts=hosts,
        database=database,
        service=service,
        login=_login(userinfo),
        sentinel_login={
            name.removeprefix("sentinel_"): str(options.pop(name))
            for name in ("sentinel_username", "sentinel_password")
            if name in options
        },
        tls=options if scheme == "rediss" else None,
    )


def _host(place: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        return parts.hostname or "localhost", parts.port or port
    except ValueError:
        _refuse(f"{place!r} is not a host and port")


def _login(userinfo: str) -> dict[str, str]:
    username, _, password = userinfo.partition(":")
    found = {"username": unquote(username), "password": unquote(password)}
    return {name: value for name, value in found.items() if value}


def _path(kind: Kind, path: str) -> tuple[str | None, int]:
    names = [unquote(name) for name in path.split("/")[1:] if name]
    service = names.pop(0) if kind is Kind.SENTINEL and names else None
    if kind is Kind.SENTINEL and service is None:
        _refuse("it does not say what the Sentinels call the primary: expected redis+sentinel://HOST:26379/SERVICE")
    if not names:
        return service, 0
    database = names.pop(0)
    if names or not database.isdecimal():
        _refuse(f"{path!r} is no database number")
    if kind is Kind.CLUSTER and int(database):
        _refuse("a cluster has no database but 0")
    return service, int(database)


def _options(query: str, *, tls: bool) -> dict[str, str | bool]:
    found: dict[str, str | bool] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            near = get_close_matches(name, _OPTIONS, n=1)
            _refuse(f"it has no option {name!r}" + (f": did you mean {near[0]!r}?" if near else ""))
        if name.startswith("ssl_") and not tls:
            _refuse(f"{name} means nothing without TLS: expected rediss://...")
        if name in _FILES and not Path(value).is_file():
            _refuse(f"{name}: there is no file {value}")
        found[name] = value
    if found.get("ssl_cert_reqs", "required") not in ("required", "none"):
        _refuse("ssl_cert_reqs is required or none")
    if "ssl_check_hostname" in found:
        wish = _YES_NO.get(str(found["ssl_check_hostname"]).lower())
        if wish is None:
            _refuse("ssl_check_hostname is true or false")
        found["ssl_check_hostname"] = wish
    if found.get("ssl_cert_reqs") == "none":  # without a certificate there is no name to compare
        found["ssl_check_hostname"] = False
    return found


def _refuse(why: str) -> NoReturn:
    raise Invalid(f"the buffer URL is not one of Redis: {why}", variable="COLLECTOR_BUFFER_URL")
