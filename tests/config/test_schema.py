"""The published JSON schema takes what `load` takes and refuses what it refuses, as far as a schema can say it."""

import re

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
