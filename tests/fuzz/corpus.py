"""The corpus: for each door a folder of small files, each the body of one request, or a file as `backfill` reads it."""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def paths(door: str) -> list[Path]:
    return sorted(path for path in (FOLDER / door).iterdir() if path.is_file())


def seeds(door: str) -> list[bytes]:
    """What to begin with: every file of the door."""
    return [path.read_bytes() for path in paths(door)]


def keep(door: str, data: bytes) -> Path:
    """Write an input that went wrong, so that it is replayed from now on. Give it a name that says what it is."""
    path = FOLDER / door / f"found-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path
