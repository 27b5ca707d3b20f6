"""Who may do what: keys open what their scopes and monitors say, and nothing tells a key."""

import hashlib
import os
from pathlib import Path

import pytest
import yaml

from collector.errors import Invalid
from collector.receive.keys import Keys, load
from tests.receive.doubles import default_monitor, opened

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
