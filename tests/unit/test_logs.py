"""Lines of the log: machines can read them, they say what they are about, and they hold no secrets."""

import json
import logging

import pytest

from collector import logs
from collector.clock import ManualClock


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


class Listener(logging.Handler):
    """Keeps what passes."""

    def __init__(self, repeats: logs.Repeats) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(repeats)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def told(request):
    """A logger, what is heard of it, and the time that it goes by."""
    logger, clock = logging.getLogger(request.node.name), ManualClock(now_us=0)
    listener = Listener(logs.Repeats(lambda: clock.now_us() / 1e6))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(listener)
    yield logger, listener.lines, clock
    logger.removeHandler(listener)


def test_an_outage_of_a_day_is_some_lines_and_they_say_how_many_were_left_out(told):
    logger, lines, clock = told
    for second in range(86_400):
        logger.warning("%s: Redis cannot be reached, tried again in %.1f s", f"monitor-{second % 100}", second / 7)
        clock.advance(seconds=1)
    assert len(lines) < logs.BURST + 86_400 / logs.PAUSE_SECONDS + 10
    assert lines[0] == "monitor-0: Redis cannot be reached, tried again in 0.0 s"
    assert all("like it were left out" in line for line in lines[-10:])
    left_out = sum(int(line.rsplit("(", 1)[1].split()[0]) for line in lines if "left out" in line)
    assert 86_400 - logs.PAUSE_SECONDS <= left_out + len(lines) <= 86_400


def test_a_flood_hides_no_other_line_no_other_monitor_and_no_debugging(told):
    logger, lines, _ = told

    def fails(monitor: str) -> None:
        with logs.about(monitor=monitor):
            logger.warning("%s failed", monitor)

    for number in range(1000):
        logger.error(f"flood {number}")  # noqa: G004 - as libraries do: no two of their sentences are alike
        logger.debug("detail %d", number)
        fails("noisy")
    fails("quiet")
    logger.info("something else")
    assert sum(line.startswith("flood") for line in lines) == logs.BURST
    assert sum(line.startswith("noisy") for line in lines) == logs.BURST
    assert sum(line.startswith("detail") for line in lines) == 1000
    assert lines[-2:] == ["quiet failed", "something else"]


def test_after_a_rest_everything_is_said_again(told):
    logger, lines, clock = told
    for number in range(1000):
        if number == 980:
            clock.advance(seconds=3600)
            lines.clear()
        logger.warning("at %d %%", number)
    assert lines[0] == f"at 980 % ({980 - logs.BURST} like it were left out)"
    assert lines[1:] == [f"at {number} %" for number in range(981, 1000)]


def test_what_was_said_long_ago_is_forgotten():
    clock = ManualClock(now_us=0)
    repeats = logs.Repeats(lambda: clock.now_us() / 1e6)
    for number in range(100_000):
        assert repeats.filter(logging.LogRecord("x", logging.INFO, "x.py", number, "said once", (), None))
        clock.advance(seconds=1)
    assert len(repeats._said) <= 2_000
