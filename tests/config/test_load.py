"""A configuration is either valid or answered with one line for each mistake: file, line, key, what was expected."""

from datetime import timedelta
from textwrap import dedent

import pytest
from pydantic import SecretStr

from collector import config
from collector.errors import Invalid
from collector.monitor import Configuration, EvidentlyDestination, LocalDestination
from collector.sentences import SECRET_KEYS
from collector.strict import Model

GOOD = """
    destinations:
      local: {type: local, path: ./workspace}
      evidently: {type: evidently, url: "http://evidently:8000", secret: "${EVIDENTLY_SECRET}"}
    monitors:
      - id: flight-delays
        project: Flight delays
        columns:
          id: flight_id
          timestamp: scheduled_departure
          task: classification
          target: delayed
          prediction: delay_probability
          numerical_features: [distance, departure_delay]
          categorical_features: [carrier, origin]
        window: {every: 1d, rows: 50000, cron: null, time: event, lateness: 1h}
        labels: {wait: 12h, keep: 7d}
        reference: {path: data/reference.parquet}
        reports:
          - name: drift
            metrics:
              - DataDriftPreset
              - ColumnDriftMetric: {column_name: distance, stattest: psi, stattest_threshold: 0.2}
          - name: quality
            needs_target: true
            metrics: [ClassificationPreset]
        tags: [prod]
        metadata: {model_version: "3", since: 2013-01-01}
        forward: [local, evidently]
"""


HIDDEN = {"EVIDENTLY_SECRET": "hunter2"}


def load(folder, text, check=None, **environment):
    (folder / "collector.yaml").write_text(dedent(text))
    return config.load(folder / "collector.yaml", environment=environment, check=check)


def complaints(folder, text, check=None, **environment):
    """The lines of the answer, without the folder."""
    with pytest.raises(Invalid) as caught:
        load(folder, text, check, **environment)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{folder}/collector.yaml") for line in lines)
    return [line.removeprefix(f"{folder}/") for line in lines]


def one_monitor(line):
    return f"monitors:\n  - id: a\n    {line}\n"


def test_a_whole_file_becomes_a_configuration(tmp_path):
    loaded = load(tmp_path, GOOD, **HIDDEN)

    (monitor,) = loaded.monitors
    assert monitor.window.lateness == timedelta(hours=1)
    assert monitor.reports[0].metrics[1].parameters["stattest"] == "psi"
    assert monitor.metadata == {"model_version": "3", "since": "2013-01-01"}
    assert monitor.forward == ("local", "evidently")


def test_relative_paths_start_at_the_files_folder(tmp_path):
    loaded = load(tmp_path, GOOD, **HIDDEN)

    local = loaded.destinations["local"]
    assert isinstance(local, LocalDestination)
    assert local.path == str(tmp_path / "workspace")
    assert loaded.monitors[0].reference is not None
    assert loaded.monitors[0].reference.path == str(tmp_path / "data/reference.parquet")


def test_absolute_paths_stay(tmp_path):
    loaded = load(tmp_path, "destinations: {local: {type: local, path: /srv/workspace}}")

    assert loaded.destinations["local"] == LocalDestination(type="local", path="/srv/workspace")


def test_a_variable_is_read_from_the_environment(tmp_path):
    loaded = load(tmp_path, GOOD, **HIDDEN)

    evidently = loaded.destinations["evidently"]
    assert isinstance(evidently, EvidentlyDestination)
    assert evidently.secret == SecretStr("hunter2")
    assert "hunter2" not in repr(loaded)


def test_a_variable_stays_text_whatever_it_holds(tmp_path):
    loaded = load(tmp_path, one_monitor("tags: ['${TAG}', 'v${TAG}']"), TAG="1.0")

    assert loaded.monitors[0].tags == ("1.0", "v1.0")


def test_two_dollars_make_a_plain_one(tmp_path):
    loaded = load(tmp_path, one_monitor("tags: ['$${TAG}', '$5', '$$']"))

    assert loaded.monitors[0].tags == ("${TAG}", "$5", "$$")


