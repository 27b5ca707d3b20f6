"""Where a file lies: a path of this machine, or a URL of an object store. What may be shown of it, and what is secret."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|file:")
REMOTE = ("s3", "gs", "gcs", "az", "abfs", "abfss", "http", "https")
"""Schemes that are read through fsspec."""


def is_remote(location: str) -> bool:
    """Whether somebody else's server has it, which may be away.

    >>> is_remote("s3://bucket/january.parquet"), is_remote("file:///data/january.parquet"), is_remote("january.parquet")
    (True, False, False)
    """
    return _URL.match(location) is not None and not location.startswith("file:")


def scheme_of(location: str) -> str:
    """In small letters; `file` for paths.

    >>> scheme_of("https://example.com/x.parquet"), scheme_of("x.parquet")
    ('https', 'file')
    """
    return urlsplit(location).scheme.lower() if is_remote(location) else "file"


def absolute(location: str, folder: Path) -> str:
    """URLs as they are; paths, and `file:` URLs as paths, relative to a folder.

    >>> absolute("r.parquet", Path("/etc/collector")), absolute("file:///data/r.parquet", Path("/etc/collector"))
    ('/etc/collector/r.parquet', '/data/r.parquet')
    """
    if is_remote(location):
        return location
    path = unquote(urlsplit(location).path) if location.startswith("file:") else location
    return str(folder / path)


def shown(location: str) -> str:
    """Without what may be secret: users and passwords, queries (signatures, tokens).

    >>> shown("https://ada:pass@example.com/x.parquet?signature=abc"), shown("s3://bucket/x.parquet")
    ('https://example.com/x.parquet', 's3://bucket/x.parquet')
    """
    if not is_remote(location):
        return location
    url = urlsplit(location)
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()


def veiled(sentence: str, location: str) -> str:
    """The sentence of a library that read from the location, without the location's secrets.

    >>> veiled("no answer from https://example.com/x?t=secret", "https://example.com/x?t=secret")
    'no answer from https://example.com/x'
    """
    if not is_remote(location):
        return sentence
    url = urlsplit(location)
    secrets = [url.netloc.rpartition("@")[0], url.password, url.query, *re.split("[&=]", url.query)[1::2]]
    sentence = sentence.replace(location, shown(location))
    for secret in secrets:
        for form in {secret or "", unquote(secret or "")}:
            sentence = sentence.replace(form, "***") if len(form) > 2 else sentence
    return sentence
