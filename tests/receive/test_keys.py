"""Who may do what: keys open what their scopes and monitors say, and nothing tells a key."""

import base64
import hashlib
import hmac
import logging
import os
from pathlib import Path

import pytest
import yaml

from collector.errors import Invalid
from collector.receive.admission.keys import Keys, Scope, load
from collector.receive.problems import Unauthorized
from tests.receive.doubles import default_monitor, opened
from tests.receive.street import ROWS, asked, said, street

ROW = b'[{"id": "a", "time": "2013-02-01T10:00:00Z", "distance": 1}]'
OTHER = default_monitor(id="other")
ENTRIES = [
    {"name": "server", "key": "ingest-flights", "scopes": ["ingest"], "monitors": ["flights"]},
    {"name": "board", "sha256": hashlib.sha256(b"reads-all").hexdigest(), "scopes": ["read"]},
    {"name": "root", "key": "admin-everything", "scopes": ["admin"]},
]


def write(path: Path, *entries: object) -> Path:
    path.write_text(yaml.safe_dump({"keys": list(entries)}))
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(write(tmp_path / "keys.yaml", *ENTRIES))


CALLS = [
    ("POST", "/v1/monitors/flights/inferences", ROW, {"ingest-flights", "admin-everything"}),
    ("POST", "/v1/monitors/other/inferences", ROW, {"admin-everything"}),
    ("GET", "/v1/monitors/flights", b"", {"ingest-flights", "reads-all", "admin-everything"}),
    ("GET", "/v1/monitors/other", b"", {"reads-all", "admin-everything"}),
    ("GET", "/v1/snapshots", b"", {"reads-all", "admin-everything"}),
    ("POST", "/v1/monitors/flights/flush", b"", {"admin-everything"}),
    ("DELETE", "/v1/monitors/other", b"", {"admin-everything"}),
    ("GET", "/v1/dead-letters", b"", {"reads-all", "admin-everything"}),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("method", "path", "body", "openers"), CALLS)
@pytest.mark.parametrize("key", [None, "not-a-known-key", "ingest-flights", "reads-all", "admin-everything"])
async def test_a_key_opens_what_it_is_for_and_nothing_else(keys, key, method, path, body, openers):
    async with opened(default_monitor(), OTHER, keys=keys) as house:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        async with house.client.request(method, path, data=body, headers=headers) as answer:
            text = await answer.text()
            if key in openers:
                assert answer.status in (200, 202, 204), text
            else:
                assert answer.status == (403 if key in ("ingest-flights", "reads-all") else 401), text
                assert house.intake.taken == []
            assert key is None or key not in text


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"])
async def test_health_telemetry_and_documentation_are_open(keys, path):
    async with opened(keys=keys) as house, house.client.get(path) as answer:
        assert answer.status == 200


@pytest.mark.asyncio
async def test_a_changed_file_counts_at_once_and_a_broken_one_changes_nothing(tmp_path):
    path = write(tmp_path / "keys.yaml", ENTRIES[1])
    keys = Keys(path)
    async with opened(keys=keys) as house:

        async def status(key: str) -> int:
            async with house.client.get("/v1/monitors", headers={"Authorization": f"Bearer {key}"}) as answer:
                return answer.status

        assert (await status("reads-all"), await status("brand-new-key")) == (200, 401)
        write(path, ENTRIES[1], {"name": "new", "key": "brand-new-key", "scopes": ["read"]})
        os.utime(path, ns=(1, 1))
        assert (await status("reads-all"), await status("brand-new-key")) == (200, 200)
        path.write_text("keys: [")
        os.utime(path, ns=(2, 2))
        assert (await status("reads-all"), await status("brand-new-key")) == (200, 200)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("text", "expected a mapping"),
        ({"key": "long-enough"}, "scopes: expected a list of ingest, read, admin"),
        ({"key": "long-enough", "scopes": ["write"]}, "scopes: expected a list"),
        ({"scopes": ["read"]}, "exactly one of key, sha256"),
        ({"key": "long-enough", "sha256": "00", "scopes": ["read"]}, "exactly one of key, sha256"),
        ({"key": "short", "scopes": ["read"]}, "at least 8 characters"),
        ({"sha256": "xyz", "scopes": ["read"]}, "64 hexadecimal digits"),
        ({"key": "long-enough", "scopes": ["read"], "monitor": []}, r"unknown field 'monitor' \(did you mean"),
        ({"key": "long-enough", "scopes": ["read"], "monitors": "a"}, "expected a list of monitor ids"),
    ],
)
def test_a_wrong_entry_is_named_without_its_key(tmp_path, entry, sentence):
    with pytest.raises(Invalid, match=sentence) as caught:
        load(write(tmp_path / "keys.yaml", entry))
    assert "keys.yaml: keys[0]" in str(caught.value)
    assert "long-enough" not in str(caught.value)


