"""Ways in: TLS, users that may do little, database numbers, a server that does not let itself be asked."""

import logging
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis

from collector.buffer import open_buffer
from collector.buffer.redis.store import NEEDED_RIGHTS
from collector.clock import ManualClock
from collector.errors import Invalid, Unavailable
from collector.ports import Buffer
from tests.buffer.conftest import ROOMY
from tests.buffer.making import (
    PANE,
    M,
    account,
    item,
    label,
    rows,
    settle,
    settlement,
    snapshot,
    store_snapshots,
    taken,
)
from tests.redis_cluster import RedisCluster
from tests.redis_server import RedisServer, free_port

pytestmark = [pytest.mark.asyncio, pytest.mark.redis]
MODEST = f"modest on >m&m {NEEDED_RIGHTS}"
NARROW = "narrow on >n ~other:* +@all"
SILENT = "modest on >m ~collector:* +@all -info -config"
LOGIN = "modest:m%26m"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Buffer]:
    buffer = open_buffer(url, clock=ManualClock(), limits=ROOMY)
    await buffer.open()
    try:
        yield buffer
    finally:
        await buffer.close()


async def everything_works(buffer: Buffer) -> None:
    """One of each kind of deed."""
    await buffer.ping()
    await buffer.rows.append([rows("a", "b", key="r")])
    await buffer.rows.add_labels(M, [label("a"), label("c")])
    await settle(buffer, settlement(2))
    await store_snapshots(buffer, snapshot("s"))
    await buffer.documents.put("kind", "key", b"body")
    assert await buffer.documents.versions("kind") == {"key": 1}
    await buffer.queue.put([item()])
    await buffer.queue.nack(await taken(buffer), reason="x", retry_us=None)
    assert len(await buffer.dead_letters.list()) == 1
    assert (await account(buffer)).evaluated == 2
    assert await buffer.rows.purge(M, PANE, before_row=None)
    await buffer.forget(M)


