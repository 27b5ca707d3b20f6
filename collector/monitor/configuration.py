"""A whole `collector.yaml`: destinations, monitors, and whether the ones can go to the others."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from collector.monitor.monitor import Monitor
from collector.monitor.name import NAME
from collector.strict import Model, inconsistent, near_miss

KeyPath = tuple[str | int, ...]


class LocalDestination(Model):
    type: Literal["local"]
    path: str = "./workspace"


class EvidentlyDestination(Model):
    """A self-hosted Evidently UI (url, secret), or Evidently Cloud (token)."""

    type: Literal["evidently"]
    url: str = "https://app.evidently.cloud"
    secret: SecretStr | None = None
    token: SecretStr | None = None


class WebhookDestination(Model):
    type: Literal["webhook"]
    url: str
    secret: SecretStr | None = None


DestinationSettings = Annotated[
    LocalDestination | EvidentlyDestination | WebhookDestination, Field(discriminator="type")
]


def misdirected(monitor: Monitor, destinations: Mapping[str, DestinationSettings]) -> Iterator[tuple[KeyPath, str]]:
    """What the monitor sends to where it cannot go: the key inside of it, and what is wrong."""
    for index, name in enumerate(monitor.forward):
        if name not in destinations:
            sentence = (
                f"monitor {monitor.id!r} forwards to {name!r}{near_miss(name, list(destinations))}, "
                f"which is no destination; known: {', '.join(destinations) or 'none'}"
            )
            yield ("forward", index), sentence
    webhooks = [name for name, each in destinations.items() if isinstance(each, WebhookDestination)]
    for index, alert in enumerate(monitor.alerts):
        if alert.to not in webhooks:
            what = "is a workspace, which takes snapshots only" if alert.to in destinations else "is no destination"
            sentence = (
                f"{alert.to!r}{near_miss(alert.to, webhooks)} {what}; "
                f"alerts go to webhooks; known: {', '.join(webhooks) or 'none'}"
            )
            yield ("alerts", index, "to"), sentence


class Configuration(Model):
    """A whole `collector.yaml`."""

    destinations: Mapping[Annotated[str, Field(pattern=NAME)], DestinationSettings] = Field(default_factory=dict)
    monitors: tuple[Monitor, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids = [monitor.id for monitor in self.monitors]
        for index, monitor in enumerate(self.monitors):
            if monitor.id in ids[:index]:
                raise inconsistent(f"two monitors have the id {monitor.id!r}", "monitors", index, "id")
            for place, sentence in misdirected(monitor, self.destinations):
                raise inconsistent(sentence, "monitors", index, *place)
        return self
