"""The Open Inference Protocol's gRPC messages, which ModelMesh logs, as its JSON: ModelInferRequest, ModelInferResponse.

The messages are described here, with the numbers of the protocol, because no light package carries them.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from collector.errors import Invalid
from collector.model import Side
from collector.receive.decoders.bodies import tensors
from collector.receive.decoders.table import Limits
from collector.receive.problems import Malformed

_PACKAGE = "inference"
_FIELD = descriptor_pb2.FieldDescriptorProto
_CONTENTS = ("bool", "int", "int64", "uint", "uint64", "fp32", "fp64", "bytes")
_CONTENT_TYPES = (_FIELD.TYPE_BOOL, _FIELD.TYPE_INT32, _FIELD.TYPE_INT64, _FIELD.TYPE_UINT32, _FIELD.TYPE_UINT64,
                  _FIELD.TYPE_FLOAT, _FIELD.TYPE_DOUBLE, _FIELD.TYPE_BYTES)  # fmt: skip
_TENSORS = {Side.REQUEST: ("ModelInferRequest", 5, 7), Side.RESPONSE: ("ModelInferResponse", 5, 6)}
"""The message of each side, and its fields: the tensors, and their contents as raw bytes."""


def to_json(side: Side, message: bytes, limits: Limits) -> bytes:
    """The same request or response as KServe would log it. Raises Malformed, Invalid, TooLarge."""
    try:
        found = _messages()[side].FromString(message)
    except (DecodeError, RecursionError) as error:
        raise Malformed(f"the data is no {_TENSORS[side][0]}") from error
    limits.check(rows=0, columns=len(found.tensors))
    raw: Sequence[bytes] = found.raw
    if raw and len(raw) != len(found.tensors):
        raise Invalid(f"{len(raw)} raw contents for {len(found.tensors)} tensors: expected one for each")
    listed = [_tensor(each, raw[number] if raw else None) for number, each in enumerate(found.tensors)]
    return json.dumps({"inputs" if side is Side.REQUEST else "outputs": listed}).encode()


def _tensor(tensor: Any, raw: bytes | None) -> dict[str, object]:
    what = f"tensor {tensor.name!r}"
    if raw is not None:
        data = tensors.binary_values(tensor.datatype, memoryview(raw), what)
    else:
        kinds = [list(getattr(tensor.contents, kind)) for kind in _CONTENTS]
        data = next(filter(None, kinds), [])
        data = [tensors.text(each, what) if isinstance(each, bytes) else each for each in data]
    return {"name": tensor.name, "shape": list(tensor.shape), "datatype": tensor.datatype, "data": data}


@cache
def _messages() -> dict[Side, Any]:
    """The message classes, made once."""
    file = descriptor_pb2.FileDescriptorProto(name="inference.proto", package=_PACKAGE, syntax="proto3")
    contents = file.message_type.add(name="Contents")
    for number, (kind, type_) in enumerate(zip(_CONTENTS, _CONTENT_TYPES, strict=True), start=1):
        contents.field.add(name=kind, number=number, type=type_, label=_FIELD.LABEL_REPEATED)
    tensor = file.message_type.add(name="Tensor")
    tensor.field.add(name="name", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    tensor.field.add(name="datatype", number=2, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    tensor.field.add(name="shape", number=3, type=_FIELD.TYPE_INT64, label=_FIELD.LABEL_REPEATED)
    _nested(tensor, "contents", 5, "Contents", _FIELD.LABEL_OPTIONAL)
    for name, tensors_number, raw_number in _TENSORS.values():
        message = file.message_type.add(name=name)
        _nested(message, "tensors", tensors_number, "Tensor", _FIELD.LABEL_REPEATED)
        message.field.add(name="raw", number=raw_number, type=_FIELD.TYPE_BYTES, label=_FIELD.LABEL_REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: Callable[[Any], Any] = message_factory.GetMessageClass
    return {side: made(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for side, (name, _, _) in _TENSORS.items()}


def _nested(owner: Any, name: str, number: int, kind: str, label: Any) -> None:
    owner.field.add(name=name, number=number, type=_FIELD.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{kind}", label=label)
