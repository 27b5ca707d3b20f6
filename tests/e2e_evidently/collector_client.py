"""What a user of the retired collector runs, with its own client. Run with the oracle's interpreter:

    .oracle/bin/python -m tests.e2e_evidently.collector_client URL SECRET WORKSPACE_URL PROJECT_ID

Prints the answers as JSON. The deeds are those of its documentation: create, set the reference, send, read.
"""

import json
import sys
import warnings
from typing import Any

import pandas as pd
import requests
from evidently.legacy.collector.client import CollectorClient
from evidently.legacy.collector.config import (
    CollectorConfig,
    CollectorTrigger,
    IntervalTrigger,
    ReportConfig,
    RowsCountOrIntervalTrigger,
    RowsCountTrigger,
)
from evidently.legacy.metric_preset import DataDriftPreset
from evidently.legacy.metrics import ColumnQuantileMetric
from evidently.legacy.report import Report
from evidently.legacy.test_preset import DataDriftTestPreset
from evidently.legacy.test_suite import TestSuite
from evidently.legacy.tests import TestColumnValueMean, TestNumberOfRows

REFERENCE = pd.DataFrame({"distance": [float(i % 50) for i in range(200)], "carrier": ["AA", "UA"] * 100})
CURRENT = pd.DataFrame({"distance": [float(i % 50) + 100 for i in range(100)], "carrier": ["AA", "UA"] * 50})


def report() -> ReportConfig:
    made = Report(
        metrics=[DataDriftPreset(), ColumnQuantileMetric(column_name="distance", quantile=0.5)], tags=["prod"]
    )
    made.run(reference_data=REFERENCE, current_data=REFERENCE)
    return ReportConfig.from_report(made)


def suite() -> ReportConfig:
    made = TestSuite(
        tests=[DataDriftTestPreset(), TestNumberOfRows(eq=100), TestColumnValueMean(column_name="distance", lt=50)]
    )
    made.run(reference_data=REFERENCE, current_data=REFERENCE)
    return ReportConfig.from_test_suite(made)


def main(url: str, secret: str, workspace: str, project: str) -> dict[str, Any]:
    client = CollectorClient(url, secret)

    def config(trigger: CollectorTrigger, reports: ReportConfig, api_url: str = workspace) -> CollectorConfig:
        return CollectorConfig(
            trigger=trigger, report_config=reports, reference_path=None, project_id=project, api_url=api_url
        )

    rows, interval = RowsCountTrigger(rows_count=50), IntervalTrigger(interval=1)
    wishes = {
        "by-rows": config(rows, report()),
        "by-interval": config(interval, suite()),
        "by-either": config(
            RowsCountOrIntervalTrigger(rows_count_trigger=rows, interval_trigger=IntervalTrigger(interval=3600)),
            report(),
        ),
    }
    answers: dict[str, Any] = {}
    for name, wish in wishes.items():
        created = client.create_collector(name, wish)
        referenced = client.set_reference(name, REFERENCE)
        sent = [client.send_data(name, CURRENT.iloc[:30]), client.send_data(name, CURRENT.iloc[30:])]
        answers[name] = {"created": created, "reference": referenced, "sent": sent}
    try:
        CollectorClient(url, "wrong secret").send_data("by-rows", CURRENT)
    except requests.HTTPError as error:
        answers["wrong secret"] = str(error)[:3]
    strange = config(rows, report()).dict()
    strange["report_config"]["metrics"][0]["type"] = "evidently:metric:NonesuchMetric"
    refused = requests.post(f"{url}/strange", json=strange, headers={"evidently-secret": secret}, timeout=30)
    answers["strange"] = [refused.status_code, refused.json()]
    return answers


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - what it is for
