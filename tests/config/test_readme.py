"""What the documents show works: blocks are executed or validated, tables name every key, setting, option and package."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml

from collector import config
from collector.cli import main
from collector.errors import Invalid
from collector.evaluate import catalogue
from collector.monitor import Configuration, DestinationSettings, Monitor
from collector.receive.admission.keys import Keys
from collector.settings import Settings
from collector.strict import Model
from tests.service import Service

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sdk/*.md"), *ROOT.glob("helm/**/*.md")]
)


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/configuration.md", "docs/privacy.md"])
def test_a_configuration_that_is_shown_is_valid_and_resolves(tmp_path, page):
    shown = [block for block in blocks(page, "yaml") if "monitors:" in block and "keys:" not in block]

    assert shown
    for block in shown:
        (tmp_path / "collector.yaml").write_text(block)
        secrets = {"EVIDENTLY_SECRET": "x", "HOOK_SECRET": "y"}
        assert config.load(tmp_path / "collector.yaml", check=catalogue.check, environment=secrets).monitors


def test_a_file_of_keys_that_is_shown_is_valid(tmp_path):
    (block,) = [block for block in blocks("docs/configuration.md", "yaml") if block.startswith("keys:")]
    (tmp_path / "keys.yaml").write_text(block)

    Keys(tmp_path / "keys.yaml")


def test_mistakes_that_are_shown_are_those_that_are_told(tmp_path):
    shown = blocks("docs/configuration.md", "")[0]
    (tmp_path / "c.yaml").write_text("monitors:\n  - id: a\n    window: {every: banana}\n    colums: {}\n")
    with pytest.raises(Invalid) as caught:
        config.load(tmp_path / "c.yaml")

    for line, told in zip(shown.splitlines(), str(caught.value).splitlines(), strict=False):
        sentence = line.split(": ", 1)[1].removesuffix("...")
        assert sentence in told
    with pytest.raises(Invalid) as caught:
        config.load_settings({"COLLECTOR_TICK_SECONDS": "often"})
    assert str(caught.value) in shown


def test_the_sdk_in_the_readme_sends_to_a_service_with_the_readmes_configuration(tmp_path):
    (shown,) = [block for block in blocks("README.md", "yaml") if "monitors:" in block]
    (sdk,) = [block for block in blocks("README.md", "python") if "collector_sdk" in block]
    assert len([line for line in sdk.splitlines() if line]) <= 8
    service = Service(tmp_path, shown).start()
    try:
        exec(compile(sdk.replace("http://collector:8001", service.url), "README.md", "exec"), {})  # noqa: S102 - ours
        assert service.rows("flight-delays")["accepted"] == 1
    finally:
        service.stop()


def test_the_evaluation_in_the_readme_runs_as_it_is():
    (block,) = [block for block in blocks("README.md", "python") if "TestSuite" in block]

    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - ours
    assert names["report"].as_dict()["metrics"]  # type: ignore[attr-defined]


def test_the_metric_in_contributing_is_known_by_its_name(tmp_path):
    (block,) = blocks("CONTRIBUTING.md", "python")
    use = """
import pandas as pd
from collector.evaluate import Report, catalogue
from collector.monitor import ReportSettings
wish = ReportSettings.model_validate({"name": "r", "metrics": [{"ShareAbove": {"column_name": "x", "limit": 2}}]})
report = Report(metrics=catalogue.resolve(wish)[0])
report.run(current_data=pd.DataFrame({"x": [1, 2, 3, 4]}))
assert report.as_dict()["metrics"][0]["result"]["current"] == {"share": 0.5}, report.as_dict()
"""
    (tmp_path / "own.py").write_text(block + use)
    answer = subprocess.run([sys.executable, tmp_path / "own.py"], capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    anchors = {}
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors[file] = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors[file], f"{page.name} links to {target}"


def test_commands_that_the_readme_shows_parse():
    shown = [line.split("#")[0].split() for block in blocks("README.md", "sh") for line in block.splitlines()]
    ours = [words[1:] for words in shown if words[:1] == ["collector"]]
    targets = {words[1] for words in shown if words[:1] == ["make"]}

    assert len(ours) == 3
    for name, *arguments in ours:
        main.commands[name].make_context(name, arguments)
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def tables(page):
    """First and second cells of every row, by the heading above; code marks removed."""
    found: dict[str, dict[str, str]] = {}
    heading = ""
    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("`") and line.partition("`:")[1]:
            heading = line.split("`")[1]
        elif line.startswith("| `"):
            cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
            found.setdefault(heading, {})[cells[0]] = cells[1]
    return found


def documented_models():
    destinations = {
        get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(get_args(DestinationSettings)[0])
    }
    inside = {
        f"monitors[].{name}": Monitor.model_fields[name].annotation
        for name in ("columns", "window", "labels", "privacy")
    }
    reference = get_args(Monitor.model_fields["reference"].annotation)[0]
    report = get_args(Monitor.model_fields["reports"].annotation)[0]
    return {
        "collector.yaml": Configuration, "monitors[]": Monitor, "monitors[].reference": reference,
        "monitors[].reports[]": report, **inside, **destinations,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "model"), documented_models().items(), ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_key_of_the_configuration_has_a_row_and_every_row_a_key(heading, model):
    assert issubclass(model, Model)
    assert set(tables("docs/configuration.md")[heading]) == set(model.model_fields)


def test_every_setting_has_a_row_with_its_default_and_every_row_a_setting():
    rows = tables("docs/configuration.md")["Settings"]
    defaults = {f"COLLECTOR_{name.upper()}": field.default for name, field in Settings.model_fields.items()}

    assert set(rows) == set(defaults)
    for name, default in defaults.items():
        plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        assert rows[name] == ("none" if plain in (None, ()) else str(plain)), name


def test_the_page_of_commands_is_what_the_commands_say():
    said = subprocess.run(
        [sys.executable, ROOT / "scripts/document_cli.py"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout

    assert (ROOT / "docs/cli.md").read_text() == said, "run: python scripts/document_cli.py > docs/cli.md"


def test_every_dependency_has_a_line_that_says_why_and_every_line_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {
        "The service": project["project"]["dependencies"],
        "The demo (inference-collector[demo])": project["project"]["optional-dependencies"]["demo"],
        "Development": project["dependency-groups"]["dev"],
    }
    rows = {heading.replace("`", ""): table for heading, table in tables("docs/dependencies.md").items()}

    for heading, wanted in groups.items():
        names = {re.split(r"[^A-Za-z0-9-]", each)[0].lower() for each in wanted}
        assert set(rows[heading]) == names, heading
        assert all(rows[heading].values())


def test_every_decision_is_listed():
    listed = set(re.findall(r"\((\d{4}-[^)]+)\)", (ROOT / "docs/adr/README.md").read_text()))

    assert {path.name for path in (ROOT / "docs/adr").glob("0*.md")} == listed


def test_hooks_before_a_commit_are_the_checks_of_make():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    ids = {hook["id"] for repository in hooks["repos"] for hook in repository["hooks"]}

    assert {"ruff-check", "ruff-format", "mypy", "lint-imports"} <= ids
