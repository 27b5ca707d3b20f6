"""`make soak SOAK_MINUTES=n`: a mixed load with an accident every few seconds, on this machine only, then the books.

Ends with 0 when every acknowledged row was evaluated once in effect and delivered, and nothing was dropped; else 1.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.soak.fleet import Fleet
from tests.soak.load import Sender

SENDERS = 3
ACCIDENT_SECONDS = (4.0, 10.0)
SAMPLE_SECONDS = 10.0
MONITORS = ("flights", "others")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="0: a new one, which is printed")
    options = parser.parse_args()
    seed = options.seed or random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}, {options.minutes:g} minutes", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # its servers end with it
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder))
        try:
            fleet.start()
            senders = _run(fleet, seconds=options.minutes * 60, draw=random.Random(seed))
            return _report(fleet, senders)
        finally:
            fleet.stop()


def _run(fleet: Fleet, *, seconds: float, draw: random.Random) -> list[Sender]:
    stopping = threading.Event()
    senders = [Sender(f"s{n}", fleet.receivers, stopping, draw.randrange(10**9)) for n in range(SENDERS)]
    for sender in senders:
        sender.start()
    began = time.monotonic()
    next_sample, next_accident = began, began + draw.uniform(*ACCIDENT_SECONDS)
    while time.monotonic() < began + seconds:
        now = time.monotonic()
        if now >= next_sample:
            memory = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in fleet.memory_mib().items())
            rows = sum(sender.accepted for sender in senders)
            print(f"{now - began:5.0f} s: {rows} rows acknowledged; {memory}", flush=True)
            next_sample = now + SAMPLE_SECONDS
        if now >= next_accident:
            fleet.accident(draw)
            next_accident = time.monotonic() + draw.uniform(*ACCIDENT_SECONDS)
        time.sleep(0.2)
    stopping.set()
    for sender in senders:
        sender.join(60)
    return senders


def _report(fleet: Fleet, senders: list[Sender]) -> int:
    receiver = fleet.receivers[0]
    for monitor in MONITORS:
        receiver.call("POST", f"/v1/monitors/{monitor}/flush")
    rows = {monitor: receiver.wait_settled(monitor, seconds=180) for monitor in MONITORS}
    acknowledged = sum(sender.accepted for sender in senders)
    delivered = _delivered(fleet, acknowledged)
    told = {name: sum(int(each[name]) for each in rows.values()) for name in ("accepted", "evaluated", "dead_lettered")}
    dropped = sum(sum(each["dropped"].values()) for each in rows.values())
    seconds = sorted(each for sender in senders for each in sender.seconds)
    cuts = statistics.quantiles(seconds, n=100)
    print(f"accidents: {', '.join(f'{name} {times}x' for name, times in sorted(fleet.accidents.items()))}")
    print(f"rows acknowledged {acknowledged}, accepted {told['accepted']}, evaluated {told['evaluated']}, "
          f"dead-lettered {told['dead_lettered']}, dropped {dropped}, delivered in snapshots {delivered}")  # fmt: skip
    print(f"duplicated in effect {max(told['accepted'], delivered) - acknowledged}, "
          f"repeats of requests {sum(sender.repeats for sender in senders)}, "
          f"known again {sum(sender.duplicates for sender in senders)}")  # fmt: skip
    print(
        f"acknowledged requests: p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, max {seconds[-1] * 1000:.0f} ms"
    )
    memory = ", ".join(f"{name} {mib:.0f} MiB" for name, mib in fleet.memory_mib().items())
    print(f"at the end: {memory}")
    for sender in senders:
        if sender.fault is not None:
            print(f"{sender.name} was answered wrongly: {sender.fault}")
    answered = all(sender.fault is None for sender in senders)
    good = answered and acknowledged == told["accepted"] == told["evaluated"] == delivered and not dropped
    print("every row is accounted for, once" if good else "THE BOOKS DO NOT BALANCE")
    return 0 if good else 1


def _delivered(fleet: Fleet, wanted: int) -> int:
    """Rows of the delivered snapshots of the first reports; waits until the outbox is empty."""
    deadline = time.monotonic() + 120
    while True:
        found = sum(int(str(each["rows"])) for each in fleet.delivered().values() if each["report"] == "quality")
        if found >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
