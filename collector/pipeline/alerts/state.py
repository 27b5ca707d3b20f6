"""What is known of a monitor's alerts: what is firing since when, what was told, and the messages of the last step."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from collector.monitor import AlertSettings, Monitor
from collector.ports import Buffer

KIND = "alerts"


@dataclass(slots=True)
class Subject:
    """One rule about one thing: a report, or the rows as such. `since_us` is None while all is well."""

    episode: int = 0
    since_us: int | None = None
    told_us: int = 0
    times: int = 0
    judged_us: int | None = None
    about: dict[str, Any] = field(default_factory=dict)


class AlertState:
    """As it stands in the buffer, one document per monitor. `cause` names the item that was handled last."""

    def __init__(self, monitor: str, document: Mapping[str, Any]) -> None:
        self._monitor = monitor
        self.cause: str = document.get("cause", "")
        self.messages: list[dict[str, Any]] = document.get("messages", [])
        self._subjects = {key: Subject(**values) for key, values in document.get("subjects", {}).items()}

    @staticmethod
    async def load(buffer: Buffer, monitor: Monitor) -> "AlertState":
        """Rules and reports that are configured no more are forgotten."""
        found = await buffer.documents.get(KIND, monitor.id)
        state = AlertState(monitor.id, {} if found is None else orjson.loads(found.body))
        names = ["", *(report.name for report in monitor.reports)]
        known = {f"{alert.name}/{name}" for alert in monitor.alerts for name in names}
        state._subjects = {key: each for key, each in state._subjects.items() if key in known}
        return state

    def subject(self, alert: AlertSettings, report: str) -> Subject:
        return self._subjects.setdefault(f"{alert.name}/{report}", Subject())

    def dump(self) -> dict[str, Any]:
        subjects = {key: asdict(each) for key, each in self._subjects.items()}
        return {"cause": self.cause, "messages": list(self.messages), "subjects": subjects}

    async def save(self, buffer: Buffer) -> None:
        await buffer.documents.put(KIND, self._monitor, orjson.dumps(self.dump()))
