"""The decorator, the middleware and the wrapper: what they log, and that the model never notices them."""

import asyncio
import json
import pickle
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from collector_sdk import AsyncCollector
from collector_sdk.integrations.asgi import CollectorMiddleware, Seen
from collector_sdk.integrations.decorator import log_inferences
from collector_sdk.integrations.sklearn import LoggedEstimator


def test_a_call_is_logged_with_its_arguments_by_name(stub, make):
    with make() as collector:

        @log_inferences(collector, id=lambda row, scale=1: row["name"])
        def predict(row, scale=1):
            """Says half."""
            return 0.5

        assert predict({"name": "a", "x": 1}) == 0.5
        assert predict({"name": "b", "x": 2}, scale=3) == 0.5
    assert predict.__doc__ == "Says half."
    rows = [{name: value for name, value in row.items() if name != "at"} for row in stub.rows()]
    assert rows == [
        {"name": "a", "x": 1, "scale": 1, "flight_id": "a", "p": 0.5},
        {"name": "b", "x": 2, "scale": 3, "flight_id": "b", "p": 0.5},
    ]


def test_an_async_function_stays_one(stub, make):
    with make() as collector:

        @log_inferences(collector, prediction=lambda result: result["p"])
        async def predict(x):
            return {"p": x / 2}

        assert asyncio.run(predict(3)) == {"p": 1.5}
    assert (stub.rows()[0]["x"], stub.rows()[0]["p"]) == (3, 1.5)


def test_a_call_that_raises_is_not_logged_and_its_error_passes(stub, make):
    with make() as collector:

        @log_inferences(collector)
        def predict(x):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            predict(1)
    assert collector.stats().logged == 0


def test_a_features_function_that_raises_is_counted_and_the_caller_has_the_answer(stub, make):
    with make() as collector:

        @log_inferences(collector, features=lambda x: x["missing"])
        def predict(x):
            return 7

        assert predict({}) == 7
    assert collector.stats().dropped == {"invalid": 1}
    assert "KeyError" in (collector.stats().last_error or "")


def application(status: int, answer: object, *, chunks: int = 3):
    body = json.dumps(answer).encode()

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": status, "headers": []})
        size = len(body) // chunks + 1
        for index in range(chunks):
            part = body[index * size : (index + 1) * size]
            await send({"type": "http.response.body", "body": part, "more_body": index < chunks - 1})

    return app


async def post(
    app, document: object, *, path: str = "/predict", headers: Iterable[tuple[bytes, bytes]] = (), root_path: str = ""
) -> bytes:
    body = json.dumps(document).encode()
    parts = [
        {"type": "http.request", "body": body[:3], "more_body": True},
        {"type": "http.request", "body": body[3:], "more_body": False},
    ]
    sent: list[bytes] = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message.get("body", b""))

    scope = {"type": "http", "method": "POST", "path": path, "root_path": root_path, "headers": list(headers)}
    await app(scope, receive, send)
    return b"".join(sent)


def test_the_middleware_logs_an_object_and_its_prediction_and_passes_everything_on(stub, make):
    with make() as collector:
        app = CollectorMiddleware(application(200, {"prediction": 0.3}), collector=collector)
        answer = asyncio.run(post(app, {"id": "a", "x": 1}))
    assert json.loads(answer) == {"prediction": 0.3}
    row = stub.rows()[0]
    assert (row["flight_id"], row["x"], row["p"]) == ("a", 1, 0.3)


def test_the_middleware_logs_a_row_for_each_of_several_and_names_them_after_the_request(stub, make):
    with make() as collector:
        app = CollectorMiddleware(application(200, {"predictions": [0.1, 0.2]}), collector=collector)
        asyncio.run(post(app, [{"x": 1}, {"x": 2}], headers=[(b"X-Request-Id", b"r")]))
    assert [(row["flight_id"], row["x"], row["p"]) for row in stub.rows()] == [("r-0", 1, 0.1), ("r-1", 2, 0.2)]


@pytest.mark.parametrize(("status", "path"), [(500, "/predict"), (422, "/predict"), (200, "/health")])
def test_the_middleware_logs_only_answers_of_the_model(stub, make, status, path):
    with make() as collector:
        app = CollectorMiddleware(application(status, {"prediction": 1}), collector=collector)
        asyncio.run(post(app, {"x": 1}, path=path))
    assert collector.stats().logged == 0


@pytest.mark.parametrize("paths", [["/predict"], ["/v2/predict"]])
def test_the_middleware_knows_a_path_with_and_without_that_where_the_application_is_mounted(stub, make, paths):
    with make() as collector:
        app = CollectorMiddleware(application(200, {"prediction": 1}), collector=collector, paths=paths)
        asyncio.run(post(app, {"x": 1}, path="/v2/predict", root_path="/v2"))
        asyncio.run(post(app, {"x": 2}, path="/v2/health", root_path="/v2"))
    assert [row["x"] for row in stub.rows()] == [1]


@pytest.mark.parametrize("request_document", ["text", [1, 2], 7, {"x": "a" * 5000}])
def test_what_the_middleware_cannot_read_is_counted_and_the_client_has_its_answer(stub, make, request_document):
    with make() as collector:
        app = CollectorMiddleware(application(200, {"prediction": 1}), collector=collector, max_body_bytes=1000)
        assert json.loads(asyncio.run(post(app, request_document))) == {"prediction": 1}
    assert collector.stats().dropped == {"invalid": 1}


