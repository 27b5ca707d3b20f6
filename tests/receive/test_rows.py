"""Inferences and labels over HTTP."""

import gzip
import zlib

import orjson
import pytest
import zstandard

from collector.errors import Backpressure, Unavailable
from collector.model import digest
from tests.receive.doubles import default_monitor, opened

pytestmark = pytest.mark.asyncio
ROWS = "/v1/monitors/flights/inferences"
LABELS = "/v1/monitors/flights/labels"
GOOD = {"id": "a", "time": "2013-02-01T10:00:00Z", "distance": 733, "score": 0.3}


def body_of(*rows: object) -> bytes:
    return orjson.dumps(list(rows))


async def test_good_rows_are_answered_with_202_and_counts():
    async with opened() as house:
        status, answer = await house.post(ROWS, body_of(GOOD, {**GOOD, "id": "b"}))
        assert (status, answer) == (202, {"accepted": 2, "rejected": 0, "duplicates": 0, "late": 0, "errors": []})
        (judged,) = house.intake.taken
        assert judged.ids == [digest("a"), digest("b")]
        assert judged.event_us == [1_359_712_800_000_000] * 2
        assert dict(judged.table.columns)["distance"] == (733, 733)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", orjson.dumps(GOOD)),
        ("application/json; charset=utf-8", body_of(GOOD)),
        ("APPLICATION/JSON", orjson.dumps({"columns": {name: [value] for name, value in GOOD.items()}})),
        ("application/x-ndjson", orjson.dumps(GOOD) + b"\n\n"),
        ("application/jsonl", b"\r\n" + orjson.dumps(GOOD) + b"\r\n"),
        ("application/jsonlines", orjson.dumps(GOOD)),
        ("application/ndjson", orjson.dumps(GOOD)),
        ("application/x-www-form-urlencoded", orjson.dumps(GOOD)),
    ],
)
async def test_every_encoding_means_the_same_rows(content_type, body):
    async with opened() as house:
        assert (await house.post(ROWS, body, Content_Type=content_type))[0] == 202
        columns = house.intake.taken[0].table.columns
        assert {name: list(values) for name, values in columns.items()} == {
            "id": ["a"], "time": [1_359_712_800_000_000], "distance": [733], "score": [0.3],
        }  # fmt: skip


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:])),
        ("x-gzip", lambda body: gzip.compress(body) + bytes(5000)),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("zstd", zstandard.compress),
        ("zstd", lambda body: zstandard.compress(body[:10]) + zstandard.compress(body[10:])),
        ("gzip, zstd", lambda body: zstandard.compress(gzip.compress(body))),
        ("identity", bytes),
    ],
)
async def test_compressed_bodies_are_unpacked(encoding, pack):
    async with opened() as house:
        assert (await house.post(ROWS, pack(body_of(GOOD)), Content_Encoding=encoding))[0] == 202


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress),
                                                ("zstd", zstandard.compress)])  # fmt: skip
