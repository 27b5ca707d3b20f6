"""The published JSON schema takes what `load` takes and refuses what it refuses, as far as a schema can say it."""

import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from collector.config import schema

DEFINITIONS = schema()["$defs"]


def test_the_schema_refuses_unknown_keys_everywhere():
    assert schema()["additionalProperties"] is False
    models = [each for name, each in DEFINITIONS.items() if each["type"] == "object"]
    assert len(models) > 5
    assert all(each["additionalProperties"] is False for each in models)


def test_the_schema_names_what_a_file_may_hold():
    assert set(schema()["properties"]) == {"monitors", "destinations"}
    assert DEFINITIONS["Monitor"]["required"] == ["id"]


def test_a_duration_is_described_as_people_write_it():
    text, number = DEFINITIONS["WindowSettings"]["properties"]["lateness"]["anyOf"]

    assert number == {"type": "number", "minimum": 0}
    assert all(re.search(text["pattern"], good) for good in ["1d", "1h30m", "90", "1.5h", "250ms"])
    assert not any(re.search(text["pattern"], bad) for bad in ["banana", "", "1y", "-1d", "PT1H"])


def test_a_metric_is_a_name_or_a_name_with_parameters():
    item = DEFINITIONS["ReportSettings"]["properties"]["metrics"]["items"]

    assert [form["type"] for form in item["anyOf"]] == ["string", "object", "object"]


def test_a_destination_is_told_by_its_type():
    (destination,) = schema()["properties"]["destinations"]["patternProperties"].values()

    assert set(destination["discriminator"]["mapping"]) == {"local", "evidently", "webhook"}


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_schema_takes_the_example_configuration():
    example = yaml.safe_load((Path(__file__).parents[2] / "deploy/collector.yaml").read_text())

    jsonschema.validate(example, schema())


@pytest.mark.parametrize(
    "wrong",
    [
        {"monitor": []},
        {"monitors": [{"id": "a", "window": {"every": "banana"}}]},
        {"monitors": [{"id": "a b"}]},
        {"monitors": [{}]},
        {"monitors": [{"id": "a", "reports": [{"name": "r", "metrics": [3]}]}]},
        {"destinations": {"d": {"type": "locl"}}},
    ],
)
def test_the_schema_refuses_what_is_wrong(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema())