def test_the_middleware_takes_an_extract_of_the_users(stub, make):
    with make() as collector:
        app = CollectorMiddleware(
            application(200, {"outputs": [{"data": [1, 2]}]}),
            collector=collector,
            paths=["/v2/infer"],
            extract=lambda request, answer, headers: [
                Seen({"x": x}, p)
                for x, p in zip(request["inputs"][0]["data"], answer["outputs"][0]["data"], strict=True)
            ],
        )
        asyncio.run(post(app, {"inputs": [{"data": [5, 6]}]}, path="/v2/infer"))
    assert [(row["x"], row["p"]) for row in stub.rows()] == [(5, 1), (6, 2)]


def test_other_scopes_pass_the_middleware(make):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    middleware = CollectorMiddleware(app, collector=make())
    asyncio.run(middleware({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


@pytest.fixture
def fitted() -> LogisticRegression:
    frame = pd.DataFrame({"x": [1.0, 2.0, 8.0, 9.0], "y": [0.0, 1.0, 0.0, 1.0]})
    return LogisticRegression().fit(frame, [0, 0, 1, 1])


def test_an_estimator_logs_probabilities_and_answers_as_before(stub, make, fitted):
    rows = pd.DataFrame({"x": [1.5, 8.5], "y": [0.0, 1.0], "name": ["a", "b"]})
    with make() as collector:
        logged = LoggedEstimator(fitted, collector, prediction_columns="p", id_column="name")
        answered = logged.predict_proba(rows)
    expected = fitted.predict_proba(rows[["x", "y"]])
    assert np.array_equal(answered, expected)
    assert [row["p"] for row in stub.rows()] == pytest.approx(expected[:, 1].tolist())
    assert [(row["name"], row["x"]) for row in stub.rows()] == [("a", 1.5), ("b", 8.5)]
    assert logged.classes_.tolist() == [0, 1]


def test_an_estimator_logs_one_column_per_class_or_the_class(stub, make, fitted):
    rows = np.array([[1.5, 0.0]])
    with make() as collector:
        names = ["x", "y"]
        plain = LogisticRegression().fit([[1.0, 0.0], [9.0, 1.0]], [0, 1])
        LoggedEstimator(plain, collector, prediction_columns=["p0", "p1"], feature_names=names).predict_proba(rows)
        LoggedEstimator(plain, collector, prediction_columns="p", feature_names=names).predict(rows)
    first, second = stub.rows()
    assert first["p0"] + first["p1"] == pytest.approx(1)
    assert second["p"] == 0


def test_an_estimator_answers_also_when_logging_is_impossible(stub, make):
    plain = LogisticRegression().fit([[1.0], [9.0]], [0, 1])
    with make() as collector:
        logged = LoggedEstimator(plain, collector, prediction_columns=["a", "b", "c"])
        assert logged.predict_proba([[1.0], [2.0]]).shape == (2, 2)
    assert collector.stats().dropped == {"invalid": 2}


class Polars:
    """What of a polars frame is used: it drops columns by their names alone."""

    def __init__(self, **columns: list[float]) -> None:
        self.given = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> list[float]:
        return self.given[name]

    def drop(self, *names: str) -> "Polars":
        return Polars(**{name: values for name, values in self.given.items() if name not in names})


class Echo:
    """An estimator that answers what it was given."""

    def predict(self, rows):
        return rows.columns if isinstance(rows, Polars) else rows


def test_an_estimator_gets_rows_of_any_kind_whether_they_have_the_id_or_not(stub, make):
    with make() as collector:
        logged = LoggedEstimator(Echo(), collector, id_column="name", feature_names=["x"])
        assert logged.predict([[1.0]]) == [[1.0]]
        assert logged.predict(pd.DataFrame({"x": [2.0]})).shape == (1, 1)
        assert logged.predict(Polars(x=[3.0], name=[7.0])) == ["x"]
    assert collector.stats().logged >= 3


def test_the_attribute_lookup_of_an_empty_wrapper_ends(make, fitted):
    """What unpickling does before the state is there."""
    empty = LoggedEstimator.__new__(LoggedEstimator)
    with pytest.raises(AttributeError):
        _ = empty._estimator
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(LoggedEstimator(fitted, make()))


@pytest.mark.asyncio
async def test_the_async_collector_logs_without_and_waits_with_await(stub):
    async with AsyncCollector(stub.url, monitor="flights", flush_seconds=3600) as collector:
        collector.log({"x": 1})
        assert await collector.flush()
        assert collector.stats().accepted == 1
        collector.log({"x": 2})
    assert len(stub.rows()) == 2


@pytest.mark.asyncio
async def test_a_slow_service_does_not_hold_up_the_event_loop(stub):
    stub.answering.clear()
    collector = AsyncCollector(stub.url, monitor="flights")
    collector.log({"x": 1})
    flushing = asyncio.create_task(collector.flush())
    await asyncio.sleep(0)  # the loop turns although nothing is answered
    assert not flushing.done()
    stub.answering.set()
    assert await flushing
    await collector.close()