def opens(keys: Keys, key: str) -> bool:
    try:
        return keys.grant(f"Bearer {key}", Scope.READ) is not None
    except Unauthorized:
        return False


def reader(name: str) -> dict[str, object]:
    return {"name": name, "key": f"the-key-{name}", "scopes": ["read"]}


def test_keys_that_kubernetes_renews_by_swapping_a_link_count_at_once(tmp_path):
    for folder, entries in (
        ("..1", [reader("old")]),
        ("..2", [reader("old"), reader("new")]),
        ("..3", [reader("new")]),
    ):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "keys", *entries)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "keys").symlink_to("..data/keys")
    keys = Keys(tmp_path / "keys")
    found = []
    for folder in ("..1", "..2", "..3"):
        (tmp_path / "..data_tmp").symlink_to(folder)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        found.append((opens(keys, "the-key-old"), opens(keys, "the-key-new")))
    assert found == [(True, False), (True, True), (False, True)]


def test_a_file_that_is_taken_away_leaves_the_keys_as_they_were_and_says_so_once(tmp_path, caplog):
    path = write(tmp_path / "keys", reader("old"))
    keys = Keys(path)
    path.unlink()
    assert [opens(keys, "the-key-old") for _ in range(3)] == [True] * 3
    assert [record.getMessage() for record in caplog.records] == [
        f"the keys stay as they were: {path}: cannot be read: No such file or directory"
    ]
    write(path, reader("new"))
    assert (opens(keys, "the-key-old"), opens(keys, "the-key-new")) == (False, True)


def test_every_key_is_compared_in_constant_time_whichever_fits(tmp_path, monkeypatch):
    keys = Keys(write(tmp_path / "keys", *map(reader, "abc")))
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def watched(known: bytes, presented: bytes) -> bool:
        compared.append((known, presented))
        return compare(known, presented)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for key in ("the-key-a", "the-key-c", "unknown"):
        compared.clear()
        assert opens(keys, key) == (key != "unknown")
        assert len(compared) == 3
        assert {presented for _, presented in compared} == {hashlib.sha256(key.encode()).digest()}


