"""A certificate authority of one's own, made by openssl."""

import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


def openssl() -> str:
    """The program. Without it a test is skipped, and fails where CI is set."""
    found = shutil.which("openssl")
    if found is None and "CI" in os.environ:
        pytest.fail("openssl makes the certificates, and is not installed")
    if found is None:
        pytest.skip("openssl is not installed")
    return found


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for 127.0.0.1. Files go to a directory."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self._own = Pair(directory / f"{name}.crt", directory / f"{name}.key")
        _make(self._own, f"/CN={name}", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")

    @property
    def file(self) -> Path:
        return self._own.certificate

    def issue(self, name: str) -> Pair:
        """Of servers and clients alike."""
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        signed = ["-CA", str(self._own.certificate), "-CAkey", str(self._own.key)]
        _make(pair, f"/CN={name}", "subjectAltName=IP:127.0.0.1", "basicConstraints=CA:FALSE", signed=signed)
        return pair

    def trusted(self, client: Pair | None = None) -> ssl.SSLContext:
        """The context of a client that trusts this authority alone, and shows a certificate if it has one."""
        context = ssl.create_default_context(cafile=str(self.file))
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context


def _make(pair: Pair, subject: str, *extensions: str, signed: list[str] | None = None) -> None:
    added = [part for extension in extensions for part in ("-addext", extension)]
    subprocess.run(
        [openssl(), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", subject, *added, *(signed or []), "-keyout", str(pair.key), "-out", str(pair.certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
