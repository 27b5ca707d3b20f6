"""The name of every Redis key. All keys of a monitor share its hash tag, so that a cluster keeps them together.

Scripts say at their top what each key holds.
"""

from dataclasses import dataclass

from collector.model import MonitorId

MONITORS = "collector:monitors"
"""Set: every monitor that has snapshots or dead letters; who asks for all of them begins here."""
PING = "collector:ping"
"""String, a minute long: written to learn whether the server takes writes."""
LAYOUT = "collector:layout"
"""String, without TTL: the version of everything below. Another one is refused at the start."""
LAYOUT_VERSION = 2
"""1: labels that wait stood in one zset, and nothing said a version."""
COMMON = (MONITORS, PING, LAYOUT)
"""The keys that are nobody's in particular; in a cluster each of them may lie elsewhere."""


@dataclass(frozen=True, slots=True)
class MonitorKeys:
    """The keys of one monitor.

    >>> MonitorKeys(MonitorId("flights")).rows("0-60")
    'collector:{flights}:rows:0-60'
    """

    monitor: MonitorId

    def _name(self, what: str) -> str:
        return f"collector:{{{self.monitor}}}:{what}"

    @property
    def everything(self) -> str:
        """A pattern of all names of this monitor. Its id has no sign that a pattern would read otherwise."""
        return self._name("*")

    @property
    def account(self) -> str:
        return self._name("account")

    @property
    def panes(self) -> str:
        return self._name("panes")

    @property
    def pane_names(self) -> str:
        return self._name("pane-names")

    @property
    def settled(self) -> str:
        return self._name("settled")

    @property
    def tombstones(self) -> str:
        return self._name("tombstones")

    def rows(self, pane: str) -> str:
        return self._name(f"rows:{pane}")

    @property
    def requests(self) -> str:
        return self._name("requests")

    @property
    def ids(self) -> str:
        return self._name("ids")

    @property
    def orphans(self) -> str:
        """What the names of the shelves of waiting labels begin with; see the library of the scripts."""
        return self._name("orphans:")

    @property
    def halves(self) -> tuple[str, str, str]:
        """Halves and finished pairs, their instants, and the sums of what waits."""
        name = self._name("halves")
        return name, f"{name}:until", f"{name}:sums"

    def queue(self, queue: str) -> tuple[str, str, str]:
        """Instants, records and payloads of a queue's items."""
        name = self._name(f"queue:{queue}")
        return name, f"{name}:items", f"{name}:payloads"

    @property
    def letters(self) -> str:
        return self._name("letters")

    @property
    def snapshots(self) -> tuple[str, str, str, str]:
        """Instants, heads, bodies and rows of the snapshots."""
        name = self._name("snapshots")
        return name, f"{name}:heads", f"{name}:bodies", f"{name}:data"


def documents(kind: str) -> tuple[str, str]:
    """Versions and bodies of the documents of a kind."""
    name = f"collector:{{documents/{kind}}}"
    return f"{name}:versions", f"{name}:bodies"
