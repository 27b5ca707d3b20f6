"""From a destination's settings to the adapter: the one list of destinations."""

from collector.forward.evidently import EvidentlyForwarder
from collector.forward.local import LocalForwarder
from collector.forward.webhook import WebhookForwarder
from collector.monitor import DestinationSettings, EvidentlyDestination, LocalDestination, WebhookDestination
from collector.ports import Destination


def build(name: str, settings: DestinationSettings) -> Destination:
    """The destination called `name`. Opens nothing: the first delivery connects."""
    match settings:
        case LocalDestination():
            return LocalForwarder(settings.path)
        case WebhookDestination():
            return WebhookForwarder(name, settings.url, secret=settings.secret)
        case EvidentlyDestination():
            return EvidentlyForwarder(name, settings.url, secret=settings.secret, token=settings.token)
