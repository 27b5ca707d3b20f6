"""The demo's `collector.yaml`: what a user would write for these models."""

from pathlib import Path

import pandas as pd

from collector.demo.flights import CATEGORICAL, FEATURES, ID, NUMERICAL, ORIGIN, TARGET, TIMESTAMP, TIMEZONE
from collector.demo.models import CHAMPION, MODEL, PREDICTION

MONITOR = "flight-delays"
REPORTS = ("drift", "stability", "quality")

_TEMPLATE = f"""\
# Written by `collector demo`. The flights of 2013 from New York, and two models that predict late arrivals.
destinations:
  local: {{type: local, path: ./workspace}}
monitors:
  - id: {MONITOR}
    project: Flight delays
    columns:
      id: {ID}
      timestamp: {TIMESTAMP}
      task: classification
      target: {TARGET}
      prediction: {PREDICTION}
      pos_label: 1
      numerical_features: [{", ".join(NUMERICAL)}]
      categorical_features: [{", ".join(CATEGORICAL)}]
    window: {{every: 1d, time: event, timezone: {TIMEZONE}, lateness: 1h}}
    labels: {{wait: 12h, keep: 30d}}         # nearly all have landed by the next noon; a week of rows comes late
    segments: [{ORIGIN}]
    compare: {{column: {MODEL}, baseline: {CHAMPION}}}
    reference: {{path: reference.parquet}}   # January, as the champion scored it
    reports:
      - name: drift
        metrics:
          - DataDriftPreset
          - ColumnDriftMetric: {{column_name: distance, stattest: psi, stattest_threshold: 0.2}}
      - name: stability
        tests:
          - TestNumberOfRows: {{gte: 150}}
          - TestShareOfMissingValues: {{lte: 0.02}}
          - TestColumnShareOfMissingValues: {{column_name: departure_delay, lte: 0.1}}   # a cancelled flight has none
          - TestMeanInNSigmas: {{column_name: departure_delay, n_sigmas: 1}}
          - TestShareOfDriftedColumns: {{lt: 0.5}}
          - TestColumnDrift: {{column_name: {PREDICTION}}}
      - name: quality
        needs_target: true
        metrics: [ClassificationQualityMetric, ClassificationConfusionMatrix, ClassificationRocCurve]
        tests:
          - TestRocAuc: {{gte: 0.8}}
    tags: [demo]
    metadata: {{trained_on: january}}
    forward: [local]
"""


def text() -> str:
    return _TEMPLATE


def write(folder: Path, reference: pd.DataFrame) -> Path:
    """Put `collector.yaml` and the reference beside each other; says where the former is."""
    reference[[ID, TIMESTAMP, *FEATURES, PREDICTION, TARGET]].to_parquet(folder / "reference.parquet", index=False)
    path = folder / "collector.yaml"
    path.write_text(text(), encoding="utf-8")
    return path
