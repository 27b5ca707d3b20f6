"""OTLP logs as protobuf."""

from collections.abc import Sequence

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.receive.decoders.otlp import LogRecord
from collector.receive.decoders.table import Limits
from collector.receive.problems import Malformed


def decode(body: bytes, limits: Limits) -> Sequence[LogRecord]:
    """Raises Malformed, TooLarge."""
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except (DecodeError, RecursionError) as error:
        raise Malformed("the body is no ExportLogsServiceRequest in protobuf") from error
    limits.check(rows=len(request.resource_logs), columns=1)
    records: list[LogRecord] = []
    scopes = 0
    for resource_logs in request.resource_logs:
        resource = _mapping(resource_logs.resource.attributes)
        scopes += len(resource_logs.scope_logs)
        limits.check(rows=scopes, columns=1)
        for scope_logs in resource_logs.scope_logs:
            limits.check(rows=len(records) + len(scope_logs.log_records), columns=1)
            records += [
                LogRecord(
                    resource=resource,
                    scope=scope_logs.scope.name,
                    event=record.event_name,
                    time_ns=record.time_unix_nano or record.observed_time_unix_nano,
                    body=_value(record.body),
                    attributes=_mapping(record.attributes),
                )
                for record in scope_logs.log_records
            ]
    return records


def answer(rejected: int, message: str) -> bytes:
    response = ExportLogsServiceResponse()
    if rejected:
        response.partial_success.rejected_log_records = rejected
        response.partial_success.error_message = message
    body: bytes = response.SerializeToString()
    return body


def _mapping(pairs: Sequence[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    """The library bounds how deep they nest."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return _mapping(value.kvlist_value.values)
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)
