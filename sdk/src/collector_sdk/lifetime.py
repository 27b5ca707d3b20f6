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

    def at_exit(self) -> None:
        """Send what is queued, within a budget of time."""
        ...


_alive: "weakref.WeakSet[Mortal]" = weakref.WeakSet()


def watch(mortal: Mortal) -> None:
    _alive.add(mortal)


def _after_fork() -> None:
    for mortal in list(_alive):
        mortal.after_fork()


def _at_exit() -> None:
    for mortal in list(_alive):
        mortal.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