async def test_a_bomb_is_refused_while_it_grows(encoding, pack):
    async with opened(max_body_bytes=10_000) as house:
        status, problem = await house.post(ROWS, pack(b" " * 5_000_000), Content_Encoding=encoding)
        assert (status, problem["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_parts_that_are_small_each_are_a_bomb_together(encoding, pack):
    async with opened(max_body_bytes=10_000) as house:
        assert (await house.post(ROWS, pack(b" " * 6_000) * 2, Content_Encoding=encoding))[0] == 413


async def test_a_zstd_frame_that_asks_for_much_memory_is_refused():
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=28)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    body = packer.compress(body_of(GOOD)) + packer.flush()
    async with opened() as house:
        status, problem = await house.post(ROWS, body, Content_Encoding="zstd")
        assert (status, "memory" in problem["detail"]) == (400, True), problem


async def test_more_content_encodings_than_two_are_refused():
    body = gzip.compress(gzip.compress(gzip.compress(body_of(GOOD))))
    async with opened() as house:
        status, problem = await house.post(ROWS, body, Content_Encoding="gzip, gzip, gzip")
        assert (status, problem["detail"]) == (415, "3 content encodings: at most 2 are undone")


async def test_a_zstd_bomb_that_does_not_say_its_size_is_refused():
    packer = zstandard.ZstdCompressor().compressobj()
    bomb = packer.compress(b" " * 5_000_000) + packer.flush()
    async with opened(max_body_bytes=10_000) as house:
        assert (await house.post(ROWS, bomb, Content_Encoding="zstd"))[0] == 413


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"[]"),
        ("gzip", gzip.compress(b"[]", mtime=0)[:-4]),
        ("deflate", b"\xff\xff\xff"),
        ("zstd", b"[]"),
        ("zstd", zstandard.compress(b"[1,2,3]" * 100)[:-4]),
        ("zstd", b""),
        ("gzip", b""),
    ],
)
async def test_a_broken_compression_is_malformed(encoding, body):
    async with opened() as house:
        status, problem = await house.post(ROWS, body, Content_Encoding=encoding)
        assert (status, problem["type"]) == (400, "/problems/malformed")


async def test_a_body_without_length_is_refused_as_soon_as_it_is_too_large():
    async def endless():
        for _ in range(100):
            yield b" " * 1_000

    async with opened(max_body_bytes=10_000) as house:
        status, problem = await house.post(ROWS, endless())
        assert (status, problem["type"], problem["limit"]) == (413, "/problems/too-large", 10_000)


async def test_a_body_that_announces_too_much_is_refused():
    async with opened(max_body_bytes=10_000) as house:
        status, problem = await house.post(ROWS, b" " * 10_001)
        assert (status, problem["type"], problem["limit"]) == (413, "/problems/too-large", 10_000)


async def test_bad_rows_do_not_sink_good_ones():
    async with opened() as house:
        status, answer = await house.post(ROWS, body_of(GOOD, 7, {**GOOD, "distance": "far"}, {**GOOD, "id": None}))
        assert (status, answer["accepted"], answer["rejected"]) == (202, 1, 3)
        assert [(each["row"], each["column"]) for each in answer["errors"]] == [
            (1, None), (2, "distance"), (3, "id"),
        ]  # fmt: skip
        assert answer["errors"][1]["reason"] == "expected a number, not text 'far'"


async def test_the_column_of_the_arms_is_taken_also_where_all_features_are_declared():
    columns = {"id": "id", "timestamp": "time", "numerical_features": ["distance"], "categorical_features": []}
    arms = {"column": "model_version", "baseline": "champion"}
    row = {"id": "a", "time": GOOD["time"], "distance": 733, "model_version": "challenger"}
    async with opened(default_monitor(columns=columns, compare=arms)) as house:
        assert (await house.post(ROWS, body_of(row)))[1]["accepted"] == 1
    async with opened(default_monitor(columns=columns)) as house:
        assert (await house.post(ROWS, body_of(row)))[0] == 422


async def test_a_request_of_bad_rows_only_is_422_and_stores_nothing():
    async with opened() as house:
        status, problem = await house.post(ROWS, body_of({"distance": 1}, {"distance": 2}))
        assert (status, problem["type"], problem["rejected"]) == (422, "/problems/no-valid-rows", 2)
        assert problem["errors"][0]["column"] == "id"
        assert house.intake.taken == []


@pytest.mark.parametrize("body", [b"[1, 2]", b'["a"]', b"[null]", b"[[]]", b"[{}]", b"[true, {}]"])
async def test_rows_that_are_no_objects_are_422_each_with_its_reason(body):
    async with opened() as house:
        status, problem = await house.post(ROWS, body)
        assert (status, problem["rejected"]) == (422, len(orjson.loads(body)))
        assert {error["row"] for error in problem["errors"]} == set(range(len(orjson.loads(body))))
        assert house.intake.taken == []


