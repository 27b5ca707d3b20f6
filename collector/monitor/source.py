"""Which model server's events belong to a monitor, and how rows are made of them. Parsed at the edge, trusted inside."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from collector.durations import Duration
from collector.model import Side
from collector.strict import Model


class SourceSettings(Model):
    """`service`: the name that the sender gives itself, such as an InferenceService's; the monitor's id unless said.
    `namespace`, `endpoint` (default, canary, a deployment) narrow it. `component`: the part of a KServe service whose
    events count, because a transformer logs everything once more.

    `events`: which halves make a row; `both` waits up to `wait` for the other one. `features`: names of values that a
    sender gives by position only.
    """

    service: str | None = None
    namespace: str | None = None
    endpoint: str | None = None
    component: str | None = "predictor"
    events: Literal["both", "request", "response"] = "both"
    wait: Duration = timedelta(minutes=5)
    features: tuple[str, ...] | None = None

    def takes(self, side: Side) -> bool:
        return self.events in ("both", side.value)

    def fit(self, attributes: Mapping[str, str], *, monitor: str) -> int:
        """How closely this source describes who sent `attributes` (service, namespace, endpoint, component): 0 for not at
        all. A sender that does not name its component is any of them.

        >>> SourceSettings(namespace="prod").fit({"service": "flights", "namespace": "prod"}, monitor="flights")
        2
        >>> SourceSettings(namespace="prod").fit({"service": "flights"}, monitor="flights")
        0
        """
        if attributes.get("service") != (self.service or monitor):
            return 0
        if self.component not in (None, attributes.get("component", self.component)):
            return 0
        wanted = [(name, value) for name in ("namespace", "endpoint") if (value := getattr(self, name)) is not None]
        return 1 + len(wanted) if all(attributes.get(name) == value for name, value in wanted) else 0
