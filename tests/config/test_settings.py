"""Settings come from the environment; a mistake names the variable."""

import pytest

from collector.config import load_settings
from collector.errors import Invalid


def complaint(**environment):
    with pytest.raises(Invalid) as caught:
        load_settings(environment)
    return str(caught.value)


def test_settings_are_read_from_their_variables():
    settings = load_settings({"COLLECTOR_TICK_SECONDS": "0.5", "COLLECTOR_BUFFER_URL": "redis://:hunter2@redis:6379/0"})

    assert settings.tick_seconds == 0.5
    assert settings.buffer_url.get_secret_value() == "redis://:hunter2@redis:6379/0"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("COLLECTOR_TICK_SECONDS", "often", "expected a number, not 'often'"),
        ("COLLECTOR_TICK_SECONDS", "0", "expected a number above 0.0, not '0'"),
        ("COLLECTOR_MAX_ATTEMPTS", "1.5", "expected a whole number, not '1.5'"),
        ("COLLECTOR_MAX_ATTEMPTS", "", "expected a whole number, not ''"),
        ("COLLECTOR_LOG_LEVEL", "debug", "expected one of 'DEBUG', 'INFO', 'WARNING' or 'ERROR', not 'debug'"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_was_expected(name, value, sentence):
    assert complaint(**{name: value}).startswith(f"{name}: {sentence}")


def test_all_wrong_variables_are_told_at_once():
    told = complaint(COLLECTOR_TICK_SECONDS="x", COLLECTOR_LEASE_SECONDS="x").splitlines()

    assert [line.split(":")[0] for line in told] == ["COLLECTOR_TICK_SECONDS", "COLLECTOR_LEASE_SECONDS"]


def test_a_variable_that_is_nearly_a_setting_is_a_mistake():
    assert complaint(COLLECTOR_BUFER_URL="redis://:hunter2@redis") == (
        "COLLECTOR_BUFER_URL: no such setting (did you mean 'COLLECTOR_BUFFER_URL'?)"
    )


def test_variables_of_others_with_our_prefix_are_none_of_our_business():
    load_settings(
        {
            "COLLECTOR_SERVICE_HOST": "10.0.0.1",
            "COLLECTOR_PORT": "tcp://10.0.0.1:8001",
            "COLLECTOR_PORT_8001_TCP_ADDR": "10.0.0.1",
            "COLLECTOR_URL": "http://collector:8001",
            "COLLECTOR_API_KEY": "k",
        }
    )
