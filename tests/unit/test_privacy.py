"""What a monitor may wish to have hidden, and what stands for the values then."""

import hashlib
import hmac

import pytest
from hypothesis import given, strategies as st

from collector.config import load_monitor, load_settings
from collector.errors import Invalid, Unavailable
from collector.monitor import Monitor, Privacy, Rule
from collector.receive.decoders.table import Instants
from collector.receive.rows.privacy import Protection, Protector, canonical, masked

KEY = b"0123456789abcdef"
HASHING = Monitor.model_validate({"id": "m", "privacy": {"hash": ["customer"]}})


def refused(**monitor):
    with pytest.raises(Invalid) as caught:
        load_monitor({"id": "m", **monitor})
    return str(caught.value)


@pytest.mark.parametrize(
    ("privacy", "told"),
    [
        ({"drop": ["a"], "hash": ["a"]}, "privacy.hash[0]: column 'a' is dropped already"),
        ({"hash": ["a"], "mask": ["b", {"a": {"keep_last": 2}}]}, "privacy.mask[1]: column 'a' is hashed already"),
        ({"drop": ["a", "a"]}, "privacy.drop[1]: column 'a' is dropped already"),
        ({"drop": ["raw_*"], "hash": ["raw_id"]}, "privacy.hash[0]: column 'raw_id' is dropped by 'raw_*' already"),
        ({"drop": ["raw_id"], "hash": ["raw_??"]}, "privacy.drop[0]: column 'raw_id' is hashed by 'raw_??' already"),
        ({"mask": ["*", "*"]}, "privacy.mask[1]: column '*' is masked already"),
        ({"mask": [{"card": {"keeplast": 4}}]}, "privacy.mask[0]: unknown key 'keeplast' (did you mean 'keep_last'?)"),
        ({"mask": [{"card": {"keep_last": -1}}]}, "privacy.mask[0]: expected at least 0, not -1"),
        ({"mask": [{"card": {}, "name": {}}]}, "expected a name, or one name with what stays"),
        ({"mask": [7]}, "expected a name, or one name with what stays"),
        ({"hash": "a"}, "privacy.hash: expected a list"),
        ({"hide": ["a"]}, "privacy.hide: unknown key 'hide'"),
    ],
)
def test_a_wish_that_contradicts_itself_is_told_with_its_key(privacy, told):
    assert told in refused(privacy=privacy)


@pytest.mark.parametrize(
    ("columns", "rule", "reason"),
    [
        ({"id": "x"}, "drop", "is the id and cannot be dropped: rows are known by it"),
        ({"id": "x"}, "mask", "is the id and cannot be masked: all rows would have the same one"),
        ({"timestamp": "x"}, "drop", "is the timestamp and cannot be dropped: windows are made by it"),
        ({"timestamp": "x"}, "hash", "is the timestamp and cannot be hashed"),
        ({"timestamp": "x"}, "mask", "is the timestamp and cannot be masked"),
        ({"target": "x"}, "drop", "is the target and cannot be dropped"),
        ({"target": "x"}, "mask", "is the target and cannot be masked"),
        ({"target": "x", "task": "regression"}, "hash", "where numbers are computed with"),
        ({"prediction": "x"}, "drop", "is a prediction and cannot be dropped"),
        ({"prediction": "x", "task": "regression"}, "hash", "is a prediction and cannot be hashed"),
        ({"prediction": ["x", "y"]}, "hash", "is a prediction and cannot be hashed"),
        ({"prediction": "x", "target": "late"}, "hash", "expected both of them to be hashed, or neither"),
        ({"prediction": "x", "pos_label": "yes"}, "hash", "columns.pos_label names a class as it comes"),
        ({"prediction": "x", "target_names": ["no", "yes"]}, "hash", "columns.target_names names the classes"),
        ({"numerical_features": ["x"]}, "hash", "is a numerical feature and cannot be hashed"),
        ({"numerical_features": ["x"]}, "mask", "is a numerical feature and cannot be masked"),
        ({"datetime_features": ["x"]}, "hash", "is a datetime feature and cannot be hashed"),
        ({"embeddings": {"e": ["x", "y"]}}, "hash", "is a part of an embedding and cannot be hashed"),
        ({"embeddings": {"e": ["x", "y"]}}, "drop", "is a part of an embedding and cannot be dropped"),
        ({"user_id": "x", "task": "recsys"}, "drop", "is a user's or an item's id and cannot be dropped"),
    ],
)
@pytest.mark.parametrize("name", ["x", "x*", "?"])
def test_what_is_needed_as_it_is_cannot_be_hidden_by_its_name_nor_by_a_pattern(columns, rule, reason, name):
    told = refused(columns=columns, privacy={rule: [name]})

    assert f"privacy.{rule}[0]: " in told
    assert reason in told


