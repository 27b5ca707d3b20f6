"""Ours against the golden values: what agrees, what differs with a reason, what differs without one.

.venv/bin/python -m tests.parity.check DIRECTORY         compare with golden values in DIRECTORY
.venv/bin/python -m tests.parity.check --accept          pin what the rules of differences.py allow; renew docs/parity.md
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.evaluate.registry import metrics_by_name
from tests.parity.cases import cases
from tests.parity.compare import Found, compare
from tests.parity.differences import DIFFERENCES, Difference
from tests.parity.frames import FRAMES, digest
from tests.parity.ours import Ours, unknown

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
PINNED = HERE / "pinned.json"


@dataclass
class Outcome:
    """One pair of frames, all cases."""

    compared: int = 0
    unknown: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    """Cases without a golden value: the golden values are older than the cases."""
    explained: list[tuple[Difference, Found]] = field(default_factory=list)
    unexplained: list[Found] = field(default_factory=list)


def golden(name: str, directory: Path = GOLDEN) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))
    return document


def check(name: str, directory: Path = GOLDEN) -> Outcome:
    """Compare one pair of frames. Raises ValueError when it is not the one that the golden values are of."""
    frames = FRAMES[name]()
    document = golden(name, directory)
    if document["digest"] != digest(frames):
        raise ValueError(f"the golden values of {name} are of other data: make parity PARITY_ARGS=--renew")
    outcome, ours = Outcome(), Ours(frames)
    for case in cases(name, frames):
        if case.id not in document["cases"]:
            outcome.missing.append(case.id)
            continue
        lacking = unknown(case)
        if lacking is not None:
            outcome.unknown.add(lacking)
            continue
        outcome.compared += 1
        theirs = document["cases"][case.id]
        if case.kind == "metric preset":
            theirs = {
                held: there for held, there in theirs.items() if held == "error" or held.split()[0] in metrics_by_name()
            }
        for found in compare(name, case.id, ours.answer(case), theirs):
            rule = next((rule for rule in DIFFERENCES if rule.allows(found, frames)), None)
            if rule is None:
                outcome.unexplained.append(found)
            else:
                outcome.explained.append((rule, found))
    return outcome


def to_pin(outcome: Outcome) -> list[dict[str, Any]]:
    """Both values of every difference whose rule has no relation to check."""
    return [
        {"rule": rule.id, "frame": found.frame, "case": found.case, "field": found.field}
        | {"ours": found.ours, "theirs": found.theirs}
        for rule, found in outcome.explained
        if rule.relation is None
    ]


def write_pinned(pinned: list[dict[str, Any]]) -> None:
    lines = [json.dumps(entry, ensure_ascii=False) for entry in sorted(pinned, key=place)]
    PINNED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def place(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["rule"], entry["frame"], entry["case"], entry["field"]


def main(arguments: list[str]) -> int:
    """0 when nothing differs without a reason, 1 otherwise."""
    directory = Path(arguments[0]) if arguments and arguments[0] != "--accept" else GOLDEN
    outcomes = {name: check(name, directory) for name in FRAMES if (directory / f"{name}.json").exists()}
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome.compared} compared, {len(outcome.explained)} fields differ with a reason")  # noqa: T201
        for found in outcome.unexplained:
            print(f"  {found}")  # noqa: T201
    if "--accept" in arguments:
        from tests.parity.document import renew

        write_pinned([entry for outcome in outcomes.values() for entry in to_pin(outcome)])
        renew([pair for outcome in outcomes.values() for pair in outcome.explained])
    return int(any(outcome.unexplained for outcome in outcomes.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
