"""Lines of the log: machines can read them, they say what they are about, and they hold no secrets."""

import json
import logging

import pytest

from collector import logs


def line(message: str, *args: object, form: logging.Formatter | None = None, exc_info: object = None) -> str:
    record = logging.LogRecord("collector.x", logging.WARNING, "x.py", 1, message, args, exc_info)  # type: ignore[arg-type]
    return (form or logs.JsonLines()).format(record)


def test_a_line_is_one_json_object_with_what_it_is_about():
    with logs.about(monitor="flights", attempt=1), logs.about(window="0-60#0", attempt=2):
        told = json.loads(line("failed: %s", "a\nb"))
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "WARNING", "logger": "collector.x", "message": "failed: a\nb",
        "monitor": "flights", "window": "0-60#0", "attempt": 2,
    }  # fmt: skip
    assert "monitor" not in json.loads(line("afterwards"))


def test_an_exception_stands_in_the_same_line():
    try:
        raise ValueError("why")
    except ValueError as error:
        text = line("failed", exc_info=(type(error), error, error.__traceback__))
    assert "\n" not in text
    assert "ValueError: why" in json.loads(text)["exception"]


@pytest.mark.parametrize("form", [logs.JsonLines(), logs.Lines("%(message)s")])
@pytest.mark.parametrize("password", ["hunter2", "hunt@er2", "hunter2@"])
def test_passwords_in_addresses_are_blotted_out(form: logging.Formatter, password: str):
    text = line("cannot reach %s", f"rediss://user:{password}@redis:6379/0", form=form)
    assert "er2" not in text
    assert "rediss://***@redis:6379/0" in text
