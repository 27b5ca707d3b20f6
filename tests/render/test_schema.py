"""The published JSON schema and the snapshots agree."""

import copy
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tests.render.samples import snapshot

SCHEMA = orjson.loads((Path(__file__).parents[2] / "docs" / "snapshot.schema.json").read_bytes())
CHECK = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def document(report: str = "drift", **changes: Any) -> Any:
    return orjson.loads(snapshot(report, **changes).json())


@pytest.mark.parametrize("report", ["drift", "quality", "model", "regression", "stability"])
def test_snapshots_keep_to_the_schema(report: str) -> None:
    CHECK.validate(document(report))


def test_a_snapshot_from_a_notebook_keeps_to_the_schema() -> None:
    CHECK.validate(document(monitor=None, project=None, window=None, reference=None))


def test_the_schema_describes_every_field_of_a_snapshot() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["required"]) == set(document()) == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), 2), (("revision",), 0), (("rows",), -1), (("rows",), None), (("unknown",), 1), (("tags",), "prod"),
        (("metrics", 0, "error"), "and a result"), (("window", "start"), 5), (("label_coverage",), 1.5),
        (("columns", "distance", "distribution", "current"), {"edges": ["a"], "counts": []}),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_snapshot(path: tuple[Any, ...], value: object) -> None:
    made = copy.deepcopy(document())
    target = made
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    assert not CHECK.is_valid(made)


def test_the_schema_refuses_an_unknown_status() -> None:
    made = document("stability")
    made["tests"][0]["status"] = "PASS"
    assert not CHECK.is_valid(made)
