"""This engine's values for every frame and case, in the form of the golden ones."""

from typing import Any

from collector.evaluate import ColumnMapping, Report, TestSuite, approx, descriptors
from collector.evaluate.base import Context, Group, Metric, name_of
from collector.evaluate.measures import embeddings
from collector.evaluate.measures.drift import stattests
from collector.evaluate.profile import FrameProfile
from collector.evaluate.registry import metrics_by_name, tests_by_name
from collector.evaluate.run import expand
from tests.parity.case import Case
from tests.parity.frames import Frames
from tests.parity.normal import by_name, settled


class Ours:
    """This engine over one pair of frames."""

    def __init__(self, frames: Frames) -> None:
        self.current = FrameProfile(frames.current)
        self.reference = FrameProfile(frames.reference)
        self.mapping = ColumnMapping(**frames.mapping)
        self.additional = {name: FrameProfile(frame) for name, frame in frames.additional.items()}

    def answer(self, case: Case) -> Any:
        """The result, the test's entry, the entries of a preset; `{"error": ...}` where there is none."""
        wish = build(case)
        reference = self.reference if case.compared else None
        data: dict[str, Any] = {
            "current_data": self.current,
            "reference_data": reference,
            "column_mapping": self.mapping,
            "additional_data": self.additional,
        }
        if case.kind == "metric preset":
            assert isinstance(wish, Group)
            held = expand([wish], Context(self.current, reference, self.mapping, self.additional), Metric)
            return dict.fromkeys(sorted(_named(metric) for metric in held), True)
        if case.kind == "metric":
            report = Report(metrics=[wish])
            report.run(**data)
            (found,) = report.as_dict()["metrics"]
            return settled(case, found["result"]) if "result" in found else {"error": found["error"]}
        suite = TestSuite(tests=[wish])
        suite.run(**data)
        entries = [settled(case, entry) for entry in suite.as_dict()["tests"]]
        return entries[0] if case.kind == "test" else by_name(entries)


def build(case: Case) -> object:
    made = metrics_by_name() if case.kind.startswith("metric") else tests_by_name()
    arguments = {name: _made(value) for name, value in case.arguments}
    wish: object = made[case.name](**arguments)
    return wish


def _made(value: Any) -> Any:
    if isinstance(value, dict) and "approx" in value:
        return approx(*value["approx"])
    if isinstance(value, dict) and "embedding" in value:
        method, arguments = value["embedding"]
        return getattr(embeddings, method)(**arguments)
    if isinstance(value, dict) and "descriptor" in value:
        name, arguments, column = value["descriptor"]
        described = getattr(descriptors, name)(**arguments)
        return described if column is None else described.on(column)
    if isinstance(value, dict):
        return {key: _made(each) for key, each in value.items()}
    return [_made(each) for each in value] if isinstance(value, list) else value


def unknown(case: Case) -> str | None:
    """The name in the case that this engine does not know, if any."""
    made = metrics_by_name() if case.kind.startswith("metric") else tests_by_name()
    if case.name not in made:
        return case.name
    return next((name for name in sorted(case.stattests) if name not in stattests()), None)


def _named(metric: object) -> str:
    column = getattr(metric, "column_name", None)
    return (name_of(metric) if isinstance(metric, Metric) else type(metric).__name__) + (
        "" if column is None else f" {column}"
    )
