"""Recorded requests of model servers: `payloads/*.http` are headers, a blank line, and the body."""

from pathlib import Path

FOLDER = Path(__file__).parent / "payloads"


def recorded(name: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body."""
    head, _, body = (FOLDER / f"{name}.http").read_text().partition("\n\n")
    lines = (line.partition(": ") for line in head.splitlines())
    return {key: value for key, _, value in lines}, body.rstrip("\n").encode()