def test_a_missing_variable_is_named_with_its_line(tmp_path):
    assert complaints(tmp_path, one_monitor("tags: ['${TAG}']")) == [
        "collector.yaml:3: the environment variable TAG is not set"
    ]


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A B}", "${OPEN"])
def test_a_malformed_variable_is_refused(tmp_path, text):
    (line,) = complaints(tmp_path, one_monitor(f"tags: ['{text}']"))

    assert line.startswith("collector.yaml:3: ")
    assert "is no variable: expected ${NAME}, or $${ for a plain ${" in line


@pytest.mark.parametrize("place", ["columns: {task: '${V}'}", "window: {every: '${V}'}", "window: '${V}'", "id: '${V}'",
                                   "forward: ['${V}']", "labels: {coverage: '${V}'}", "reports: [{name: '${V}'}]"])  # fmt: skip
def test_a_value_from_the_environment_is_never_shown(tmp_path, place):
    text = f"monitors:\n  - {place}\n    project: p\n"
    told = complaints(tmp_path, text, V="s3cr3t word'\"\n\\")

    assert told
    assert not any("s3cr3t" in line for line in told)


def test_a_short_value_from_the_environment_is_hidden_where_it_is_quoted(tmp_path):
    (line,) = complaints(tmp_path, one_monitor("window: {every: '${V}'}"), V="x1")

    assert "'${V}' is not a duration" in line


def test_a_literal_secret_is_never_shown(tmp_path):
    (line,) = complaints(tmp_path, "destinations: {e: {type: evidently, secret: 987654}}")

    assert "987654" not in line
    assert line.endswith("destinations.e.secret: expected text")


def test_every_secret_field_is_one_that_is_never_shown():
    models: list[type[Model]] = Model.__subclasses__()
    secret = {
        name for model in models for name, field in model.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    assert secret == {"secret", "token"}
    assert secret < SECRET_KEYS


MISTAKES = [
    ("window: {every: banana}",
     "monitors[0].window.every: 'banana' is not a duration: expected a number with a unit, such as 30s, 5m, 1h30m or 1d"),
    ("window: {every: .inf}", "monitors[0].window.every: too long for a duration: expected less than a million days"),
    ("window: {every: 10ms}", "monitors[0].window.every: a window lasts at least 1s"),
    ("window: {every: 1d, cron: '0 6 * * *'}", "monitors[0].window: give every or cron, not both"),
    ("window: {rows: 0}", "monitors[0].window.rows: expected at least 1, not 0"),
    ("window: {rows: many}", "monitors[0].window.rows: expected a whole number, not 'many'"),
    ("window: {rows: 1.5}", "monitors[0].window.rows: expected a whole number, not 1.5"),
    ("window: {timezone: Mars}",
     "monitors[0].window.timezone: 'Mars' is not a time zone: expected a name such as Europe/Paris"),
    ("window: [1d]", "monitors[0].window: expected a mapping, not a list"),
    ("window: {time: event}", "monitors[0].window.time: window.time is event, but columns.timestamp names no column"),
    ("windw: {}",
     "monitors[0].windw: unknown key 'windw' (did you mean 'window'?); known keys: "),
    ("columns: {task: recsis}",
     "monitors[0].columns.task: expected one of 'regression', 'classification' or 'recsys', not 'recsis' (did you mean "),
    ("columns: {target: 5}", "monitors[0].columns.target: expected text, not 5: put it in quotes"),
    ("columns: {target: yes}", "monitors[0].columns.target: expected text, not true: put it in quotes"),
    ("columns: {prediction: {}}", "monitors[0].columns.prediction: expected text or a list, not a mapping"),
    ("columns: {target_names: {a: [1]}}", "monitors[0].columns.target_names.a: expected text, not a list"),
    ("columns: {target: x, prediction: x}",
     "monitors[0].columns: column 'x' is named twice: as target and as prediction"),
    ("labels: {coverage: 2}", "monitors[0].labels.coverage: expected at most 1.0, not 2"),
    ("reports: [{name: r}]", "monitors[0].reports[0]: report 'r' is empty: give metrics, tests or both"),
    ("reports: [{metrics: [A]}]", "monitors[0].reports[0]: the key 'name' is missing"),
    ("reports: [{name: r, metrics: [{A: {}, B: {}}]}]",
     "monitors[0].reports[0].metrics[0]: expected a name, or one name with its parameters: {Name: {parameter: value}}"),
    ("reports: [{name: r, metrics: [A], needs_target: maybe}]",
     "monitors[0].reports[0].needs_target: expected true or false, not 'maybe'"),
    ("reports: [{name: r, metrics: [A]}, {name: r, tests: [B]}]",
     "monitors[0].reports[1].name: two reports are named 'r'"),
    ("reports: [{name: r, metrics: [A], needs_target: true}]",
     "monitors[0].reports[0].needs_target: the report needs the target, but columns.target names no column"),
    ("reference: {}", "monitors[0].reference: give exactly one of path, upload"),
    ("forward: [hok]",
     "monitors[0].forward[0]: monitor 'a' forwards to 'hok' (did you mean 'hook'?), which is no destination; known: hook"),
    ("forward: hook", "monitors[0].forward: expected a list, not 'hook'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("compare", "place", "sentence"),
    [
        ("{column: at, baseline: a}", "compare.column", "column 'at' is the timestamp"),
        ("{column: i, baseline: a}", "compare.column", "column 'i' is the id"),
        ("{column: t, baseline: a}", "compare.column", "column 't' is the target"),
        ("{column: p, baseline: a}", "compare.column", "column 'p' is the prediction"),
        ("{column: g, baseline: a}", "compare.column", "column 'g' is among the segments too"),
        ("{column: v}", "compare", "the key 'baseline' is missing"),
        ("{column: v, baseline: other}", "compare.baseline", "expected the value of one arm"),
        ("{column: v, baseline: null}", "compare.baseline", "expected"),
        ("{colum: v, baseline: a}", "compare.colum", "did you mean 'column'?"),
    ],
)
def test_arms_need_a_column_of_their_own_and_a_baseline(tmp_path, compare, place, sentence):
    columns = "{id: i, timestamp: at, target: t, prediction: p}"
    text = f"""
    monitors:
      - id: m
        columns: {columns}
        segments: [g]
        compare: {compare}
    """
    found = complaints(tmp_path, text)
    assert any(f"monitors[0].{place}" in line and sentence in line for line in found), found
    assert all("collector.yaml:6:" in line for line in found)


@pytest.mark.parametrize(("line", "sentence"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line_its_key_and_what_was_expected(tmp_path, line, sentence):
    hook = "destinations: {hook: {type: webhook, url: 'http://h'}}\n"
    (told,) = complaints(tmp_path, hook + one_monitor(line))

    assert told.startswith(f"collector.yaml:4: {sentence}")


@pytest.mark.parametrize(
    ("destination", "sentence"),
    [
        ("{type: locl}", "d.type: expected one of local, evidently, webhook, not 'locl' (did you mean 'local'?)"),
        ("{}", "d: the key 'type' is missing: expected one of local, evidently, webhook"),
        ("3", "d: expected a mapping, not 3"),
        ("{type: webhook}", "d: the key 'url' is missing"),
        ("{type: local, pth: x}", "d.pth: unknown key 'pth' (did you mean 'path'?); known keys: type, path"),
    ],
)
def test_a_mistake_in_a_destination_is_told(tmp_path, destination, sentence):
    (told,) = complaints(tmp_path, f"destinations:\n  d: {destination}\n")

    assert told == f"collector.yaml:2: destinations.{sentence}"


def test_a_name_that_could_not_stand_in_an_address_is_refused(tmp_path):
    told = complaints(tmp_path, "destinations:\n  'a b': {type: local}\nmonitors:\n  - id: ../etc\n")

    assert [line.split(" expected a name")[0] for line in told] == [
        "collector.yaml:2: destinations.a b:",
        "collector.yaml:4: monitors[0].id:",
    ]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """\
        monitors:
          - id: a
            colums: {}
            window:
              every: banana
              rows: -1
            tags: ["${MISSING}"]
          - id: b
            id: b
        destination: {}
    """
    told = [line.split(": ")[0:2] for line in complaints(tmp_path, text)]

    assert told == [
        ["collector.yaml:3", "monitors[0].colums"],
        ["collector.yaml:5", "monitors[0].window.every"],
        ["collector.yaml:6", "monitors[0].window.rows"],
        ["collector.yaml:7", "the environment variable MISSING is not set"],
        ["collector.yaml:9", "the key 'id' is given twice"],
        ["collector.yaml:10", "destination"],
    ]


def test_a_key_given_twice_is_a_mistake_even_when_the_values_are_equal(tmp_path):
    assert complaints(tmp_path, "monitors: []\nmonitors: []\n") == [
        "collector.yaml:2: the key 'monitors' is given twice: first in line 1"
    ]


def test_two_monitors_of_one_id_are_refused(tmp_path):
    assert complaints(tmp_path, "monitors:\n  - id: a\n  - id: a\n") == [
        "collector.yaml:3: monitors[1].id: two monitors have the id 'a'"
    ]


def test_what_the_evaluation_refuses_is_told_at_its_place(tmp_path):
    def check(monitor):
        raise Invalid("no metric is called 'Drft'", path=("reports", 0, "metrics", 1))

    text = "monitors:\n  - id: a\n    reports:\n      - name: r\n        metrics:\n          - A\n          - Drft\n"
    assert complaints(tmp_path, text, check) == [
        "collector.yaml:7: monitors[0].reports[0].metrics[1]: no metric is called 'Drft'"
    ]


def test_anchors_and_merges_work_and_keep_their_lines(tmp_path):
    text = """\
        monitors:
          - &base
            id: a
            window: {every: 1d, rows: bad}
          - <<: *base
            id: b
    """
    told = complaints(tmp_path, text)

    assert told == [
        "collector.yaml:4: monitors[0].window.rows: expected a whole number, not 'bad'",
        "collector.yaml:4: monitors[1].window.rows: expected a whole number, not 'bad'",
    ]


def test_an_explicit_key_wins_over_a_merged_one(tmp_path):
    loaded = load(tmp_path, "monitors:\n  - &a {id: a, tags: [x]}\n  - <<: *a\n    id: b\n")

    assert [(each.id, each.tags) for each in loaded.monitors] == [("a", ("x",)), ("b", ("x",))]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "collector.yaml: empty, expected at least one monitor under the key 'monitors'"),
        ("# nothing\n", "collector.yaml: empty, expected at least one monitor under the key 'monitors'"),
        ("- a\n", "collector.yaml:1: expected a mapping with the keys monitors and destinations, not a list"),
        ("hello", "collector.yaml:1: expected a mapping with the keys monitors and destinations, not 'hello'"),
        ("a: [1\n", "collector.yaml:2: not YAML: "),
        ("a: b: c\n", "collector.yaml:1: not YAML: mapping values are not allowed here"),
        ("monitors: []\n---\nmonitors: []\n", "collector.yaml:2: not YAML: but found another document"),
        ("monitors: !ruby/object []\n", "collector.yaml:1: the tag '!ruby/object' has no meaning here"),
        ("monitors: !!python/name:os.system x\n", "collector.yaml:1: the tag '!!python/name:os.system' has no meaning here"),
        ("monitors: &a [*a]\n", "collector.yaml:1: an alias contains itself"),
        ("yes: []\n", "collector.yaml:1: the key yes is not text: put it in quotes"),
        ("? [1]\n: 2\n", "collector.yaml:1: the key a list or mapping is not text: put it in quotes"),
        ("monitors: []\n<<: 3\n", "collector.yaml:2: << takes a mapping, or a list of mappings"),
        ("a: \x07\n", "collector.yaml:1: not YAML: a character that is not allowed (#x0007)"),
        ("[" * 5000, "collector.yaml: nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_told_in_a_sentence(tmp_path, text, sentence):
    assert complaints(tmp_path, text)[0].startswith(sentence)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(Invalid, match="there is no such file"):
        config.load(tmp_path / "none.yaml")
    with pytest.raises(Invalid, match="this is a directory, expected a YAML file"):
        config.load(tmp_path)
    with pytest.raises(Invalid, match="cannot be read: Not a directory"):
        (tmp_path / "file").write_text("")
        config.load(tmp_path / "file" / "collector.yaml")
    with pytest.raises(Invalid, match=r"not UTF-8 text \(byte 0\)"):
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
        config.load(tmp_path / "binary")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "collector.yaml").write_bytes(b"\xef\xbb\xbfmonitors: []\n")

    assert config.load(tmp_path / "collector.yaml") == Configuration()


def test_a_monitor_from_the_api_has_the_same_sentences():
    with pytest.raises(Invalid) as caught:
        config.load_monitor({"id": "a", "window": {"every": "banana"}, "colums": {}}, "monitor 'a'")

    told = str(caught.value).splitlines()
    assert told[0].startswith("monitor 'a': window.every: 'banana' is not a duration: expected a number with a unit")
    assert told[1].startswith("monitor 'a': colums: unknown key 'colums' (did you mean 'columns'?); known keys: id, ")
    assert caught.value.place["errors"][0]["key"] == "window.every"  # type: ignore[index]


@pytest.mark.parametrize(("value", "shown"), [([], "a list"), (None, "nothing"), (3, "3")])
def test_a_monitor_that_is_no_object_is_told(value, shown):
    with pytest.raises(Invalid, match=f"monitor: expected an object, not {shown}"):
        config.load_monitor(value)


def test_a_monitor_as_the_api_shows_it_is_one_that_it_takes():
    monitor = config.load_monitor(
        {"id": "a", "window": {"every": "1h30m"}, "reports": [{"name": "r", "metrics": ["A"]}]}
    )

    assert config.load_monitor(monitor.model_dump(mode="json", exclude_defaults=True)) == monitor
