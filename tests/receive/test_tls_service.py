"""`collector serve` over https as it is run: several processes, real clients, a certificate that is renewed meanwhile."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector_sdk import Collector
from tests.certificates import Authority
from tests.service import Service

MONITOR = """
monitors:
  - id: flights
    columns: {id: id, timestamp: time, prediction: score, numerical_features: [distance]}
    window: {every: 1d, time: event}
    reports: [{name: quality, metrics: [DatasetSummaryMetric]}]
"""


class Secure(Service):
    """A service that speaks https with a certificate of an authority."""

    def __init__(self, directory: Path, authority: Authority, **environment: str) -> None:
        self.authority = authority
        self.pair = authority.issue("server")
        super().__init__(
            directory,
            MONITOR,
            COLLECTOR_TLS_CERT_FILE=str(self.pair.certificate),
            COLLECTOR_TLS_KEY_FILE=str(self.pair.key),
            **environment,
        )
        self.url = f"https://127.0.0.1:{self.port}"
        self.trusted = authority.trusted()

    def serial(self) -> str:
        """Of the certificate that a new connection is shown."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain,
            self.authority.trusted().wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            return str((secure.getpeercert() or {})["serialNumber"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def service(tmp_path: Path, authority: Authority) -> Iterator[Secure]:
    running = Secure(tmp_path, authority)
    yield running
    running.stop()


def test_the_sdk_sends_rows_to_several_processes_over_https_while_the_certificate_is_renewed(service, authority):
    service.start("--processes", "2")
    first = service.serial()
    with Collector(service.url, monitor="flights", ssl_context=service.trusted, flush_seconds=0.05) as collector:
        for number in range(50):
            collector.log({"distance": number}, prediction=0.5, id=f"before-{number}", timestamp="2013-02-01T10:00:00Z")
        assert collector.flush(60)
        renewed = authority.issue("renewed")
        renewed.key.replace(service.pair.key)
        renewed.certificate.replace(service.pair.certificate)
        seen = {service.serial() for _ in range(30)}  # connections are spread over the processes
        assert len(seen) == 1
        assert seen != {first}
        for number in range(50):
            collector.log({"distance": number}, prediction=0.5, id=f"after-{number}", timestamp="2013-02-01T10:00:00Z")
        assert collector.flush(60)
        assert collector.stats().accepted == 100
    assert service.rows("flights")["accepted"] == 100
    assert "https://" in service.log()
    assert service.stop() == 0


def test_the_commands_and_the_sdk_trust_the_authority_that_a_variable_names(service, authority):
    service.start()
    environment = {**os.environ, "SSL_CERT_FILE": str(authority.file), "COLLECTOR_URL": service.url}
    listed = subprocess.run(
        [sys.executable, "-m", "collector", "monitors", "list"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (listed.returncode, "flights" in listed.stdout) == (0, True), listed.stderr
    code = (
        "from collector_sdk import Collector\n"
        f"with Collector({service.url!r}, monitor='flights') as collector:\n"
        "    collector.log({'distance': 1}, prediction=0.5, id='a', timestamp='2013-02-01T10:00:00Z')\n"
        "    assert collector.flush(60)\n"
        "    assert collector.stats().accepted == 1\n"
    )
    sent = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert sent.returncode == 0, sent.stderr


def test_a_certificate_that_cannot_be_used_ends_the_start_with_a_sentence(tmp_path, authority):
    service = Secure(tmp_path, authority)
    service.pair.key.write_text("no key")
    with pytest.raises(AssertionError, match=r"server\.key: not a PEM certificate and its key"):
        service.start()
    assert service.process is not None
    assert service.process.returncode == 2


def test_a_client_of_plain_http_gets_no_answer_and_disturbs_nobody(service):
    service.start()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP")
    assert service.get("/livez")[0] == 200
