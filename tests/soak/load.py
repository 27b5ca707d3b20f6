"""The load of the soak: rows and labels, each request repeated under its key until it is acknowledged, as the SDK would."""

import random
import threading
import time
import urllib.error
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException

from tests.service import Service


class Sender(threading.Thread):
    """One client. State: what was acknowledged, and how long each acknowledged attempt took."""

    def __init__(self, name: str, receivers: list[Service], stopping: threading.Event, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.accepted = 0
        self.duplicates = 0
        self.repeats = 0
        self.fault: str | None = None
        self.seconds: list[float] = []
        self._receivers = receivers
        self._stopping = stopping
        self._draw = random.Random(seed)
        self._sent = 0

    def run(self) -> None:
        try:
            self._send()
        except AssertionError as error:
            self.fault = f"{error}"

    def _send(self) -> None:
        while not self._stopping.is_set():
            size = self._draw.choice([1, 10, 100])
            numbers = range(self._sent, self._sent + size)
            self._sent += size
            if self._draw.random() < 0.5:
                self._until_taken("others", [{"id": f"{self.name}-o{n}", "x": float(n)} for n in numbers])
            else:
                self._flights([f"{self.name}-f{n}" for n in numbers])
            time.sleep(self._draw.uniform(0, 0.05))

    def _flights(self, ids: list[str]) -> None:
        now = datetime.now(UTC).isoformat()
        rows: list[dict[str, object]] = [
            {"id": each, "at": now, "p": self._draw.random(), "distance": self._draw.gauss(700, 300),
             "carrier": self._draw.choice(["AA", "UA", "DL", None])}
            for each in ids
        ]  # fmt: skip
        self._until_taken("flights", rows)
        self._repeated(
            lambda receiver: receiver.post(
                "/v1/monitors/flights/labels", [{"id": each, "target": self._draw.randint(0, 1)} for each in ids]
            )
        )

    def _until_taken(self, monitor: str, rows: list[dict[str, object]]) -> None:
        key = f"{self.name}/{rows[0]['id']}"
        body = self._repeated(
            lambda receiver: receiver.post(f"/v1/monitors/{monitor}/inferences", rows, **{"Idempotency-Key": key})
        )
        if body["accepted"] + body["duplicates"] != len(rows):
            raise AssertionError(f"{len(rows)} rows were sent, the answer is {body}")
        self.accepted += len(rows)
        self.duplicates += body["duplicates"]

    def _repeated(self, post: Callable[[Service], tuple[int, dict[str, int]]]) -> dict[str, int]:
        while True:
            receiver = self._draw.choice(self._receivers)
            began = time.perf_counter()
            try:
                status, body = post(receiver)
            except (urllib.error.URLError, OSError, HTTPException):
                status, body = 0, {}
            if status == 202:
                self.seconds.append(time.perf_counter() - began)
                return body
            if status not in (0, 429, 503):
                raise AssertionError(f"status {status}: {body}")
            self.repeats += 1
            time.sleep(0.1)
