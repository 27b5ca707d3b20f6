"""Whatever a model server sends, it is read or refused; what is read and joined, every row of it is taken or named."""

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from collector.errors import Invalid
from collector.model import Side
from collector.monitor import Monitor
from collector.receive.decoders import cloudevents
from collector.receive.decoders.bodies import grpc_form
from collector.receive.decoders.bodies.tensors import FORMATS, binary_values
from collector.receive.rows.judge import Judge
from collector.receive.servers import pairs
from collector.receive.servers.senders import sighted
from tests.fuzz.test_rows import LIMITS, NAMES, VALUES
from tests.receive.doubles import NOW_US, default_monitor

MONITORS = [
    Monitor.model_validate({"id": "open"}),
    default_monitor(),
    default_monitor(columns={"id": "id", "timestamp": "t", "prediction": ["p", "q"], "numerical_features": ["x", "y"],
                             "categorical_features": []}),
]  # fmt: skip
SHAPES = st.lists(st.integers(-1, 4), max_size=3)
TENSORS = st.lists(
    st.fixed_dictionaries(
        {"name": st.text(max_size=3)},
        optional={
            "shape": SHAPES | VALUES,
            "datatype": st.sampled_from([*FORMATS, "BYTES", "BF16", "X"]) | VALUES,
            "data": st.lists(VALUES, max_size=6) | st.lists(st.lists(VALUES, max_size=3), max_size=3) | VALUES,
            "parameters": st.dictionaries(st.just("binary_data_size"), st.integers(-2, 40) | VALUES) | VALUES,
        },
    ),
    max_size=3,
)
BODIES = st.dictionaries(
    st.sampled_from(["instances", "predictions", "inputs", "outputs", "data", "dataframe_split", "dataframe_records"]),
    VALUES | TENSORS | st.lists(st.lists(VALUES, max_size=3), max_size=4)
    | st.dictionaries(st.sampled_from(["ndarray", "tensor", "names", "columns", "data", "shape", "values"]), VALUES),
    max_size=2,
)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "source", "type", "specversion", "time", "data", "data_base64", "requestid", "datainblob"]),
    VALUES | st.sampled_from(["1.0", "io.seldon.serving.feedback", "org.kubeflow.serving.inference.request",
                              "azureml.inference.model_outputs", "2013-02-01T10:00:00Z"]),
)  # fmt: skip
PAIRS = st.tuples(BODIES, BODIES) | st.integers(1, 4).flatmap(
    lambda rows: st.tuples(
        st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), min_size=rows, max_size=rows).map(
            lambda objects: {"instances": objects}
        ),
        st.lists(VALUES, min_size=rows, max_size=rows).map(lambda values: {"predictions": values}),
    )
)
LAX = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


def dumped(value):
    try:
        return orjson.dumps(value)
    except TypeError:  # half a character, or a number of 65 bits
        return b"{}"


@given(body=st.binary(max_size=300) | BODIES.map(dumped))
@example(body=b'{"inputs":' + b"[" * 900 + b"]" * 900 + b"}")
@example(body=b'{"data":' * 900 + b"{}" + b"}" * 900)
@example(body=b'{"inputs":[{"name":"x","shape":[2147483647,2147483647],"datatype":"FP64","data":[]}]}')
@example(body=b'{"inputs":[{"name":"x","shape":[0,2147483647],"datatype":"FP64","data":[]}]}')
@example(body=b'{"inputs":[{"name":"x","shape":[2],"parameters":{"binary_data_size":9}}]}\x00\xff')
@example(body=b'{"instances":[[' + b"1," * 60 + b"1]]}")
@LAX
def test_no_body_of_a_model_server_fails_otherwise_than_by_a_refusal(body):
    for monitor in MONITORS:
        for side in Side:
            try:
                part = pairs.part_of(monitor, side, body, None, LIMITS)
            except Invalid as error:
                assert str(error)  # noqa: PT017 - most bytes are refused
                continue
            assert part.rows >= 1
            assert all(len(values) == part.rows for values in part.columns.values())


@given(pair=PAIRS, monitor=st.sampled_from(MONITORS))
@LAX
def test_every_row_of_a_pair_is_taken_or_named(pair, monitor):
    try:
        parts = {
            side: pairs.part_of(monitor, side, dumped(value), 0, LIMITS) for side, value in zip(Side, pair, strict=True)
        }
        rows = pairs.joined(monitor, parts, inference="i", origin={}, now_us=NOW_US)
    except Invalid:
        return
    judged = Judge(max_future_seconds=86_400).judge(rows, monitor, now_us=NOW_US)
    assert judged.table.rows + judged.rejected == parts[Side.REQUEST].rows
    assert judged.ids is None or len(judged.ids) == judged.table.rows


@given(datatype=st.sampled_from([*FORMATS, "BYTES", "BF16", "X"]), data=st.binary(max_size=64))
@LAX
def test_binary_tensors_are_read_or_refused(datatype, data):
    try:
        values = binary_values(datatype, memoryview(data), "x")
    except Invalid:
        return
    assert all(isinstance(value, int | float | bool | str) for value in values)


@pytest.mark.parametrize("content_type", ["application/cloudevents+json", "application/cloudevents-batch+json",
                                          "application/jsonl", "application/json"])  # fmt: skip
@given(
    body=st.binary(max_size=200) | st.lists(ATTRIBUTES, max_size=3).map(dumped) | ATTRIBUTES.map(dumped),
    headers=st.dictionaries(st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-time", "ce-x"]),
                            st.text(max_size=10) | st.just("1.0"), max_size=6),
)  # fmt: skip
@example(body=b'[{"specversion":"1.0","id":"\\ud800","source":"s","type":"t"}]', headers={})
@LAX
def test_no_event_fails_otherwise_than_by_a_refusal(content_type, body, headers):
    try:
        events = cloudevents.decode({"Content-Type": content_type, **headers}, body, LIMITS)
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most bytes are refused
        return
    for event in events:
        if isinstance(event, Invalid):
            continue
        event.id.encode()
        try:
            sighting = sighted(event)
        except Invalid:
            continue
        assert len(sighting.key) == 12


@given(message=st.binary(max_size=120), side=st.sampled_from(Side))
@LAX
def test_grpc_messages_are_read_or_refused(message, side):
    try:
        body = grpc_form.to_json(side, message, LIMITS)
    except Invalid as error:
        assert str(error)  # noqa: PT017 - most bytes are refused
        return
    assert orjson.loads(body.replace(b"NaN", b"0").replace(b"Infinity", b"0")).keys() <= {"inputs", "outputs"}
