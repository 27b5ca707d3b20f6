"""The schedulers' examples do what they say: run in Airflow and in Dagster themselves, without a server, and by bash as cron does."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from collector.config import load
from collector.evaluate import catalogue
from collector.snapshot import Snapshot
from tests.service import Service

pytestmark = pytest.mark.timeout(300)  # each run of the command imports pandas anew

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "deploy" / "examples"
GOOD, BAD, MISSING = "2013-02-01", "2013-02-08", "2013-02-09"
SNAPSHOTS = 2 * (1 + 3)
"""Of a day without outcomes: two reports, for all rows and three airports."""


def inferences(date: str, count: int, *, missing: float = 0.0, again: int = 0) -> pd.DataFrame:
    draw = random.Random(date)
    times = pd.date_range(f"{date}T11:00:00Z", periods=count, freq="30s")
    return pd.DataFrame(
        {
            "flight_id": [f"{date}-{index}" for index in range(count)],
            "scheduled_departure": times,
            "distance": [draw.gauss(1000, 300) + again for _ in range(count)],
            "departure_delay": [None if draw.random() < missing else draw.gauss(10, 30) for _ in range(count)],
            "carrier": [draw.choice(["AA", "UA", "9E"]) for _ in range(count)],
            "origin": [draw.choice(["EWR", "JFK", "LGA"]) for _ in range(count)],
            "delay_probability": [draw.random() for _ in range(count)],
        }
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What the examples expect: a configuration, a reference, a day that passes and one that does not."""
    (tmp_path / "inferences").mkdir()
    shutil.copy(EXAMPLES / "collector.yaml", tmp_path)
    inferences("2013-01-01", 1500).assign(delayed=0).to_parquet(tmp_path / "reference.parquet")
    inferences(GOOD, 600).to_parquet(tmp_path / "inferences" / f"{GOOD}.parquet")
    inferences(BAD, 600, missing=0.6).to_parquet(tmp_path / "inferences" / f"{BAD}.parquet")
    return tmp_path


def environment(home: Path, **more: str) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    clean = {name: value for name, value in os.environ.items() if name != "COLLECTOR_URL"}
    return clean | {"PATH": path, "FLIGHTS_HOME": str(home)} | more


