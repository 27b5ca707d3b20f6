"""Ask the peer now, and compare: with the golden values, and with this engine.

    python -m tests.parity.live             exit 0 when nothing changed and nothing differs without a reason
    python -m tests.parity.live --renew     write the golden values, pinned.json and the list in docs/parity.md anew

The peer lives in a virtual environment of its own, made by `make oracle`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.parity import check
from tests.parity.compare import compare
from tests.parity.frames import FRAMES

ROOT = Path(__file__).parents[2]
ORACLE = ROOT / ".oracle" / "bin" / "python"


def ask(directory: Path) -> None:
    """Every case on every frame, by the peer."""
    # Sums over a set of texts depend on the seed of their hashes, sums in threads on how many there are.
    environment = os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
    subprocess.run([str(ORACLE), "-m", "tests.parity.oracle", str(directory)], check=True, cwd=ROOT, env=environment)


def changed(directory: Path) -> list[str]:
    """What the peer says now and did not say when the golden values were written."""
    lines = []
    for name in FRAMES:
        now, then = (check.golden(name, where)["cases"] for where in (directory, check.GOLDEN))
        lines += [f"{name}: {case} is asked for on one side only" for case in sorted(now.keys() ^ then.keys())]
        lines += [str(each) for case in now.keys() & then.keys() for each in compare(name, case, now[case], then[case])]
    return lines


def main(arguments: list[str]) -> int:
    if not ORACLE.exists():
        print("the peer is not installed: make oracle", file=sys.stderr)  # noqa: T201
        return 2
    if "--renew" in arguments:
        ask(check.GOLDEN)
        return check.main(["--accept"])
    with tempfile.TemporaryDirectory() as made:
        ask(Path(made))
        lines = changed(Path(made))
        print("\n".join(["the peer's values, now and in the golden files:", *(lines or ["  all equal"])]))  # noqa: T201
        return check.main([made]) or int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
