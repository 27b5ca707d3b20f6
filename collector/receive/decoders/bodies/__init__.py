"""What model servers are asked and answer: KServe v1 and v2, TensorFlow Serving, MLflow, Seldon, plain rows.

A format is told by its keys, not by its sender: KServe's logger passes on whatever the model speaks. To add one: a
module with `parse`, a line in `parse_value`, a page in docs/ingest.
"""

import json
from collections.abc import Mapping
from typing import Any

from collector.errors import Invalid
from collector.receive.decoders.bodies import seldon, tensors
from collector.receive.decoders.bodies.parsed import Parsed, from_list, from_mapping
from collector.receive.decoders.json_text import loads
from collector.receive.decoders.table import Limits
from collector.receive.problems import Malformed
from collector.receive.words import kind

KEYS = (
    "instances", "inputs", "predictions", "outputs", "data", "jsonData", "dataframe_split", "dataframe_records",
)  # fmt: skip
"""One of these is in every request and response that is an object."""
_KNOWN = ", ".join(KEYS)


def parse(body: bytes, limits: Limits) -> Parsed:
    """One side of inferences out of the body as it went over the wire. Raises Malformed, Invalid, TooLarge."""
    value, binary = _json_and_rest(body)
    return parse_value(value, limits, binary)


def parse_value(value: Any, limits: Limits, binary: memoryview | None = None) -> Parsed:
    """The same, out of JSON that is read already. Raises Invalid, TooLarge.

    >>> parse_value({"predictions": [0.3, 0.7]}, Limits(10, 10, 100)).unnamed
    [[0.3, 0.7]]
    """
    if isinstance(value, list):
        return from_list(value, limits, what="the body")
    if not isinstance(value, Mapping):
        raise Invalid(f"expected a request or response of a model, an object with {_KNOWN}; not {kind(value)}")
    for key in ("inputs", "outputs"):
        if tensors.is_tensors(value.get(key)):
            return tensors.parse(value[key], limits, binary)
    for key in ("instances", "predictions", "inputs", "outputs", "dataframe_records"):
        if isinstance(value.get(key), Mapping):
            return from_mapping(value[key], limits, what=key)
        if key in value:
            return from_list(value[key], limits, what=key)
    if seldon.is_seldon(value.get("data")):
        return seldon.parse(value["data"], limits)
    if isinstance(value.get("jsonData"), Mapping):
        return _json_data(value["jsonData"], limits)
    for key in ("data", "jsonData"):
        if isinstance(value.get(key), list):
            return from_list(value[key], limits, what=key)
    if "dataframe_split" in value:
        return _split(value["dataframe_split"], limits)
    raise Invalid(f"not a request or response of a model: expected an object with {_KNOWN}")


def _json_data(data: Mapping[str, Any], limits: Limits) -> Parsed:
    """Seldon's models may take any JSON: another format inside, or columns by their names."""
    if data.keys().isdisjoint(KEYS):
        return from_mapping(data, limits, what="jsonData")
    return parse_value(data, limits)


def _split(frame: Any, limits: Limits) -> Parsed:
    """MLflow: `{"columns": [..], "data": [[..]]}`."""
    columns = frame.get("columns") if isinstance(frame, Mapping) else None
    parsed = from_list(frame.get("data") if isinstance(frame, Mapping) else None, limits, what="dataframe_split.data")
    if not isinstance(columns, list) or len(columns) != len(parsed.unnamed):
        raise Invalid("dataframe_split: expected columns, a name for each value of a row")
    return Parsed(parsed.rows, dict(zip(map(str, columns), parsed.unnamed, strict=True)))


def _json_and_rest(body: bytes) -> tuple[Any, memoryview | None]:
    """Binary tensors stand behind the JSON. The header that says where is not always passed on, but JSON knows its end."""
    try:
        return loads(body), None
    except Malformed:
        if not body.startswith(b"{") or b'"binary_data_size"' not in body:
            raise
    try:
        # Latin-1 has a character for each byte: positions in the text are positions in the body.
        _, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is neither JSON nor JSON with binary tensors behind it") from error
    return loads(body[:end]), memoryview(body)[end:]