def with_package(requirement: str) -> Path:
    """The Python of an environment that has this package and nothing of ours; it stays for the next run."""
    folder = ROOT / ".tools" / "examples" / requirement
    if not (folder / ".ready").exists():
        python = folder / "bin" / "python"
        uv = ROOT / "scripts" / "uv"
        commands: list[list[str | Path]] = [
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
            [uv, "pip", "install", "--quiet", "--python", python, requirement],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
            if done.returncode:
                (pytest.fail if "CI" in os.environ else pytest.skip)(f"{requirement}: {done.stderr[-500:]}")
        (folder / ".ready").touch()
    return folder / "bin" / "python"


def stored(home: Path) -> dict[str, Snapshot]:
    return {each.id: each for each in map(Snapshot.load, home.glob("workspace/*/snapshots/*.json"))}


def test_the_configuration_is_valid_and_the_reports_of_a_day_are_the_days(home):
    (monitor,) = load(home / "collector.yaml", check=catalogue.check).monitors
    assert monitor.window.every is not None
    assert monitor.window.every.days == 1


# ---------------------------------------------------------------- cron


def cron(home: Path, *day: str) -> subprocess.CompletedProcess[str]:
    script = EXAMPLES / "cron" / "test-flights"
    return subprocess.run([script, *day], env=environment(home), capture_output=True, text=True, check=False)


def test_cron_gets_no_mail_when_all_tests_pass_and_the_failed_ones_otherwise(home):
    good, bad, missing = (cron(home, day) for day in (GOOD, BAD, MISSING))

    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert bad.returncode == 1
    assert bad.stdout.startswith(f"The tests of {BAD} did not pass:")
    assert "stability: FAIL The Share of Missing Values in a Column" in bad.stdout
    assert missing.returncode == 2
    assert missing.stdout.startswith(f"{MISSING} could not be tested:")
    log = (home / "test-flights.log").read_text()
    assert [line.split("exit code ")[1] for line in log.splitlines() if "exit code" in line] == ["0", "1", "2"]
    assert "sent 8 to local" in log


def test_cron_without_a_day_tests_yesterday(home):
    yesterday = subprocess.run(["date", "-u", "-d", "yesterday", "+%F"], capture_output=True, text=True, check=True)
    assert cron(home).stdout.startswith(f"{yesterday.stdout.strip()} could not be tested:")


def test_a_day_that_is_tested_again_has_its_snapshots_replaced(home):
    assert cron(home, GOOD).returncode == 0
    before = stored(home)
    assert len(before) == SNAPSHOTS
    inferences(GOOD, 700, again=5000).to_parquet(home / "inferences" / f"{GOOD}.parquet")
    assert cron(home, GOOD).returncode == 0

    after = stored(home)
    assert before.keys() == after.keys()
    assert {each.rows for each in after.values() if each.segment is None} == {700}


# ---------------------------------------------------------------- Airflow

IN_AIRFLOW = """
import json, sys
import pendulum
import tested_flights as example

dag = example.tested_flights()
states = {}
for day in sys.argv[1:]:
    run = dag.test(logical_date=pendulum.parse(day))
    states[day] = {task.task_id: str(task.state) for task in run.get_task_instances()}
print("STATES", json.dumps(states))
"""


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(580)
def test_airflow_fails_the_task_of_a_day_whose_tests_fail_and_sends_only_the_others_on(home):
    python = with_package("apache-airflow==3.3.2")
    service = Service(home, (home / "collector.yaml").read_text()).start()
    variables = environment(
        home,
        AIRFLOW_HOME=str(home / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(EXAMPLES / "airflow"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        PYTHONPATH=str(EXAMPLES / "airflow"),
        COLLECTOR_URL=service.url,
    )
    try:
        for command in (["-m", "airflow", "db", "migrate"], ["-c", IN_AIRFLOW, GOOD, BAD]):
            done = subprocess.run([python, *command], env=variables, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("STATES ")]
        assert json.loads(line.removeprefix("STATES ")) == {
            GOOD: {"test_day": "success", "send_day": "success"},
            BAD: {"test_day": "failed", "send_day": "upstream_failed"},
        }
        assert service.rows("flight-delays")["accepted"] == 600
    finally:
        service.stop()
    assert "did not pass: see the log" in done.stdout + done.stderr
    assert {each.window["start"][:10] for each in stored(home).values() if each.window} == {GOOD, BAD}


# ---------------------------------------------------------------- Dagster

IN_DAGSTER = """
import json, sys
import dagster
import tested_flights as example

@dagster.asset(deps=[example.tested_flights], partitions_def=example.tested_flights.partitions_def)
def trained_on_them():
    pass

found = {}
for day in sys.argv[1:]:
    run = dagster.materialize(
        [example.tested_flights, trained_on_them], partition_key=day, raise_on_error=False,
        instance=dagster.DagsterInstance.ephemeral(),
    )
    found[day] = {
        "passed": [check.passed for check in run.get_asset_check_evaluations()],
        "made": [event.asset_key.to_user_string() for event in run.get_asset_materialization_events()],
    }
assert dagster.Definitions.validate_loadable(example.defs) is None
print("FOUND", json.dumps(found))
"""


@pytest.mark.e2e
@pytest.mark.slow
def test_dagster_checks_the_asset_and_stops_what_depends_on_a_day_whose_tests_fail(home):
    python = with_package("dagster==1.13.28")
    variables = environment(home, PYTHONPATH=str(EXAMPLES / "dagster"))
    done = subprocess.run(
        [python, "-c", IN_DAGSTER, GOOD, BAD], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert json.loads(line.removeprefix("FOUND ")) == {
        GOOD: {"passed": [True], "made": ["tested_flights", "trained_on_them"]},
        BAD: {"passed": [False], "made": ["tested_flights"]},
    }
    assert len(stored(home)) == 2 * SNAPSHOTS


# ---------------------------------------------------------------- with a running service


@pytest.mark.e2e
def test_a_day_that_is_sent_again_adds_new_rows_and_keeps_the_first_of_those_it_had(home):
    service = Service(home, (home / "collector.yaml").read_text()).start()
    file = home / "inferences" / f"{GOOD}.parquet"
    command = [sys.executable, "-m", "collector", "backfill", "--monitor", "flight-delays", "--url", service.url, file]

    def send() -> list[str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + service.log()[-2000:]
        counts = done.stdout.splitlines()[1].split()[1:]
        assert service.post("/v1/monitors/flight-delays/flush", {})[0] == 202
        service.wait_settled("flight-delays")
        return counts

    def drift() -> Snapshot:
        (found,) = [
            each for each in service.snapshots(monitor="flight-delays")
            if each["report"] == "drift" and each["segment"] is None
        ]  # fmt: skip
        return Snapshot.from_dict(service.get(f"/v1/snapshots/{found['id']}")[1])

    try:
        assert send() == ["600", "0", "0", "0"]
        first = drift()
        assert send() == ["0", "600", "0", "0"], "accepted, duplicates, late, rejected"
        assert drift() == first
        inferences(GOOD, 700, again=5000).to_parquet(file)
        assert send() == ["100", "600", "0", "0"]
        second = drift()
    finally:
        service.stop()
    assert second.id == first.id
    assert (second.revision, second.rows) == (first.revision + 1, 700)
    distances = second.columns["distance"]["distribution"]["current"]
    of_the_new = [
        count for edge, count in zip(distances["edges"], distances["counts"], strict=False) if edge > 3000
    ]  # fmt: skip
    assert sum(of_the_new) <= 100 < sum(distances["counts"])
