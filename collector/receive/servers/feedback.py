"""Seldon's feedback as rows of labels: the truth of an earlier inference. Pure."""

from collections.abc import Mapping
from typing import Any

from collector.errors import Invalid
from collector.model import Table
from collector.receive.decoders import bodies
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.table import Decoded, Instants, Limits
from collector.receive.servers.pairs import ids_of
from collector.receive.servers.senders import Sighting


def label_rows(sighting: Sighting, limits: Limits) -> Decoded:
    """One label for each row of `truth`. Raises Malformed, Invalid."""
    value = loads(sighting.body)
    truth = value.get("truth") if isinstance(value, Mapping) else None
    if truth is None:
        raise Invalid('feedback without truth: expected {"truth": {"data": {"ndarray": [..]}}}')
    parsed = bodies.parse_value(truth, limits)
    columns = [*parsed.named.values(), *parsed.unnamed]
    if len(columns) != 1:
        raise Invalid(f"the truth has {len(columns)} values a row: expected one, the target")
    table: dict[str, Any] = {"id": ids_of(_asked(value) or sighting.inference, parsed.rows), "target": columns[0]}
    if sighting.time_us is not None:
        table["timestamp"] = Instants([sighting.time_us] * parsed.rows)
    return Decoded(Table(table, parsed.rows))


def _asked(value: Mapping[str, Any]) -> str | None:
    """The id of the inference, where the feedback carries its response."""
    response = value.get("response")
    meta = response.get("meta") if isinstance(response, Mapping) else None
    puid = meta.get("puid") if isinstance(meta, Mapping) else None
    return puid if isinstance(puid, str) and puid else None
