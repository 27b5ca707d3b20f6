"""Opening: which adapter a URL means, and a clear sentence when its store cannot be used as it is."""

import logging
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collector.buffer import open_buffer
from collector.buffer.redis.facts import Facts, risks
from collector.buffer.sqlite import schema
from collector.clock import ManualClock
from collector.errors import Invalid, Unavailable
from collector.ports import Buffer
from tests.buffer.conftest import ROOMY, Store
from tests.buffer.making import PANE, M, nameless, rows
from tests.redis_server import RedisServer, free_port

pytestmark = pytest.mark.asyncio
EVERYBODY = "default on nopass ~* &* +@all"


def made(url: str) -> Buffer:
    return open_buffer(url, clock=ManualClock(), limits=ROOMY)


@pytest.mark.parametrize("url", ["", "buffer.db", "postgres://host/db", "redis:localhost", "sqlite://", "sqlite:///"])
async def test_another_url_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(Invalid, match="expected sqlite://PATH"):
        made(url)


async def test_a_password_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(Invalid) as caught:
        made("reddis://user:s3cret@host/0")
    assert "s3cret" not in str(caught.value)


async def test_each_adapter_says_what_its_rows_survive(store: Store) -> None:
    buffer = await store.open()
    assert buffer.durability() == ("sqlite" if store.url.startswith("sqlite") else "redis")


async def test_a_closed_buffer_is_unavailable(store: Store) -> None:
    buffer = await store.open()
    await buffer.close()
    for call in (buffer.rows.append([rows("a")]), buffer.rows.state(rows("a").monitor), buffer.ping()):
        with pytest.raises(Unavailable, match="closed"):
            await call
    await buffer.close()


# ---------------------------------------------------------------- sqlite


async def test_the_directory_of_the_file_is_made(tmp_path: Path) -> None:
    buffer = made(f"sqlite://{tmp_path}/not/there yet/buffer.db")
    await buffer.open()
    await buffer.ping()
    await buffer.close()
    assert (tmp_path / "not" / "there yet" / "buffer.db").exists()


async def test_a_relative_path_belongs_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    buffer = made("sqlite://./data/buffer.db")
    await buffer.open()
    await buffer.close()
    assert (tmp_path / "data" / "buffer.db").exists()


async def refused(path: Path) -> str:
    with pytest.raises(Invalid) as caught:
        await made(f"sqlite://{path}").open()
    return str(caught.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    path.write_bytes(b"distance,carrier\n733,AA\n" * 1000)
    assert "not an SQLite database" in await refused(path)
    assert path.read_bytes().startswith(b"distance")


async def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name)")
    other.close()
    assert "of something else" in await refused(path)
    with sqlite3.connect(path) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_schema")] == ["customers"]
    other.close()


async def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    buffer = made(f"sqlite://{path}")
    await buffer.open()
    await buffer.close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 999")
    file.close()
    assert "version 999" in await refused(path)


async def test_request_keys_of_a_file_of_an_older_release_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older, closing(sqlite3.connect(tmp_path / "b.db", isolation_level=None)) as file:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:5])
        schema.migrate(file)
        file.execute("INSERT INTO monitors (id, name) VALUES (1, ?)", (M,))
        file.execute(
            "INSERT INTO panes (id, monitor, key, first_append_us, last_append_us) VALUES (7, 1, ?, 0, 0)", (PANE.key,)
        )
        file.execute("INSERT INTO requests VALUES (7, 'r', ?)", (ManualClock().now_us(),))
    buffer = made(f"sqlite://{tmp_path / 'b.db'}")
    await buffer.open()
    for key, accepted in (("r", 0), (f"{PANE.key}r", 0), ("s", 1)):  # rows without event time, with it, another request
        assert (await buffer.rows.append([nameless(1, key=key)]))[0].accepted == accepted
    await buffer.close()


async def test_a_file_that_another_process_holds_locked_is_refused_with_that_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.buffer.sqlite.file.BUSY_SECONDS", 0.05)
    path = tmp_path / "buffer.db"
    buffer = made(f"sqlite://{path}")
    await buffer.open()
    await buffer.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE held (x)")
    assert "another process holds the file locked" in await refused(path)
    other.close()
    await buffer.open()
    await buffer.close()


