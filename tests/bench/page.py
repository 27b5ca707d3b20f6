"""The page of measurements: each bench replaces its own section and leaves the others alone."""

import re
from pathlib import Path

HEAD = """# Benchmarks

Made by `make bench`, on a machine that other work may share: ratios of one run say more than times.
"""


def put_section(page: Path, section: str) -> None:
    """Put a section, which begins with its `## title`, in place of the one with that title, or at the end."""
    title = section.partition("\n")[0]
    text = page.read_text(encoding="utf-8") if page.exists() else HEAD
    parts = [part.strip() for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)]
    places = [place for place, part in enumerate(parts) if part.partition("\n")[0] == title]
    if places:
        parts[places[0]] = section.strip()
    else:
        parts.append(section.strip())
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
