"""Who sent an event, and what it is: the dialects of KServe, Seldon Core, Azure ML and ModelMesh, and plain CloudEvents. Pure."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.errors import Invalid, UnknownMonitor
from collector.model import Side, digest
from collector.monitor import Monitor
from collector.receive.decoders.cloudevents import CloudEvent
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.table import Limits
from collector.receive.words import kind
from collector.strict import near_miss


class Content(StrEnum):
    """What the body of an event holds."""

    REQUEST = "request"
    RESPONSE = "response"
    FEEDBACK = "feedback"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event understood. `inference` is the id that request, response and feedback share; `origin` says who sent it:
    service, namespace, component, endpoint, each where it is known.
    """

    content: Content
    inference: str
    origin: Mapping[str, str]
    time_us: int | None
    body: bytes

    @property
    def side(self) -> Side:
        return Side(self.content)

    @property
    def key(self) -> bytes:
        """Names the inference within its monitor: a chain of models logs one id for each of them."""
        parts = [self.origin.get(name, "") for name in ("namespace", "service", "component", "endpoint", "node")]
        return digest("\0".join([*parts, self.inference]))


def all_sighted(events: Sequence[CloudEvent | Invalid]) -> Sequence[Sighting | Invalid]:
    """In their order; what is wrong with one of them stands in its place."""
    found: list[Sighting | Invalid] = []
    for event in events:
        try:
            found.append(event if isinstance(event, Invalid) else sighted(event))
        except Invalid as error:
            found.append(error)
    return found


def sighted(event: CloudEvent) -> Sighting:
    """Raises Invalid when the event's own dialect says that its data is elsewhere."""
    for prefix, dialect in _DIALECTS:
        if event.type.startswith(prefix):
            return dialect(event, event.type.removeprefix(prefix))
    origin = {"service": event.source} | _origin(event.attributes, service="inferenceservicename")
    return Sighting(Content.ROWS, event.id, origin, event.time_us, event.body)


