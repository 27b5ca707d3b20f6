"""The image, compose and Prometheus files fit the repository that they stand in. No container engine is needed."""

import fnmatch
import re
import shlex
from pathlib import Path

import pytest
import yaml

from collector import config
from collector.cli import main
from collector.evaluate import catalogue
from collector.settings import Settings
from collector.telemetry import SERIES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = {f"COLLECTOR_{name.upper()}" for name in Settings.model_fields}


def dockerfile():
    """Instructions as (name, rest), continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def test_the_image_copies_only_what_is_there_and_not_ignored():
    ignored = [
        line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert ignored[0] == "*"
    copies = [shlex.split(rest) for name, rest in dockerfile() if name == "COPY" and "--from" not in rest]
    sources = [source for copy in copies for source in copy[:-1]]

    assert "collector" in sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, line[1:]) for line in ignored if line.startswith("!"))


def test_the_image_runs_the_service_as_nobody_in_particular():
    instructions = dict(dockerfile())

    assert instructions["USER"] == "10001:10001"
    assert instructions["ENTRYPOINT"] == '["collector"]'
    assert "/livez" in instructions["HEALTHCHECK"]
    command = yaml.safe_load(instructions["CMD"])
    assert main.commands[command[0]].make_context("serve", command[1:]).params["port"] == 8001


def test_the_image_takes_its_versions_and_hashes_from_the_lock():
    installs = [rest for name, rest in dockerfile() if name == "RUN" and "uv pip install" in rest]

    assert len(installs) == 2
    assert all("constraint requirements.lock" in install for install in installs)


def test_every_variable_of_ours_in_the_image_and_in_compose_is_a_setting():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    in_image = {word.split("=")[0] for name, rest in dockerfile() if name == "ENV" for word in rest.split()}
    named = in_image | set(compose["services"]["collector"]["environment"])

    ours = {name for name in named if name.startswith("COLLECTOR_")}
    assert ours
    assert ours <= SETTINGS


def test_compose_runs_redis_so_that_acknowledged_rows_survive():
    redis = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["redis"]

    assert "--appendonly yes" in redis["command"]
    assert "--appendfsync always" in redis["command"]
    assert "--maxmemory-policy noeviction" in redis["command"]
    assert any(volume.endswith(":/data") for volume in redis["volumes"])


def test_compose_names_files_and_volumes_that_are_there():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"]
        assert set(service.get("depends_on", [])) <= set(compose["services"])
    build = compose["services"]["collector"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
    assert (DEPLOY / build["context"]).resolve() == ROOT


def test_the_example_configuration_is_valid_and_resolves():
    loaded = config.load(DEPLOY / "collector.yaml", check=catalogue.check)

    assert [monitor.id for monitor in loaded.monitors] == ["flight-delays"]


def test_prometheus_loads_the_rules_that_are_there():
    scrape = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text())

    assert [(DEPLOY / "prometheus" / name).exists() for name in scrape["rule_files"]] == [True]
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == ["collector:8001"]


def rules():
    groups = yaml.safe_load((DEPLOY / "prometheus/rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_names_series_and_labels_that_exist_and_says_what_to_do(rule):
    known = {series.name: series for series in SERIES}
    used = set(re.findall(r"\bcollector_\w+", rule["expr"]))

    assert used <= set(known)
    labels = {label for name in used for label in known[name].labels} | {"instance", "job"}
    selected = set(re.findall(r"[{,]\s*(\w+)\s*[=!]", rule["expr"]))
    shown = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert selected | shown <= labels
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
