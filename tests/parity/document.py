"""The section of docs/parity.md that lists every difference the comparison finds, with both values."""

from pathlib import Path
from typing import Any

from tests.parity.compare import Found
from tests.parity.differences import DIFFERENCES, Difference

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
BEGIN = "<!-- made by make parity: begin -->"
END = "<!-- made by make parity: end -->"
HEADER = """\
## Every difference that the comparison finds

`make parity` asks both engines for every metric, test, preset and drift method on every frame of `tests/parity/frames.py`
and compares field by field, to 1e-9. These are all the reasons for which fields differ, each with one example.
Where theirs is ours but rounded, the comparison checks just that; every other pair of values stands in
`tests/parity/pinned.json`.

| reason | fields | example | there | here |
|---|---|---|---|---|
"""


def section(explained: list[tuple[Difference, Found]]) -> str:
    """The text between the marks, for these differences."""
    rows = []
    for rule in DIFFERENCES:
        found = [each for used, each in explained if used is rule]
        if not found:
            continue
        first = min(found, key=_plainest)
        cells = (
            f"**{rule.title}.** {rule.reason}",
            str(len(found)),
            f"{first.frame}: `{_code(first.case)}` {f'`{_code(first.field)}`' if first.field else ''}".rstrip(),
            _value(first.theirs),
            _value(first.ours),
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return HEADER + "\n".join(rows) + "\n"


def _plainest(found: Found) -> tuple[int, str, str, str]:
    return len(found.case) + len(found.field), found.frame, found.case, found.field


def _code(text: str) -> str:
    return text.replace("`", "")


def _value(value: Any) -> str:
    if isinstance(value, dict) and "error" in value:
        error = value["error"]
        return f"`{error['type'] if isinstance(error, dict) else error}`"
    if isinstance(value, dict) and "status" in value:
        return f"{value['status']}"
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def renew(explained: list[tuple[Difference, Found]]) -> None:
    """Write the section into the page."""
    text = PAGE.read_text(encoding="utf-8")
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{section(explained)}{END}{after}", encoding="utf-8")


def written() -> str:
    """The section as the page has it."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return rest.partition(END)[0].removeprefix("\n")