def test_the_positive_class_may_be_named_by_its_hash():
    columns = {"target": "y", "prediction": "p", "pos_label": "0a" * 32}

    assert load_monitor({"id": "m", "columns": columns, "privacy": {"hash": ["y", "p"]}}).privacy.hash == ("y", "p")


def test_rows_that_are_told_apart_by_a_column_keep_it():
    assert "is a segment and cannot be dropped" in refused(segments=["x"], privacy={"drop": ["x"]})
    arms = {"column": "x", "baseline": "champion"}
    for rule in Rule:
        assert "is the column of compare" in refused(compare=arms, privacy={rule: ["x"]})


def test_what_was_written_is_what_is_shown_and_read_again():
    privacy = {"drop": ["email"], "hash": ["customer"], "mask": ["name", {"card": {"keep_last": 4}}]}
    monitor = load_monitor({"id": "m", "privacy": privacy})

    shown = monitor.model_dump(mode="json", exclude_defaults=True)
    assert shown["privacy"] == privacy
    assert load_monitor(shown) == monitor


def test_where_patterns_meet_less_is_left():
    privacy = Privacy.model_validate({"drop": ["*_x"], "mask": ["m_*", {"m*": {"keep_last": 9}}], "hash": ["*"]})

    assert [privacy.rule_of(name) for name in ("m_x", "m_y", "y")] == [Rule.DROP, Rule.MASK, Rule.HASH]
    assert privacy.keep_last("m_y") == 0
    assert privacy.keep_last("my") == 9


@pytest.mark.parametrize(
    ("pattern", "column", "matches"),
    [
        ("a*", "a", True), ("a*", "ba", False), ("*a", "banana", True), ("b*a*a", "banana", True), ("a.c", "abc", False),
        ("*", "", True), ("a?c", "a\nc", True), ("a?c", "ac", False), ("x[0]", "x[0]", True), ("x[0]", "x0", False),
        ("*ab*ab*", "ab", False), ("*ab*ab*", "xabab", True),
    ],
)  # fmt: skip
def test_a_star_is_any_text_and_a_question_mark_any_character(pattern, column, matches):
    assert (Privacy(drop=(pattern,)).rule_of(column) is Rule.DROP) is matches


def test_no_name_of_a_column_makes_a_pattern_try_for_long():
    assert Privacy(drop=("*a*a*a*a*a*a*a*a*b",)).rule_of("a" * 200_000) is None  # else: longer than the test may take


# ---------------------------------------------------------------- the key


def protector(**variables):
    return Protector.of(load_settings({f"COLLECTOR_{name}": value for name, value in variables.items()}))


def test_a_monitor_that_hashes_without_a_key_is_refused_and_takes_nothing():
    with pytest.raises(Invalid, match="set COLLECTOR_HASH_KEY or COLLECTOR_HASH_KEY_FILE, at least 16 bytes"):
        protector().check(HASHING)
    with pytest.raises(Unavailable, match="nothing is taken for it until then"):
        protector().of_monitor(HASHING)
    protector(HASH_KEY=KEY.decode()).check(HASHING)
    masking = Monitor.model_validate({"id": "m", "privacy": {"mask": ["a"], "drop": ["b"]}})
    protector().check(masking)  # which takes no key
    assert protector().of_monitor(masking) is not None
    assert protector().of_monitor(Monitor(id="m")) is None