def of_modelmesh(body: bytes, limits: Limits) -> Sighting:
    """ModelMesh's payload processor: a gRPC message in base64, inside of JSON. Raises Malformed, Invalid, TooLarge."""
    value = loads(body)
    if not isinstance(value, Mapping):
        raise Invalid(f"expected an object with id, kind, modelid and data, not {kind(value)}")
    for name in ("id", "kind", "modelid", "data"):
        if not isinstance(value.get(name), str) or not value[name]:
            found = "an empty one" if value.get(name) == "" else kind(value.get(name))
            raise Invalid(f"{name}: expected text, not {found}", key=name)
    content = _half(value["kind"])
    try:
        message = base64.b64decode(value["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("data: expected base64", key="data") from error
    from collector.receive.decoders.bodies import grpc_form  # noqa: PLC0415 - who reads no protobuf does not load it

    service = value["modelid"].partition("__isvc-")[0]  # InferenceServices are registered with a hash behind their name
    return Sighting(content, value["id"], {"service": service}, None, grpc_form.to_json(Side(content), message, limits))


def monitor_of(sighting: Sighting, monitors: Sequence[Monitor]) -> Monitor | None:
    """The monitor that describes its sender most closely; None when the sender is known, but this part of it is not
    watched. Raises UnknownMonitor.
    """
    service = sighting.origin.get("service", "")
    named = _watching(service, monitors)
    if not named:
        raise _unknown(service, monitors)
    best = max(named, key=lambda each: each.source.fit(sighting.origin, monitor=each.id))
    return best if best.source.fit(sighting.origin, monitor=best.id) else None


def monitor_named(services: Sequence[str], origin: Mapping[str, str], monitors: Sequence[Monitor]) -> Monitor:
    """The monitor of the first of several names of one sender. Raises UnknownMonitor."""
    for service in services:
        fitting = [
            (each.source.fit({**origin, "service": service}, monitor=each.id), each)
            for each in _watching(service, monitors)
        ]
        best, monitor = max(fitting, key=lambda each: each[0], default=(0, None))
        if monitor is not None and best:
            return monitor
    raise _unknown(services[0] if services else "", monitors)


def _watching(service: str, monitors: Sequence[Monitor]) -> list[Monitor]:
    return [each for each in monitors if (each.source.service or each.id) == service]


def _unknown(service: str, monitors: Sequence[Monitor]) -> UnknownMonitor:
    if not service:
        return UnknownMonitor(
            "the sender names no service: expected inferenceservicename of an event, service.name of a log, or the monitor "
            "at the end of the address"
        )
    nearest = near_miss(service, [each.source.service or each.id for each in monitors])
    return UnknownMonitor(
        f"no monitor watches the service {service!r}{nearest}: name it in a monitor's source.service, or name the monitor "
        "at the end of the address",
        service=service,
    )


def _kserve(event: CloudEvent, what: str) -> Sighting:
    """KServe's logger, and whoever logs halves and has no dialect of its own."""
    origin = _origin(event.attributes, service="inferenceservicename")
    return Sighting(_half(what), event.id, origin, event.time_us, event.body)


def _seldon(event: CloudEvent, what: str) -> Sighting:
    """Every event has an id of its own here; what they share is the request id, or the one that their bodies carry."""
    inference = event.attributes.get("requestid") or _puid(event.body) or event.id
    origin = _origin(event.attributes, service="inferenceservicename", node="modelid")
    content = Content.FEEDBACK if what == "feedback" else _half(what.removeprefix("inference."))
    if content is Content.FEEDBACK:
        origin = {name: value for name, value in origin.items() if name != "node"}
    return Sighting(content, inference, origin, event.time_us, event.body)


def _puid(body: bytes) -> str | None:
    try:
        value = loads(body)
    except Invalid:
        return None  # it is told when the body is read
    meta = value.get("meta") if isinstance(value, Mapping) else None
    puid = meta.get("puid") if isinstance(meta, Mapping) else None
    return puid if isinstance(puid, str) and puid else None


def _azure(event: CloudEvent, what: str) -> Sighting:
    """Collections are named by their users; what ends in inputs or outputs is a half, any other holds rows."""
    if event.attributes.get("datainblob", "").lower() == "true":
        raise Invalid("the data stands in a blob of its own (datainblob): only data inside of the event is read")
    inference = event.attributes.get("correlationid") or event.attributes.get("xrequestid") or event.id
    origin = {"service": event.source}
    found = _AZURE_SOURCE.search(event.source)
    if found is not None:
        origin = {"service": found.group(1), "endpoint": found.group(2)}
    ending = next((each for each in _AZURE_ENDINGS if what.endswith(each)), None)
    content = Content.ROWS if ending is None else _AZURE_ENDINGS[ending]
    return Sighting(content, inference, origin, event.time_us, event.body)


_AZURE_SOURCE = re.compile(r"/onlineEndpoints/([^/]+)/deployments/([^/]+)", re.IGNORECASE)
_AZURE_ENDINGS = {
    "inputs": Content.REQUEST,
    "request": Content.REQUEST,
    "outputs": Content.RESPONSE,
    "response": Content.RESPONSE,
}
_DIALECTS: Sequence[tuple[str, Callable[[CloudEvent, str], Sighting]]] = (
    ("collector.inference.", _kserve),
    ("org.kubeflow.serving.inference.", _kserve),
    ("io.seldon.serving.", _seldon),
    ("azureml.inference.", _azure),
)


def _half(what: str) -> Content:
    if what not in (Content.REQUEST, Content.RESPONSE):
        raise Invalid(f"{what[:40]!r} is no kind of event: expected request or response")
    return Content(what)


def _origin(attributes: Mapping[str, str], **names: str) -> dict[str, str]:
    wanted = {"namespace": "namespace", "component": "component", "endpoint": "endpoint"} | names
    return {name: attributes[key] for name, key in wanted.items() if attributes.get(key)}
