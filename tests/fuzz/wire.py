"""A client that sends bytes as they are: no library between a broken request and the service."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

PATIENCE_SECONDS = 20.0
"""An answer that takes longer is a hang."""


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class Wire:
    """State: the connection, which is opened again when the service has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._answers: BinaryIO

    def ask(self, head: bytes, body: bytes) -> Answer:
        """One request; its head lacks only the length of its body. Raises TimeoutError, ConnectionError."""
        request = head.rstrip(b"\r\n") + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        if self._socket is not None:
            with suppress(ConnectionError):  # it was closed while it was idle: that is said once only
                return self._exchange(request)
        self.close()
        return self._exchange(request)

    def pour(self, data: bytes) -> list[Answer]:
        """Bytes that may be no request at all, and every answer to them. Raises TimeoutError."""
        self.close()
        answers = []
        with suppress(ConnectionError):
            self._connect().sendall(data)
            assert self._socket is not None
            self._socket.shutdown(socket.SHUT_WR)
            while True:
                answers.append(self._read())
        self.close()
        return answers

    def close(self) -> None:
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = self._socket.makefile("rb")
        return self._socket

    def _exchange(self, request: bytes) -> Answer:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent: the answer says why
            self._connect().sendall(request)
        return self._read()

    def _read(self) -> Answer:
        line = self._answers.readline()
        if not line:
            raise ConnectionError("the service closed the connection")
        headers: dict[str, str] = {}
        while (header := self._answers.readline().rstrip()) != b"":
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        status = int(line.split()[1])
        if status == 100:
            return self._read()
        body = self._answers.read(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers.get("content-type", ""), body)