def test_the_key_in_a_file_is_the_key_in_the_environment(tmp_path):
    (tmp_path / "key").write_bytes(KEY + b"\n")
    one, other = protector(HASH_KEY=KEY.decode()), protector(HASH_KEY_FILE=str(tmp_path / "key"))
    values = [each.of_monitor(HASHING).stored("customer", ["Ada"]) for each in (one, other)]

    assert values[0] == values[1] == [hmac.new(KEY, b"Ada", hashlib.sha256).hexdigest()]


def test_a_key_that_is_short_missing_or_given_twice_is_told_with_the_variable(tmp_path):
    (tmp_path / "short").write_bytes(b"0123456789\n      ")
    with pytest.raises(Invalid, match="COLLECTOR_HASH_KEY: the key has 15 bytes: expected at least 16"):
        protector(HASH_KEY="012345678901234")
    with pytest.raises(Invalid, match="COLLECTOR_HASH_KEY_FILE: the key has 10 bytes"):
        protector(HASH_KEY_FILE=str(tmp_path / "short"))
    with pytest.raises(Invalid, match=r"COLLECTOR_HASH_KEY_FILE: .*/none: cannot be read: No such file"):
        protector(HASH_KEY_FILE=str(tmp_path / "none"))
    with pytest.raises(Invalid, match="both set"):
        protector(HASH_KEY=KEY.decode(), HASH_KEY_FILE=str(tmp_path / "short"))


def test_the_key_is_never_shown():
    settings = load_settings({"COLLECTOR_HASH_KEY": KEY.decode()})

    assert KEY.decode() not in f"{settings!r} {settings.model_dump_json()}"


# ---------------------------------------------------------------- the values


def hashing(key=KEY):
    return Protection(Privacy(hash=("x",)), key)


@pytest.mark.parametrize(
    ("one", "other"), [(5, 5.0), (5, "5"), (-0.0, 0), (0.25, "0.25"), (True, "true"), (1e22, 10**22)]
)
def test_equal_values_stay_equal_whichever_type_their_encoding_gave_them(one, other):
    first, second = hashing().stored("x", [one, other])

    assert first == second


@given(st.lists(st.none() | st.text(max_size=5) | st.integers() | st.booleans() | st.floats(), max_size=20))
def test_hashes_are_as_different_as_the_values_and_all_of_one_length(values):
    found = hashing().stored("x", values)

    texts = list(map(canonical, values))
    assert [each is None for each in found] == [each is None for each in texts]
    assert len(set(found)) == len(set(texts))
    assert {len(each) for each in found if each} <= {64}
    assert [value for value in found if value == ""] == [value for value in values if value == ""]


def test_another_key_gives_other_hashes():
    assert hashing().stored("x", ["Ada"]) != hashing(b"fedcba9876543210").stored("x", ["Ada"])


def test_instants_are_hashed_as_the_text_that_they_would_be_kept_as():
    (found,) = hashing().stored("x", Instants([0]))

    assert [found] == hashing().stored("x", ["1970-01-01T00:00:00Z"])


@given(st.text(max_size=40), st.integers(0, 10))
def test_a_mask_shows_no_more_than_the_last_characters_and_never_a_whole_value(text, keep_last):
    found = masked(text, keep_last)

    shown = found.removeprefix("***")
    assert text.endswith(shown)
    assert len(shown) in (0, keep_last)
    assert len(shown) < len(text) or not text


def test_a_value_that_no_column_takes_is_kept_as_nothing_but_its_kind():
    kept = hashing().kept("x", [["Ada"], {"Ada": "Lovelace"}, None, float("nan"), "Ada"])

    assert kept[:4] == [[], {}, None, None]
    assert kept[4:] == hashing().stored("x", ["Ada"])
