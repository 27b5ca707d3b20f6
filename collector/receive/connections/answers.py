"""What a request for rows is told, as the bytes of an answer: for those that have no response object."""

import logging
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import hdrs

from collector.model import Receipt
from collector.receive import problems
from collector.receive.door import problem_parts
from collector.receive.problems import NoValidRows
from collector.receive.routes.rows import INFERENCES, receipt_body

log = logging.getLogger(__name__)


class Answers:
    """State: the date, as text, which is made once a second."""

    def __init__(self) -> None:
        self._date = (0, b"")

    def of(self, outcome: Receipt | Exception, *, close: bool = False) -> tuple[int, bytes]:
        """The status, and the whole answer; `close`: the last one on its connection."""
        status, content_type, headers, body = _parts(outcome)
        if close:
            headers += b"Connection: close\r\n"
        now = int(time.time())
        if now != self._date[0]:
            self._date = (now, formatdate(now, usegmt=True).encode())
        return status, b"%bContent-Type: %b\r\nContent-Length: %d\r\nDate: %b\r\n%b\r\n%b" % (
            _status_line(status),
            content_type,
            len(body),
            self._date[1],
            headers,
            body,
        )


def _parts(outcome: Receipt | Exception) -> tuple[int, bytes, bytes, bytes]:
    """Status, content type, further headers and body; as the handler of the route, and the gate before it, answer."""
    try:
        if isinstance(outcome, Receipt):
            return 202, b"application/json", b"", receipt_body(outcome)
    except NoValidRows as error:
        outcome = error
    problem = problems.of_error(outcome)
    if problem is None:
        log.error("unexpected error in POST %s", INFERENCES, exc_info=outcome)
        problem = problems.internal()
    headers, body = problem_parts(problem)
    content_type = headers.pop(hdrs.CONTENT_TYPE)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return problem.kind.status, content_type.encode(), lines.encode("latin-1"), body


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