async def test_at_most_a_hundred_errors_are_listed_and_all_are_counted():
    async with opened() as house:
        _, answer = await house.post(ROWS, body_of(GOOD, *[{**GOOD, "distance": []} for _ in range(250)]))
        assert (answer["rejected"], len(answer["errors"])) == (250, 100)


@pytest.mark.parametrize("body", [b"[]", b'{"columns": {}}', b'{"columns": {"a": []}}'])
async def test_an_empty_batch_is_422(body):
    async with opened() as house:
        status, problem = await house.post(ROWS, body)
        assert (status, problem["type"]) == (422, "/problems/invalid")
        assert problem["detail"].startswith("no rows")


async def test_malformed_json_says_line_and_column():
    async with opened() as house:
        status, problem = await house.post(ROWS, b'[{"a": 1},\n {"a": oops}]')
        assert (status, problem["type"]) == (400, "/problems/malformed")
        assert (problem["line"], problem["column"]) == (2, 8)


@pytest.mark.parametrize(("header", "value"), [("Content_Type", "application/xml"), ("Content_Encoding", "br")])
async def test_an_unknown_encoding_is_415_with_the_known_ones(header, value):
    async with opened() as house:
        status, problem = await house.post(ROWS, body_of(GOOD), **{header: value})
        assert (status, problem["type"]) == (415, "/problems/unknown-encoding")
        assert "known: " in problem["detail"]


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-8", "utf-8"),
        ('"UTF-8"', "utf-8-sig"),
        ("iso-8859-1", "latin-1"),
        ("Windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
    ],
)
async def test_csv_is_read_in_the_charset_that_its_content_type_names(charset, codec):
    async with opened() as house:
        body = "id,time,distance,carrier\r\na,2013-02-01,733,Ö\r\n".encode(codec)
        assert (await house.post(ROWS, body, Content_Type=f"text/csv; header=present; charset={charset}"))[0] == 202
        assert list(house.intake.taken[0].table.columns["carrier"]) == ["Ö"]


async def test_csv_of_an_unknown_charset_is_415_and_of_another_one_than_said_400():
    async with opened() as house:
        status, problem = await house.post(ROWS, b"id\na\n", Content_Type="text/csv; charset=klingon")
        assert (status, problem["detail"].partition(";")[0]) == (415, "charset 'klingon' is not known")
        status, problem = await house.post(ROWS, "id,x\na,1\nÖ,2".encode("latin-1"), Content_Type="text/csv")
        assert (status, problem["detail"], problem["line"]) == (400, "the body is not UTF-8: byte 9", 3)


async def test_a_very_long_cell_of_csv_is_its_rows_matter_alone():
    async with opened() as house:
        body = b"id,time,distance,note\na,2013-02-01,1,short\nb,2013-02-01,2," + b"x" * 200_000
        status, answer = await house.post(ROWS, body, Content_Type="text/csv")
        assert (status, answer["accepted"], answer["rejected"]) == (202, 1, 1)
        assert (answer["errors"][0]["row"], answer["errors"][0]["column"]) == (1, "note")


async def test_an_unknown_monitor_is_404_with_the_near_miss():
    async with opened() as house:
        status, problem = await house.post("/v1/monitors/flight/inferences", body_of(GOOD))
        assert (status, problem["type"], problem["monitor"]) == (404, "/problems/unknown-monitor", "flight")
        assert "did you mean 'flights'?" in problem["detail"]


@pytest.mark.parametrize(
    ("error", "status", "kind", "retry_after"),
    [
        (Backpressure("full", retry_after_seconds=7.2), 429, "backpressure", "8"),
        (Unavailable("away", retry_after_seconds=0.5), 503, "unavailable", "1"),
    ],
)
@pytest.mark.parametrize("path", [ROWS, LABELS])
async def test_a_buffer_that_takes_nothing_is_never_answered_with_2xx(path, error, status, kind, retry_after):
    async with opened() as house:
        house.intake.fails = error
        row = GOOD | {"target": 1}
        async with house.client.post(path, data=body_of(row)) as answer:
            assert answer.status == status
            assert answer.headers["Retry-After"] == retry_after
            assert answer.content_type == "application/problem+json"
            assert (await answer.json(content_type=None))["type"] == f"/problems/{kind}"


