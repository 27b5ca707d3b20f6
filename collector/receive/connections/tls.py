"""TLS for the port: certificates from files, which may be renewed while the service runs.

A renewed certificate counts for connections that begin after it. The files are looked at whenever one begins, and what
they hold is taken together, certificate, key and authorities of clients, or not at all.
"""

import logging
import ssl
from pathlib import Path

from collector.errors import Invalid
from collector.receive.connections.watched import Watched
from collector.settings import Settings

log = logging.getLogger(__name__)


class Certificates:
    """State: the context of new connections, and the files as they were seen last."""

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Raises Invalid when the files cannot be used as they are."""
        self._files = (certificate, key, client_ca)
        self._watched = Watched([path for path in self._files if path is not None])
        self._current = _context(*self._files)
        self.context = _context(*self._files)
        """For the loop's `create_server`: it hands each connection on to the newest certificate."""
        self.context.sni_callback = self._begin

    def _begin(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # Called for every handshake, also when the client names no server.
        if self._watched.changed():
            self._renew()
        connection.context = self._current

    def _renew(self) -> None:
        try:
            self._current = _context(*self._files)
        except Invalid as error:
            log.error("the certificate stays as it was: %s", error)  # noqa: TRY400 - the sentence says it all
        else:
            log.info("%s has changed: new connections have the new certificate", self._files[0])


def context_of(settings: Settings) -> ssl.SSLContext | None:
    """How the port speaks TLS; None: it does not. Raises Invalid."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    return Certificates(settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file).context


def _context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    for path in (certificate, key, client_ca):
        if path is not None:
            _readable(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        raise Invalid(f"{certificate}, {key}: not a PEM certificate and its key: {_reason(error)}") from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except ssl.SSLError as error:
            raise Invalid(f"{client_ca}: no PEM certificates: {_reason(error)}") from error
        context.verify_mode = ssl.CERT_REQUIRED
        # A ticket would let a client in again whose authority was taken away since.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    return context


def _readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}") from error


def _no_password() -> str:
    """Without this, OpenSSL would ask for it at the terminal."""
    return ""


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "unknown").replace("_", " ").lower()
