"""How the service stops and shares its port: nothing that was acknowledged depends on a tidy end."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

CONFIG = """
monitors:
  - id: m
    columns: {id: id}
    window: {rows: 1000000}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, CONFIG, COLLECTOR_DRAIN_SECONDS="1.5", COLLECTOR_SHUTDOWN_SECONDS="5")
    yield made
    made.stop()


def accepted(service: Service) -> int:
    return int(service.rows("m")["accepted"])


def test_sigterm_first_says_not_ready_then_answers_what_is_in_flight_and_ends_with_zero(service: Service):
    service.start()
    assert service.post("/v1/monitors/m/inferences", [{"id": "a", "x": 1}])[0] == 202
    assert service.process is not None
    service.process.send_signal(signal.SIGTERM)
    seen: list[tuple[int, int]] = []
    while service.process.poll() is None:
        with suppress(OSError):
            seen.append(
                (service.get("/readyz")[0], service.post("/v1/monitors/m/inferences", [{"id": f"b{len(seen)}"}])[0])
            )
        time.sleep(0.1)
    assert service.process.returncode == 0
    assert (503, 202) in seen  # not ready, yet whoever still comes is served until the port closes
    taken = sum(1 for _, status in seen if status == 202)
    service.start()
    assert accepted(service) == 1 + taken


@pytest.mark.parametrize("path", ["/v1/monitors/m/inferences", "/v1/monitors/m/reference"])
def test_a_half_sent_body_is_told_503_and_when_to_come_back(service: Service, path: str):
    service.start()
    assert service.process is not None
    method = "PUT" if path.endswith("reference") else "POST"
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        )
        client.sendall(head.encode() + b'[{"id": "half", "x": 1}, ')
        time.sleep(0.5)
        service.process.send_signal(signal.SIGTERM)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 503"), answer
    assert b"Retry-After:" in answer
    assert b"the service is stopping" in answer
    assert service.process.wait(20) == 0
    service.start()
    assert accepted(service) == 0


def test_a_body_that_still_arrives_while_the_service_stops_is_taken(service: Service):
    service.start()
    assert service.process is not None
    body = b'[{"id": "slow", "x": 1}]'
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        head = f"POST /v1/monitors/m/inferences HTTP/1.1\r\nHost: c\r\nContent-Length: {len(body)}\r\n"
        client.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body[:10])
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(2.2)  # past the drain: the port is closed, this request is not
        client.sendall(body[10:])
        assert client.recv(65536).startswith(b"HTTP/1.1 202")
    assert service.process.wait(20) == 0
    service.start()
    assert accepted(service) == 1


def test_rows_are_kept_over_a_stop_and_a_start(service: Service):
    service.start()
    service.post("/v1/monitors/m/inferences", [{"id": f"r{n}", "x": n} for n in range(10)])
    assert service.stop() == 0
    service.start()
    assert accepted(service) == 10
    assert service.call("POST", "/v1/monitors/m/flush")[0] == 202
    assert service.wait_settled("m")["evaluated"] == 10


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system cannot share a port")
def test_several_receivers_share_the_port_and_end_with_their_parent(service: Service):
    service.start("--processes", "3")
    outcomes: list[int] = []

    def send(first: int) -> None:
        rows = ([{"id": f"r{number}", "x": number}] for number in range(first, first + 20))
        outcomes.extend(service.post("/v1/monitors/m/inferences", row)[0] for row in rows)

    threads = [threading.Thread(target=send, args=(n * 20,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [202] * 100
    assert accepted(service) == 100
    children = receivers_of(service)
    assert len(children) == 2
    service.kill()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    with pytest.raises(OSError, match="refused"):
        service.get("/livez")


def test_a_receiver_that_is_killed_is_started_again(service: Service):
    service.start("--processes", "2")
    (child,) = receivers_of(service)
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while receivers_of(service) in ([], [child]) and time.monotonic() < deadline:
        time.sleep(0.1)
    (other,) = receivers_of(service)
    assert other != child


def receivers_of(service: Service) -> list[int]:
    """Children that listen at the port: evaluation processes do not."""
    assert service.process is not None
    found = []
    for line in Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split():
        command = Path(f"/proc/{line}/cmdline").read_bytes()
        if b"spawn_main" in command:
            found.append(int(line))
    return found
