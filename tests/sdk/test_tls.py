"""https, with a certificate authority of one's own."""

import os
import shutil
import ssl
import subprocess

import pytest

from collector_sdk import Collector
from tests.sdk.test_processes import check_a_fork_between_rows

OPENSSL = shutil.which("openssl")


@pytest.fixture
def certificate(tmp_path):
    if OPENSSL is None:
        if "CI" in os.environ:
            pytest.fail("openssl makes the certificate, and is not installed")
        pytest.skip("openssl is not installed")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, made


@pytest.fixture
def secure(service, certificate):
    key, made = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return service.start(context)


def test_rows_go_over_https_to_a_server_that_the_context_trusts(secure, certificate):
    context = ssl.create_default_context(cafile=str(certificate[1]))
    with Collector(secure.url, monitor="flights", ssl_context=context) as collector:
        collector.log({"x": 1})
        assert collector.flush()
    assert [row["x"] for row in secure.rows()] == [1]


def test_a_server_that_is_not_trusted_gets_nothing(secure):
    collector = Collector(secure.url, monitor="flights")
    collector.log({"x": 1})
    assert not collector.flush(timeout=0.5)
    collector.close(timeout=0.1)
    assert secure.requests == []
    assert "certificate verify failed" in (collector.stats().last_error or "")
    assert collector.stats().dropped == {"closed": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_parents_session_as_it_is(secure, certificate):
    context = ssl.create_default_context(cafile=str(certificate[1]))
    with Collector(secure.url, monitor="flights", ssl_context=context) as collector:
        check_a_fork_between_rows(collector, secure)