KEY = "a-very-distinctive-key-0451"
BASIC = base64.b64encode(f"user:{KEY}".encode()).decode()
CARRIERS = [
    f"Authorization: Bearer {KEY}\r\n",
    f"Authorization: bearer   {KEY}  \r\n",
    f"Authorization: {KEY}\r\n",
    f"Authorization: Bearer {KEY} {KEY}\r\n",
    f"Authorization: Token {KEY}\r\n",
    f"Authorization: Basic {BASIC}\r\n",
    f"Authorization: Basic {BASIC}!\r\n",
    f"Authorization: Basic {KEY}\r\n",
    f"Authorization: Bearer {KEY}\xe9\r\n",
    f"Authorization: Bearer {KEY}\x00\r\n",
    f"Authorization: Bearer {KEY}\r\nAuthorization: Bearer {KEY}\r\n",
    f"Authorization Bearer {KEY}\r\n",
    f" Authorization: Bearer {KEY}\r\n",
    f"Authorization: Bearer {KEY * 2000}\r\n",
    f"evidently-secret: {KEY}\r\n",
    f"X-Api-Key: {KEY}\r\n",
    f"Cookie: key={KEY}\r\n",
    f"Idempotency-Key: {KEY} {KEY}\r\n",
    f"Origin: https://{KEY}\r\nAuthorization: Bearer {KEY}\r\n",
]
ADDRESSES = [
    f"POST {ROWS}", f"POST {ROWS}?access_token={KEY}", "POST /v1/monitors/none/inferences", "POST /v1/logs", "POST /",
    f"GET /v1/snapshots?access_token={KEY}", f"GET /v1/snapshots?limit=none&access_token={KEY}", "GET /v1/monitors/flights",
    f"GET /nothing?access_token={KEY}", f"PATCH /v1/monitors?access_token={KEY}", "POST /flights/data", f"GET /metrics?{KEY}",
    "DELETE /v1/monitors/flights", f"GET /v1/nothing/here?access_token={KEY}",
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("fails", [None, ValueError("a fault of ours")])
async def test_no_answer_no_log_line_and_no_telemetry_tells_a_key(known, fails, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    wished = {
        "name": "somebody",
        "key": KEY if known else "another-key",
        "scopes": ["ingest"],
        "requests_per_second": 1e6,
    }
    async with street(keys=Keys(write(tmp_path / "keys.yaml", wished))) as both:
        both.house.intake.fails = fails
        answers = []
        for address in ADDRESSES:
            for carrier in CARRIERS:
                request = asked(ROW, line=f"{address} HTTP/1.1").replace(
                    b"\r\nContent-Length", f"\r\n{carrier}Content-Length".encode("latin-1")
                )
                answers += await said(both.short, request)
        statuses = {answer.status for answer in answers}
        assert {400, 401, 404, 405, 431} <= statuses
        assert ((500 if fails else 202) in statuses) == known
        told = "".join(map(str, answers)) + caplog.text + both.house.telemetry.text().decode()
        assert BASIC not in told
        assert [told[max(at - 150, 0) : at + 40] for at in range(len(told)) if told.startswith(KEY, at)] == []


def test_a_file_that_is_broken_is_told_without_what_stands_in_it(tmp_path, caplog):
    path = write(tmp_path / "keys.yaml", reader("old"))
    keys = Keys(path)
    for number, text in enumerate(
        (
            f"keys: [{{key: {KEY}",
            f"keys: {KEY}",
            f"{KEY}: []",
            f"keys: [{{key: {KEY}, scopes: [{KEY}]}}]",
            f"keys: [{{key: {KEY}, scopes: [read], sha256: {KEY}}}]",
            f"keys: [{{sha256: {KEY}, scopes: [read]}}]",
            f"keys: [{{key: {KEY}, scopes: [read], rows_per_second: {KEY}}}]",
        )
    ):
        path.write_text(text)
        os.utime(path, ns=(number, number))
        assert opens(keys, "the-key-old")
    assert len(caplog.records) == 7
    assert KEY not in caplog.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("scheme", "origin", "status"),
    [
        ("Basic", "https://elsewhere.example", 403), ("Basic", "null", 403), ("basic", "http://127.0.0.1", 403),
        ("Basic", None, 202), ("Basic", "itself", 202), ("Bearer", "https://elsewhere.example", 202),
    ],
)  # fmt: skip
async def test_a_page_of_another_origin_changes_nothing_with_the_key_that_a_browser_keeps(
    scheme, origin, status, tmp_path
):
    keys = Keys(write(tmp_path / "keys.yaml", {"name": "person", "key": KEY, "scopes": ["admin"]}))
    async with opened(keys=keys) as house:
        headers = {"Authorization": f"{scheme} {BASIC if scheme.lower() == 'basic' else KEY}"}
        if origin is not None:
            headers["Origin"] = origin if origin != "itself" else str(house.client.make_url("")).rstrip("/")
        answered, _ = await house.post("/v1/monitors/flights/flush", **headers)
    assert answered == status
