"""`python -m tests.fuzz --minutes N [--door NAME ...]`: look for inputs that go wrong, and keep them in the corpus.

The service is asked from outside, so what it does is known by what it says: an input whose answer reads unlike all before it
(numbers and quoted words aside) is a seed from then on. What goes wrong is made as small as it can be before it is kept.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tests.fuzz import corpus, files
from tests.fuzz.doors import DOORS
from tests.fuzz.house import House, opened
from tests.fuzz.mutation import mutated

Ask = Callable[[bytes], str]
"""What became of an input, as text. Raises Defect, or whatever the code under it raises."""

_ROUND = 200
"""Inputs for one door before it is the next one's turn."""
_TRIES = 300
"""How often an input is made smaller, at most."""
_PARTICULARS = re.compile(r"'[^']*'|\d+")


class Hunt:
    """One door. State: the seeds, the answers that were seen, and what went wrong."""

    def __init__(self, door: str, ask: Ask, random: Random) -> None:
        self.door = door
        self.asked = 0
        self.found: dict[str, Path] = {}
        self._ask = ask
        self._random = random
        self._seeds = corpus.seeds(door)
        self._seen: set[str] = set()

    def go(self, times: int) -> None:
        for _ in range(times):
            data = mutated(self._random, self._seeds)
            self.asked += 1
            says, wrong = self._outcome(data)
            if wrong and says not in self.found:
                self.found[says] = corpus.keep(self.door, self._smaller(data, says))
                sys.stdout.write(f"{self.door}: {says}\n  kept as {self.found[says].name}\n")
            elif not wrong and says not in self._seen:
                self._seen.add(says)
                self._seeds.append(data)

    @property
    def answers(self) -> int:
        return len(self._seen)

    def _outcome(self, data: bytes) -> tuple[str, bool]:
        """What is said of an input, and whether it is a fault of ours."""
        try:
            return _PARTICULARS.sub("", self._ask(data))[:400], False
        except Exception as error:  # noqa: BLE001 - any error that comes so far is what is looked for
            last = (str(error).strip().splitlines() or [""])[-1]
            return _PARTICULARS.sub("", f"{type(error).__name__}: {last}")[:400], True

    def _smaller(self, data: bytes, says: str) -> bytes:
        """The input without whatever is not needed for the same fault."""
        size, tries = max(len(data) // 2, 1), 0
        while tries < _TRIES:
            for start in range(0, len(data), size):
                less = data[:start] + data[start + size :]
                tries += 1
                if self._outcome(less) == (says, True):
                    data = less
                    break
                if tries >= _TRIES:
                    break
            else:
                if size == 1:
                    break
                size //= 2
        return data


def of_service(house: House, door: str) -> Ask:
    return lambda data: " | ".join(
        f"{each.status} {each.body[:300].decode(errors='replace')}" for each in house.ask(door, data)
    )


def of_file(folder: Path, door: str) -> Ask:
    return lambda data: f"{files.read(door, data, folder)} batches"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument(
        "--door", action="append", choices=[*DOORS, *files.FILES], help="only these; all of them unless said"
    )
    parser.add_argument("--seed", type=int, default=None, help="of the chance: the same inputs again")
    options = parser.parse_args(arguments)
    seed = time.time_ns() if options.seed is None else options.seed
    random = Random(seed)
    sys.stdout.write(f"seed {seed}\n")
    until = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory() as name, opened(Path(name)) as house:
        doors = options.door or [*DOORS, *files.FILES]
        hunts = [
            Hunt(door, of_service(house, door) if door in DOORS else of_file(Path(name), door), random)
            for door in doors
        ]
        while time.monotonic() < until:
            for hunt in hunts:
                hunt.go(_ROUND)
    for hunt in hunts:
        sys.stdout.write(f"{hunt.door:20} {hunt.asked:8} inputs {hunt.answers:5} answers {len(hunt.found):3} faults\n")
    return 1 if any(hunt.found for hunt in hunts) else 0


if __name__ == "__main__":
    sys.exit(main())
