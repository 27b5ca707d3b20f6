"""What the interpreter's own events mean for the senders that are alive: a fork starts afresh, an exit says good-bye.

Senders are held weakly: a Collector that nobody holds any more does not live on here.
"""

import atexit
import os
import weakref
from typing import Protocol


class Mortal(Protocol):
    def after_fork(self) -> None:
        """In the child: begin with nothing. What was queued belongs to the parent."""
        ...

    def leave(self) -> None:
        """Begin to end: send what is queued, within a budget of time. Does not wait."""
        ...

    def at_exit(self) -> None:
        """The same, and wait for it."""
        ...


_alive: "weakref.WeakSet[Mortal]" = weakref.WeakSet()


def watch(mortal: Mortal) -> None:
    _alive.add(mortal)


def _after_fork() -> None:
    for mortal in list(_alive):
        mortal.after_fork()


def _at_exit() -> None:
    mortals = list(_alive)
    for mortal in mortals:  # all at once: many take no longer than the slowest
        mortal.leave()
    for mortal in mortals:
        mortal.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
