"""The port over TLS: both ways, certificates that are renewed, clients that need one."""

import asyncio
import logging
import os
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from collector import listening
from collector.config import load_settings
from collector.errors import Invalid
from collector.receive.connections.tls import Certificates, context_of
from collector.settings import Settings
from tests.certificates import Authority, Pair, openssl
from tests.receive.doubles import opened
from tests.receive.street import LIVEZ, answer_from, asked, connected, said, street, until
from tests.service import free_port

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Pair:
    return authority.issue("server")


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Both loops: their TLS is not the same code."""
    running: Run = request.param
    return running


async def seen(port: int, context: ssl.SSLContext) -> str:
    """The common name of the certificate that a new connection is shown."""
    async with connected(port, context) as (reader, writer):
        writer.write(LIVEZ)
        assert (await answer_from(reader)).status == 200
        certificate = writer.get_extra_info("ssl_object").getpeercert()
        return str(dict(pair for (pair,) in certificate["subject"])["commonName"])


def test_requests_on_a_kept_connection_take_both_ways(run, authority, server):
    async def main() -> None:
        context = Certificates(server.certificate, server.key).context
        async with street(ssl=context) as both, connected(both.short, authority.trusted()) as (reader, writer):
            for _ in range(3):
                writer.write(asked())
                assert (await answer_from(reader)).status == 202
            assert len(both.lanes.open) == 1
            writer.write(LIVEZ)
            assert (await answer_from(reader)).status == 200
            assert len(both.lanes.long) == 1
            writer.write(asked() + asked())
            assert [(await answer_from(reader)).status for _ in range(2)] == [202, 202]
            assert len(both.house.intake.taken) == 5

    run(main())


def test_limits_hold_over_tls_too(run, authority, server):
    async def main() -> None:
        context = Certificates(server.certificate, server.key).context
        trusted = authority.trusted()
        async with (
            street(ssl=context, body_timeout_seconds=0.05, max_connections=1) as both,
            connected(both.short, trusted) as (reader, writer),
        ):
            writer.write(asked(length=1000))
            await until(lambda: any(lane.came for lane in both.lanes.open))
            assert (await said(both.short, asked(), ssl=trusted))[0].status == 503
            both.lanes.look(asyncio.get_running_loop().time() + 2)
            assert (await answer_from(reader)).status == 408
            assert await reader.read() == b""

    run(main())


def test_what_is_under_way_is_answered_when_the_service_stops(run, authority, server):
    async def main() -> None:
        context = Certificates(server.certificate, server.key).context
        async with street(ssl=context) as both, connected(both.short, authority.trusted()) as (reader, writer):
            writer.write(asked()[:50])
            await until(lambda: any(lane.came for lane in both.lanes.open))
            await both.lanes.close(5)
            writer.write(asked()[50:])
            assert (await answer_from(reader)).status == 202

    run(main())


def test_nobody_is_served_without_tls_or_without_trust(run, authority, server):
    async def main() -> None:
        context = Certificates(server.certificate, server.key).context
        async with street(ssl=context) as both:
            with pytest.raises(ssl.SSLCertVerificationError):
                await said(both.short, asked(), ssl=ssl.create_default_context())
            async with connected(both.short) as (reader, writer):
                writer.write(asked())
                assert not (await reader.read()).startswith(b"HTTP")
            assert both.house.intake.taken == []
            assert (await said(both.short, asked(), ssl=authority.trusted()))[0].status == 202

    run(main())


def test_a_certificate_that_is_renewed_as_kubernetes_does_it_counts_for_new_connections(run, tmp_path, authority):
    mount = tmp_path / "mount"
    old, new = (authority.issue(name) for name in ("old", "new"))
    for name, pair in (("..2026_1", old), ("..2026_2", new)):
        (mount / name).mkdir(parents=True)
        (mount / name / "tls.crt").write_bytes(pair.certificate.read_bytes())
        (mount / name / "tls.key").write_bytes(pair.key.read_bytes())
    (mount / "..data").symlink_to("..2026_1")
    for name in ("tls.crt", "tls.key"):
        (mount / name).symlink_to(f"..data/{name}")

    async def main() -> None:
        trusted = authority.trusted()
        context = Certificates(mount / "tls.crt", mount / "tls.key").context
        async with street(ssl=context) as both, connected(both.short, trusted) as (reader, writer):
            assert await seen(both.short, trusted) == "old"
            (mount / "..data_tmp").symlink_to("..2026_2")
            (mount / "..data_tmp").rename(mount / "..data")
            assert await seen(both.short, trusted) == "new"
            writer.write(asked())
            assert (await answer_from(reader)).status == 202

    run(main())


def encrypted(pair: Pair) -> bytes:
    command = [openssl(), "ec", "-in", str(pair.key), "-aes256", "-passout", "pass:secret"]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("fault", ["no certificate", "another's key", "a key with a password", "gone"])
def test_a_broken_renewal_leaves_the_certificate_as_it_was_and_says_so_once(fault, caplog, authority, server):
    caplog.set_level(logging.INFO)
    other = authority.issue("other")
    contents = server.certificate.read_bytes(), server.key.read_bytes()

    async def main() -> None:
        trusted = authority.trusted()
        async with street(ssl=Certificates(server.certificate, server.key).context) as both:
            assert await seen(both.short, trusted) == "server"
            match fault:
                case "no certificate":
                    server.certificate.write_text("-----BEGIN CERTIFICATE-----\nnone\n")
                case "another's key":
                    server.key.write_bytes(other.key.read_bytes())
                case "a key with a password":
                    server.key.write_bytes(encrypted(server))
                case "gone":
                    server.key.unlink()
            for _ in range(3):
                assert await seen(both.short, trusted) == "server"
            assert len([line for line in caplog.messages if "the certificate stays as it was" in line]) == 1
            server.certificate.write_bytes(other.certificate.read_bytes())
            server.key.write_bytes(other.key.read_bytes())
            assert await seen(both.short, trusted) == "other"
            server.certificate.write_bytes(contents[0])
            server.key.write_bytes(contents[1])
            assert await seen(both.short, trusted) == "server"

    asyncio.run(main())
    assert "PRIVATE" not in caplog.text


def test_with_an_authority_of_clients_everybody_needs_a_certificate_of_it(run, tmp_path, authority, server):
    strangers = Authority(tmp_path, "strangers")
    insider, stranger = authority.issue("insider"), strangers.issue("stranger")
    allowed = tmp_path / "allowed.crt"
    allowed.write_bytes(authority.file.read_bytes())

    async def status(port: int, client: Pair | None) -> int | None:
        try:
            return (await said(port, asked(), ssl=authority.trusted(client)))[0].status
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            return None

    async def main() -> None:
        async with street(ssl=Certificates(server.certificate, server.key, allowed).context) as both:
            assert [await status(both.short, client) for client in (None, stranger, insider)] == [None, None, 202]
            allowed.write_bytes(strangers.file.read_bytes())
            os.utime(allowed, ns=(1, 1))
            assert [await status(both.short, client) for client in (None, stranger, insider)] == [None, 202, None]
            assert len(both.house.intake.taken) == 2

    run(main())


def test_a_handshake_that_never_ends_is_ended(run, monkeypatch, server):
    monkeypatch.setattr(listening, "HANDSHAKE_SECONDS", 0.1)
    settings = Settings(tls_cert_file=server.certificate, tls_key_file=server.key)

    async def main() -> None:
        port = free_port()
        async with (
            opened() as house,
            listening.listening(house.client.app, settings, "127.0.0.1", port),
            connected(port) as (reader, writer),
        ):
            writer.write(b"\x16\x03\x01")
            assert await asyncio.wait_for(reader.read(), 10) == b""

    run(main())


def test_nothing_older_than_tls_1_2_is_spoken(server):
    context = Certificates(server.certificate, server.key).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_without_the_settings_there_is_no_tls_and_half_of_them_is_a_mistake(server):
    assert context_of(Settings()) is None
    both = {"COLLECTOR_TLS_CERT_FILE": str(server.certificate), "COLLECTOR_TLS_KEY_FILE": str(server.key)}
    assert context_of(load_settings(both)) is not None
    for name, value in both.items():
        with pytest.raises(Invalid, match=r"^COLLECTOR_TLS_CERT_FILE, COLLECTOR_TLS_KEY_FILE: give both, or neither"):
            load_settings({name: value})
    with pytest.raises(Invalid, match=r"^COLLECTOR_TLS_CLIENT_CA_FILE: needs COLLECTOR_TLS_CERT_FILE"):
        load_settings({"COLLECTOR_TLS_CLIENT_CA_FILE": str(server.certificate)})


@pytest.mark.parametrize("wrong", ["certificate", "key", "client_ca"])
def test_files_that_cannot_be_used_are_named_at_the_start(wrong, tmp_path, server):
    files = {"certificate": server.certificate, "key": server.key, "client_ca": server.certificate}
    with pytest.raises(Invalid, match=r"away\.pem: cannot be read: No such file"):
        Certificates(**files | {wrong: tmp_path / "away.pem"})
    (tmp_path / "junk.pem").write_text("junk")
    with pytest.raises(Invalid, match=r"junk\.pem.*: (not a PEM certificate and its key|no PEM certificates)"):
        Certificates(**files | {wrong: tmp_path / "junk.pem"})
