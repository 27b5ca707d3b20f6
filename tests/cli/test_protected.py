"""A batch job hides what the service hides, before it computes anything: its results are the service's."""

import hashlib
import hmac
import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.commands.protected import protected
from collector.errors import Invalid
from collector.monitor import Monitor, Privacy
from collector.receive.rows.privacy import Protection

KEY = "0123456789abcdef"
PRIVACY = {"hash": ["city", "zip"], "mask": [{"card": {"keep_last": 2}}], "drop": ["email"]}
MONITOR = Monitor.model_validate({"id": "m", "columns": {"text_features": ["zip"]}, "privacy": PRIVACY})
PROTECTION = Protection(Privacy.model_validate(PRIVACY), KEY.encode())
ROWS = [
    {"city": "Oslo", "zip": "007", "card": "4929", "email": "a@example.org", "x": 1.5},
    {"city": None, "zip": "12", "card": None, "email": "b@example.org", "x": 2.5},
    {"city": "Rome", "zip": "12", "card": "4930", "email": "c@example.org", "x": None},
]


def hashed(text):
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def parquet(rows):
    out = io.BytesIO()
    pd.DataFrame(rows).to_parquet(out)
    return out.getvalue()


FORMS = {
    "r.parquet": (parquet, lambda body: pd.read_parquet(io.BytesIO(body))),
    "r.csv": (lambda rows: pd.DataFrame(rows).to_csv(index=False).encode(), lambda body: pd.read_csv(io.BytesIO(body))),
    "r.json": (lambda rows: json.dumps(rows).encode(), lambda body: pd.DataFrame(json.loads(body))),
    "r.jsonl": (
        lambda rows: b"\n".join(json.dumps(row).encode() for row in rows),
        lambda body: pd.DataFrame([json.loads(line) for line in body.splitlines()]),
    ),
    "c.json": (
        lambda rows: json.dumps({name: [row[name] for row in rows] for name in rows[0]}).encode(),
        lambda body: pd.DataFrame(json.loads(body)),
    ),
    "i.json": (
        lambda rows: json.dumps({name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}).encode(),
        lambda body: pd.DataFrame(json.loads(body)).reset_index(drop=True),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_every_form_is_hidden_as_rows_are(tmp_path, name):
    encode, read = FORMS[name]
    frame = read(protected(tmp_path / name, encode(ROWS), MONITOR, PROTECTION))

    assert sorted(frame.columns) == ["card", "city", "x", "zip"]
    assert frame.replace({np.nan: None}).to_dict("list") == {
        "city": [hashed("Oslo"), None, hashed("Rome")], "zip": [hashed("007"), hashed("12"), hashed("12")],
        "card": ["***29", None, "***30"], "x": [1.5, 2.5, None],
    }  # fmt: skip


def test_a_cell_of_csv_is_hashed_as_what_it_means(tmp_path):
    """As in a request: 5.0 is 5, NaN is missing, but text is left as it is written."""
    body = b"city,zip\n5.0,5.0\nNaN,x\n007,007\n"
    frame = pd.read_csv(io.BytesIO(protected(tmp_path / "r.csv", body, MONITOR, PROTECTION)))

    assert frame.replace({np.nan: None}).to_dict("list") == {
        "city": [hashed("5"), None, hashed("007")], "zip": [hashed("5.0"), hashed("x"), hashed("007")],
    }  # fmt: skip


@pytest.mark.parametrize(("name", "body"), [("r.json", b"[1]"), ("r.jsonl", b'{"a": 1}\n{'), ("r.json", b'{"city": 1}'),
                                            ("r.csv", b"\xff\xfe"), ("r.parquet", b"PAR1")])  # fmt: skip
def test_a_file_that_cannot_be_hidden_is_refused_and_not_read_as_it_is(tmp_path, name, body):
    with pytest.raises(Invalid, match=f"{name}: cannot be read as"):
        protected(tmp_path / name, body, MONITOR, PROTECTION)


CONFIG = """
monitors:
  - id: m
    columns: {id: id, categorical_features: [city]}
    privacy: {hash: [city]}
    reports: [{name: r, metrics: [{ColumnSummaryMetric: {column_name: city}}, {ColumnDriftMetric: {column_name: city}}]}]
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "collector.yaml").write_text(CONFIG)

    def invoke(*arguments, key=KEY):
        return CliRunner().invoke(main, arguments, env={"COLLECTOR_HASH_KEY": key})

    return invoke


def test_a_report_has_the_results_of_the_values_and_shows_none_of_them(run, tmp_path):
    current, reference = (pd.DataFrame({"id": range(60), "city": cities * 20})
                          for cities in (["Oslo", "Rome", None], ["Oslo", "Paris", "Rome"]))  # fmt: skip
    current.to_csv("current.csv", index=False)
    reference.to_parquet("reference.parquet")
    found = {}
    for privacy in ("privacy: {hash: [city]}", ""):
        (tmp_path / "collector.yaml").write_text(CONFIG.replace("privacy: {hash: [city]}", privacy))
        answer = run("report", "--monitor", "m", "--current", "current.csv", "--reference", "reference.parquet",
                     "--out", "out.json")  # fmt: skip
        assert answer.exit_code == 0, answer.output
        found[privacy] = json.loads((tmp_path / "out.json").read_text())
    hidden, plain = found.values()

    assert "Oslo" not in json.dumps(hidden)
    assert hashed("Oslo") in json.dumps(hidden)
    assert "Oslo" in json.dumps(plain)
    scores = [snapshot["metrics"][1]["result"]["drift_score"] for snapshot in (hidden, plain)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-12)
    missing = [snapshot["metrics"][0]["result"]["current_characteristics"]["missing"] for snapshot in (hidden, plain)]
    assert missing == [20, 20]


@pytest.mark.parametrize("command", [["check"], ["report", "--monitor", "m", "--current", "x.csv"], ["serve"]])
def test_a_monitor_that_hashes_is_refused_where_there_is_no_key(run, command):
    answer = run(*command, key=None)

    assert answer.exit_code == 2
    assert (
        "monitor 'm' hashes columns, which takes a key: set COLLECTOR_HASH_KEY or COLLECTOR_HASH_KEY_FILE"
        in answer.output
    )
    if command != ["report", "--monitor", "m", "--current", "x.csv"]:
        assert "collector.yaml:5: monitors[0].privacy.hash:" in answer.output


def test_check_says_what_is_hidden(run, tmp_path):
    (tmp_path / "collector.yaml").write_text("""
monitors: [{id: m, privacy: {drop: [email, "raw_*"], hash: [city], mask: [name, {card: {keep_last: 4}}]}}]
""")
    answer = run("check")

    assert answer.exit_code == 0
    assert "privacy: drops email, raw_*; hashes city; masks name, card but for the last 4 characters" in answer.output