async def test_a_fault_of_ours_is_500_without_its_inside(caplog):
    async with opened() as house:
        house.intake.fails = RuntimeError("password=hunter2")
        status, problem = await house.post(ROWS, body_of(GOOD))
        assert (status, problem["type"]) == (500, "/problems/internal")
        assert "hunter2" not in str(problem)
        assert "RuntimeError" in caplog.text
        assert b'status="500"} 1.0' in house.telemetry.text()


async def test_the_idempotency_key_is_passed_on():
    async with opened() as house:
        await house.post(ROWS, body_of(GOOD), Idempotency_Key="batch-7")
        assert house.intake.request_keys == ["batch-7"]


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
async def test_an_idempotency_key_that_is_none_is_400(key):
    async with opened() as house:
        status, problem = await house.post(ROWS, body_of(GOOD), Idempotency_Key=key)
        assert (status, problem["type"], problem["parameter"]) == (400, "/problems/bad-parameter", "Idempotency-Key")


async def test_labels_are_taken_by_their_names_or_the_monitors_own():
    async with opened() as house:
        status, answer = await house.post(LABELS, body_of({"id": "a", "target": 1, "timestamp": "2013-02-02"}))
        assert (status, answer["accepted"]) == (202, 1)
        status, answer = await house.post(LABELS, body_of({"id": 7.0, "late": True}, {"id": "b", "late": None}))
        assert (status, answer["accepted"], answer["rejected"]) == (202, 1, 1)
        assert [(label.id, label.target, label.at_us) for label in house.intake.labels] == [
            (digest("a"), b"1", 1_359_763_200_000_000), (digest("7"), b"true", None),
        ]  # fmt: skip


async def test_a_label_is_understood_whichever_names_the_others_of_its_request_use():
    async with opened(default_monitor(columns={"id": "flight", "target": "delayed", "timestamp": "at"})) as house:
        told = [
            {"id": "a", "target": 1, "at": 1_359_712_800},
            {"flight": "b", "delayed": 0},
            {"flight": 7, "target": 1},
        ]
        status, answer = await house.post(LABELS, body_of(*told, {"delayed": 1}))
        assert (status, answer["accepted"], answer["rejected"]) == (202, 3, 1)
        assert answer["errors"][0]["row"] == 3
        assert [(each.id, each.target, each.at_us) for each in house.intake.labels] == [
            (digest("a"), b"1", 1_359_712_800_000_000), (digest("b"), b"0", None), (digest("7"), b"1", None),
        ]  # fmt: skip


async def test_labels_without_a_target_column_are_422_with_its_name():
    async with opened() as house:
        status, problem = await house.post(LABELS, body_of({"id": "a", "targt": 1}))
        assert (status, problem["type"], problem["column"]) == (422, "/problems/invalid", "target")
        assert "did you mean 'targt'?" in problem["detail"]


async def test_labels_that_are_all_bad_are_422():
    async with opened() as house:
        status, problem = await house.post(LABELS, body_of({"id": "a", "target": [1]}))
        assert (status, problem["type"], problem["rejected"]) == (422, "/problems/no-valid-rows", 1)


async def test_the_regression_target_is_a_number():
    monitor = default_monitor(columns={"id": "id", "target": "late", "task": "regression"})
    async with opened(monitor) as house:
        _, answer = await house.post(LABELS, body_of({"id": "a", "target": 1.5}, {"id": "b", "target": "no"}))
        assert (answer["accepted"], answer["errors"][0]["reason"]) == (1, "expected a number, not text 'no'")
