"""The examples of docs/sdk.md run as they are; its tables name every option and every fate."""

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from collector_sdk import Collector, Stats

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.sub(r"\W+", "-", text[:60]))
def test_examples_run_as_they_are(stub, example):
    stub.monitor = {"id": "flight-delays", "columns": {"id": "flight", "prediction": "delay_probability"}}
    exec(compile(example, "docs/sdk.md", "exec"), {"URL": stub.url})  # noqa: S102 - our own page
    assert stub.rows()


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("option", [*inspect.signature(Collector).parameters])
def test_every_option_is_documented(option):
    described = PAGE + (Collector.__doc__ or "")
    assert f"`{option}`" in PAGE or f":param {option}:" in described


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Stats)])
def test_every_count_is_explained(field):
    source = inspect.getsource(__import__("collector_sdk.stats", fromlist=["stats"]))
    assert field in PAGE or f"{field}: " in source


@pytest.mark.parametrize(
    "reason",
    ["queue_full", "invalid", "rejected", "retries_exhausted", "spool_full", "spool_corrupt", "closed", "defect"],
)
def test_every_reason_for_a_drop_is_documented(reason):
    assert f"{{{reason}}}" in PAGE
