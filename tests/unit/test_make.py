"""What make gives to the programs that it starts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = "include Makefile\nask:\n\t@env\n"


@pytest.mark.skipif(shutil.which("make") is None and "CI" not in os.environ, reason="needs make")
def test_make_lets_python_keep_what_it_compiled_whatever_the_container_says() -> None:
    """Else each of hundreds of processes compiles pandas and scipy anew, and the tests take twice as long."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "STAYS": "1"}
    told = subprocess.run(
        ["make", "--file=-", "ask"], input=ASK, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {line.partition("=")[0] for line in told.stdout.splitlines()}
    assert "STAYS" in names
    assert "PYTHONDONTWRITEBYTECODE" not in names