# ---------------------------------------------------------------- TLS


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of our own, a server's certificate for 127.0.0.1, and a client's."""
    assert shutil.which("openssl"), "openssl makes the certificates of this test"
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    authority = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ours", *authority, folder=folder)
    for name, extra in (("server", ("-addext", "subjectAltName=IP:127.0.0.1")), ("client", ())):
        openssl(
            *("req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", *key, "-keyout", f"{name}.key"),
            *("-out", f"{name}.pem", "-subj", f"/CN={name}", "-addext", "basicConstraints=CA:FALSE", *extra),
            folder=folder,
        )
    return folder


@pytest.fixture
def secured(tmp_path: Path, certificates: Path) -> Iterator[tuple[int, Path]]:
    """A server that speaks TLS at a second port, to clients with a certificate of ours."""
    port = free_port()
    server = RedisServer(
        tmp_path,
        *("--tls-port", str(port), "--tls-ca-cert-file", str(certificates / "ca.pem")),
        *("--tls-cert-file", str(certificates / "server.pem"), "--tls-key-file", str(certificates / "server.key")),
    )
    server.start()
    yield port, certificates
    server.kill()


async def test_rows_travel_over_tls_with_certificates_of_both_sides(secured: tuple[int, Path]) -> None:
    port, folder = secured
    files = f"ssl_ca_certs={folder}/ca.pem&ssl_certfile={folder}/client.pem&ssl_keyfile={folder}/client.key"
    async with opened(f"rediss://127.0.0.1:{port}/0?{files}") as buffer:
        await everything_works(buffer)


async def test_a_server_whose_certificate_is_not_ours_is_not_trusted(secured: tuple[int, Path]) -> None:
    port, folder = secured
    files = f"ssl_certfile={folder}/client.pem&ssl_keyfile={folder}/client.key"
    with pytest.raises(Unavailable, match="certificate"):
        async with opened(f"rediss://127.0.0.1:{port}/0?{files}"):
            pass
    async with opened(f"rediss://127.0.0.1:{port}/0?{files}&ssl_cert_reqs=none") as buffer:
        await buffer.ping()


async def test_a_server_of_another_name_is_not_trusted(secured: tuple[int, Path]) -> None:
    port, folder = secured
    files = f"ssl_ca_certs={folder}/ca.pem&ssl_certfile={folder}/client.pem&ssl_keyfile={folder}/client.key"
    with pytest.raises(Unavailable, match="certificate"):
        async with opened(f"rediss://localhost:{port}/0?{files}"):
            pass
    async with opened(f"rediss://localhost:{port}/0?{files}&ssl_check_hostname=false") as buffer:
        await buffer.ping()


async def test_a_server_that_speaks_no_tls_is_unavailable(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        with pytest.raises(Unavailable):
            async with opened(f"rediss://127.0.0.1:{server.port}/0?ssl_cert_reqs=none"):
                pass
    finally:
        server.kill()


# ---------------------------------------------------------------- users and databases


async def test_the_rights_in_the_manual_are_enough_on_a_server(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, *f"--user {MODEST}".split())
    server.start()
    try:
        async with opened(f"redis://{LOGIN}@127.0.0.1:{server.port}/0") as buffer:
            await everything_works(buffer)
            assert buffer.durability() == "redis"
        with server.client() as client:
            assert all(entry["username"] != "modest" for entry in client.acl_log())
    finally:
        server.kill()


async def test_the_rights_in_the_manual_are_enough_on_a_cluster(tmp_path: Path) -> None:
    cluster = RedisCluster(tmp_path, *f"--user {MODEST}".split())
    try:
        cluster.start()
        async with opened(cluster.url.replace("//", f"//{LOGIN}@")) as buffer:
            await everything_works(buffer)
        for server in cluster.primaries:
            with server.client() as client:
                assert client.acl_log() == []
    finally:
        cluster.kill()


async def test_a_user_of_other_keys_is_refused_with_the_rights_that_it_needs(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, "--user", *NARROW.split())
    server.start()
    try:
        with pytest.raises(Invalid, match=r"~collector:\*") as caught:
            async with opened(f"redis://narrow:n@127.0.0.1:{server.port}/0"):
                pass
        assert "+@scripting" in str(caught.value)
    finally:
        server.kill()


async def test_buffers_in_two_databases_know_nothing_of_each_other(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        address = f"redis://127.0.0.1:{server.port}"
        async with opened(f"{address}/3") as third, opened(f"{address}/4") as fourth:
            await third.rows.append([rows("a")])
            assert (await account(third)).accepted == 1
            assert (await account(fourth)).accepted == 0
        with redis.Redis(port=server.port, db=0) as client:
            assert client.dbsize() == 0
    finally:
        server.kill()


async def test_a_server_that_refuses_config_and_info_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As managed ones do."""
    server = RedisServer(tmp_path, "--user", *SILENT.split())
    server.start()
    try:
        with caplog.at_level(logging.WARNING):
            async with opened(f"redis://modest:m@127.0.0.1:{server.port}/0") as buffer:
                await everything_works(buffer)
        assert "whether acknowledged rows survive its restart is unknown" in caplog.text
    finally:
        server.kill()


# ---------------------------------------------------------------- layouts


async def test_data_of_a_release_without_layouts_is_refused_and_left_alone(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client() as client:
            client.set("collector:{flights}:account", "x")
            with pytest.raises(Invalid, match="has layout 1"):
                async with opened(server.url):
                    pass
            assert client.keys() == [b"collector:{flights}:account"]
    finally:
        server.kill()


async def test_data_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client() as client:
            client.set("collector:layout", "99")
            with pytest.raises(Invalid, match="has layout 99, this release reads and writes layout 2"):
                async with opened(server.url):
                    pass
    finally:
        server.kill()


async def test_a_database_that_was_emptied_under_a_running_service_can_be_opened_again(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        async with opened(server.url) as buffer:
            with server.client() as client:
                client.flushall()
            await buffer.rows.append([rows("a")])
            await buffer.ping()  # as the readiness probe does
        async with opened(server.url) as buffer:
            assert (await account(buffer)).accepted == 1
    finally:
        server.kill()


async def test_names_of_other_applications_do_not_matter(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client() as client:
            client.mset({f"cache:{number}": "x" for number in range(3000)})
        async with opened(server.url) as buffer:
            await everything_works(buffer)
    finally:
        server.kill()