async def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "buffer.db"
    buffer = made(f"sqlite://{path}")
    await buffer.open()
    await buffer.rows.append([rows("a")])
    await buffer.close()
    content = bytearray(path.read_bytes())
    content[100:] = b"\x55" * (len(content) - 100)  # the tree of tables, and all behind it
    path.write_bytes(content)
    sentence = await refused(path)
    assert "is damaged" in sentence
    assert "keep a copy" in sentence
    assert path.read_bytes() == bytes(content)


async def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in await refused(tmp_path)


async def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "cannot be made" in await refused(tmp_path / "data" / "buffer.db")


async def test_a_place_that_may_not_be_written_is_refused() -> None:
    """Not even by root, as which containers run their tests."""
    assert "cannot be" in await refused(Path("/proc/buffer.db"))


# ---------------------------------------------------------------- redis


@pytest.mark.redis
async def test_a_redis_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        await made(f"redis://127.0.0.1:{free_port()}/0").open()
    assert caught.value.retry_after_seconds > 0


@pytest.mark.redis
async def test_a_redis_that_never_answers_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.buffer.redis.store.ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable, match="not answer in time"):
        await made(f"redis://127.0.0.1:{silent.getsockname()[1]}/0").open()


@pytest.mark.redis
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:{port}/16", "no database of that number"),
        ("redis+cluster://127.0.0.1:{port}", "no node of a cluster"),
        ("redis+sentinel://127.0.0.1:{port}/main", "no Sentinel"),
    ],
)
async def test_an_address_of_something_else_is_refused_at_once(tmp_path: Path, url: str, words: str) -> None:
    """It does not become right by waiting, as a server that is away may."""
    server = RedisServer(tmp_path)
    server.start()
    try:
        with pytest.raises(Invalid, match=words) as caught:
            await made(url.format(port=server.port)).open()
        assert caught.value.place["variable"] == "COLLECTOR_BUFFER_URL"
    finally:
        server.kill()


@pytest.mark.redis
async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, *f"--user {EVERYBODY} --user guarded on >right ~* &* +@all".split())
    server.start()
    try:
        with pytest.raises(Invalid, match="user or password") as caught:
            await made(f"redis://guarded:wr0ng@127.0.0.1:{server.port}/0").open()
        assert "wr0ng" not in str(caught.value)
        buffer = made(f"redis://guarded:right@127.0.0.1:{server.port}/0")
        await buffer.open()
        await buffer.close()
    finally:
        server.kill()


@pytest.mark.redis
async def test_a_user_who_may_not_write_is_refused_and_one_who_may_not_ask_info_is_served(tmp_path: Path) -> None:
    reader = "reader on >r ~* &* +@read +@connection"
    modest = "modest on >m ~collector:* &* +@read +@write +@scripting +@connection +@transaction -info"
    server = RedisServer(tmp_path, *f"--user {EVERYBODY} --user {reader} --user {modest}".split())
    server.start()
    try:
        with pytest.raises(Invalid, match="may not do what the buffer needs"):
            await made(f"redis://reader:r@127.0.0.1:{server.port}/0").open()
        buffer = made(f"redis://modest:m@127.0.0.1:{server.port}/0")
        await buffer.open()
        (answer,) = await buffer.rows.append([rows("a")])
        assert answer.accepted == 1
        assert (await buffer.account(rows("a").monitor)).waiting == 1
        assert (await buffer.rows.state(rows("a").monitor)).panes[0].rows == 1
        assert buffer.durability() == "redis"
        await buffer.close()
    finally:
        server.kill()


@pytest.mark.redis
async def test_durability_and_risks_are_those_of_the_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = RedisServer(tmp_path, "--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    server.start()
    try:
        buffer = made(server.url)
        with caplog.at_level(logging.WARNING):
            await buffer.open()
        assert buffer.durability() == "redis+aof"
        assert "allkeys-lru" in caplog.text
        assert "noeviction" in caplog.text
        assert "append-only" not in caplog.text
        with server.client() as client:
            client.config_set("appendonly", "no")
        await buffer.ping()
        assert buffer.durability() == "redis"
        await buffer.close()
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts((7, 2), aof=True, eviction="noeviction"), []),
        (Facts((7, 2), aof=False, eviction="noeviction"), ["append-only file is off"]),
        (Facts((7, 2), aof=False, eviction="volatile-ttl"), ["volatile-ttl", "append-only file is off"]),
        (Facts(None, aof=None, eviction=None), ["is unknown"]),
    ],
)
async def test_risks_are_said_in_sentences(facts: Facts, words: list[str]) -> None:
    found = risks(facts)
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))
