"""Documents are the same for every replica, and a version never means two bodies."""

import asyncio
import io
import random

import pytest

from collector.model import Document
from collector.ports import Buffer
from tests.buffer.conftest import Store

pytestmark = pytest.mark.asyncio


async def test_a_document_comes_back_with_its_version(buffer: Buffer) -> None:
    body = bytes(range(256)) * 100
    assert await buffer.documents.put("reference", "flights", body) == 1
    assert await buffer.documents.get("reference", "flights") == Document("reference", "flights", 1, body)
    assert await buffer.documents.get("monitor", "flights") is None


async def test_a_large_document_pours_out_as_it_was_stored(buffer: Buffer) -> None:
    body = random.Random(3).randbytes(1_000_001)
    version = await buffer.documents.put("reference", "flights", body)
    poured = io.BytesIO()
    assert await buffer.documents.pour("reference", "flights", poured.write) == version
    assert poured.getvalue() == body


async def test_nothing_pours_out_of_a_document_that_is_not_there(buffer: Buffer) -> None:
    poured = io.BytesIO()
    assert await buffer.documents.pour("reference", "flights", poured.write) is None
    await buffer.documents.put("reference", "flights", b"gone soon")
    await buffer.documents.delete("reference", "flights")
    assert await buffer.documents.pour("reference", "flights", poured.write) is None
    assert poured.getvalue() == b""


async def test_versions_grow_by_one(buffer: Buffer) -> None:
    assert [await buffer.documents.put("k", "a", body) for body in (b"1", b"2", b"1")] == [1, 2, 3]


async def test_an_equal_body_keeps_its_version(buffer: Buffer) -> None:
    await buffer.documents.put("k", "a", b"1")
    assert await buffer.documents.put("k", "a", b"1") == 1


async def test_an_empty_body_is_a_body(buffer: Buffer) -> None:
    assert await buffer.documents.put("k", "a", b"") == 1
    assert await buffer.documents.put("k", "a", b"") == 1
    assert await buffer.documents.get("k", "a") == Document("k", "a", 1, b"")
    assert await buffer.documents.versions("k") == {"a": 1}


async def test_versions_of_a_kind(buffer: Buffer) -> None:
    await buffer.documents.put("k", "a", b"1")
    await buffer.documents.put("k", "b", b"1")
    await buffer.documents.put("k", "b", b"2")
    await buffer.documents.put("other", "c", b"1")
    assert await buffer.documents.versions("k") == {"a": 1, "b": 2}
    assert await buffer.documents.versions("none") == {}


async def test_a_deleted_document_is_gone_and_its_successor_goes_on_counting(buffer: Buffer) -> None:
    await buffer.documents.put("k", "a", b"1")
    assert await buffer.documents.delete("k", "a")
    assert not await buffer.documents.delete("k", "a")
    assert await buffer.documents.get("k", "a") is None
    assert await buffer.documents.versions("k") == {}
    assert await buffer.documents.put("k", "a", b"1") == 2


async def test_every_replica_sees_the_same(store: Store) -> None:
    one, two = await store.open(), await store.open()
    await one.documents.put("k", "a", b"1")
    assert await two.documents.versions("k") == {"a": 1}


async def test_writers_at_the_same_time_get_versions_of_their_own(store: Store) -> None:
    one, two = await store.open(), await store.open()
    versions = await asyncio.gather(
        *(
            handle.documents.put("k", "a", f"{name}{number}".encode())
            for number in range(20)
            for name, handle in (("x", one), ("y", two))
        )
    )
    assert sorted(versions) == list(range(1, 41))
