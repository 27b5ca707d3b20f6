"""An asset for Dagster with a check: every day's inferences are tested, and what depends on them waits for the verdict.

The day's file goes through the monitor's reports and test suites (`collector report --send`): its snapshots go to the monitor's
destinations, and the exit code decides:

    0  all tests passed: the check passes
    1  some failed: the check fails and, being blocking, stops what is downstream; the run's log names the tests
    2  it could not run (no file yet, a destination that is down): the step fails, and is tried again, three times

Materialize a day's partition again, and its snapshots are replaced: their ids come from the day, not from the run.

    pip install inference-collector dagster dagster-webserver
    FLIGHTS_HOME=/srv/flights dagster dev -f tested_flights.py

FLIGHTS_HOME is the folder with collector.yaml, reference.parquet and inferences/2013-02-01.parquet.
"""

import os
import subprocess
from pathlib import Path

import dagster

HOME = Path(os.environ.get("FLIGHTS_HOME", "/srv/flights"))
MONITOR = "flight-delays"
ALL_PASSED, TESTS_FAILED = 0, 1
CHECK = "tests_pass"


@dagster.asset(
    partitions_def=dagster.DailyPartitionsDefinition(start_date="2013-02-01", timezone="America/New_York"),
    check_specs=[dagster.AssetCheckSpec(CHECK, asset="tested_flights", blocking=True)],
    retry_policy=dagster.RetryPolicy(max_retries=3, delay=600),
)
def tested_flights(context: dagster.AssetExecutionContext) -> dagster.MaterializeResult:
    file = HOME / "inferences" / f"{context.partition_key}.parquet"
    command = ["collector", "report", "--config", HOME / "collector.yaml", "--monitor", MONITOR]
    done = subprocess.run([*command, "--current", file, "--send"], capture_output=True, text=True)
    context.log.info("%s%s", done.stdout, done.stderr)
    if done.returncode not in (ALL_PASSED, TESTS_FAILED):
        raise dagster.Failure(f"{file} could not be tested: {done.stderr}")
    passed = done.returncode == ALL_PASSED
    check = dagster.AssetCheckResult(check_name=CHECK, passed=passed, metadata={"said": done.stdout})
    return dagster.MaterializeResult(check_results=[check])


defs = dagster.Definitions(
    assets=[tested_flights],
    schedules=[
        dagster.build_schedule_from_partitioned_job(
            dagster.define_asset_job("test_every_day", selection=[tested_flights]), hour_of_day=1
        )
    ],
)
