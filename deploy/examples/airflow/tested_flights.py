"""A DAG for Airflow 3: every day's inferences are tested before anything else is done with them.

The day's file goes through the monitor's reports and test suites (`collector report --send`): its snapshots go to the monitor's
destinations, and the exit code decides:

    0  all tests passed: the next task may use the day
    1  some failed: the task fails, and is not tried again; the log names the tests
    2  it could not run (no file yet, a destination that is down): tried again, three times

Clear a day's task, or run `airflow backfill create`, and its snapshots are replaced: their ids come from the day, not from the run.

The worker needs the command (`pip install inference-collector`), `collector.yaml` and the files; these variables say where:

    FLIGHTS_HOME    the folder with collector.yaml, reference.parquet and inferences/2013-02-01.parquet
    COLLECTOR_URL   optional, a running service: the tested rows are sent into its windows too. Sent again, rows are
                    known by their ids, and change nothing.
"""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task
from airflow.timetables.interval import CronDataIntervalTimetable

HOME = Path(os.environ.get("FLIGHTS_HOME", "/srv/flights"))
MONITOR = "flight-delays"
TESTS_FAILED = 1


def file_of(day: str) -> Path:
    return HOME / "inferences" / f"{day}.parquet"


@task(retries=3, retry_delay=timedelta(minutes=10))
def test_day(day: str) -> None:
    command = ["collector", "report", "--config", HOME / "collector.yaml", "--monitor", MONITOR]
    done = subprocess.run([*command, "--current", file_of(day), "--send"])
    if done.returncode == TESTS_FAILED:
        raise AirflowFailException(f"the tests of {day} did not pass: see the log")  # to try again would change nothing
    done.check_returncode()


@task(retries=3, retry_delay=timedelta(minutes=10))
def send_day(day: str) -> None:
    subprocess.run(["collector", "backfill", "--monitor", MONITOR, file_of(day)], check=True)


# An interval, so that {{ ds }} is the day that has ended, also in New York, and not the one that has just begun.
EVERY_DAY = CronDataIntervalTimetable("15 6 * * *", timezone="UTC")


@dag(schedule=EVERY_DAY, start_date=datetime(2013, 2, 1), catchup=False, max_active_runs=4, tags=["tests"])
def tested_flights() -> None:
    tested = test_day("{{ ds }}")
    if "COLLECTOR_URL" in os.environ:
        tested >> send_day("{{ ds }}")


tested_flights()
