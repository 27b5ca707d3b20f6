"""The other routes: monitors, snapshots, dead letters, the service about itself."""

import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from collector.errors import Invalid, Unavailable
from collector.model import DeadLetter, MonitorId, SnapshotPage, SnapshotQuery
from collector.receive import openapi
from collector.receive.admission.keys import Keys
from collector.receive.problems import PROBLEMS
from collector.receive.routes import ROUTES
from tests.receive.doubles import NOW_US, default_monitor, opened

LETTER = DeadLetter("d1", "work", MonitorId("flights"), "0-1#0", b"{}", "boom", 5, NOW_US, rows=3)


async def ask(house, method, path, **more):
    async with house.client.request(method, path, **more) as answer:
        body = await answer.read()
        return answer.status, orjson.loads(body) if body else None


@pytest.mark.asyncio
async def test_monitors_are_listed_and_shown_with_their_state():
    async with opened() as house:
        status, listed = await ask(house, "GET", "/v1/monitors")
        assert status == 200
        status, shown = await ask(house, "GET", "/v1/monitors/flights")
        assert listed == {"monitors": [shown]}
        assert (shown["id"], shown["state"]) == ("flights", {"buffered_rows": 0})
        assert shown["columns"]["timestamp"] == "time"


@pytest.mark.asyncio
async def test_what_get_shows_put_takes():
    async with opened() as house:
        _, shown = await ask(house, "GET", "/v1/monitors/flights")
        before = house.monitors.get("flights")
        assert await ask(house, "PUT", "/v1/monitors/flights", json=shown) == (200, shown)
        assert house.monitors.get("flights") == before


@pytest.mark.asyncio
async def test_a_new_monitor_is_201_and_gone_after_delete():
    async with opened() as house:
        status, shown = await ask(house, "PUT", "/v1/monitors/new", json={"window": {"every": "1h"}})
        assert (status, shown["id"]) == (201, "new")
        assert await ask(house, "DELETE", "/v1/monitors/new") == (200, {"deleted": "new", "dropped_rows": 7})
        assert (await ask(house, "GET", "/v1/monitors/new"))[0] == 404
        assert (await ask(house, "DELETE", "/v1/monitors/new"))[0] == 404


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"id": "other"}, "other"),
        ({"colums": {}}, "columns"),
        ({"window": {"every": "soon"}}, "soon"),
        ([], "object"),
        (7, "object"),
    ],
)
@pytest.mark.asyncio
async def test_a_wrong_monitor_is_422_that_names_what_is_wrong(body, word):
    async with opened() as house:
        status, problem = await ask(house, "PUT", "/v1/monitors/new", json=body)
        assert (status, problem["type"]) == (422, "/problems/invalid")
        assert word in problem["detail"]


@pytest.mark.asyncio
async def test_what_the_pipeline_refuses_of_a_monitor_is_422():
    async with opened() as house:
        house.monitors.fails = Invalid("there is no metric 'DataDritfPreset'", key="reports")
        status, problem = await ask(house, "PUT", "/v1/monitors/new", json={})
        assert (status, problem["key"]) == (422, "reports")


@pytest.mark.asyncio
async def test_flush_says_the_windows():
    async with opened() as house:
        assert await house.post("/v1/monitors/flights/flush") == (202, {"windows": ["0-60000000#0"]})
        assert (await house.post("/v1/monitors/flights/flush", b"{}"))[0] == 202
        assert (await house.post("/v1/monitors/flights/flush", b'{"a": 1}'))[0] == 422
        assert (await house.post("/v1/monitors/none/flush"))[0] == 404


@pytest.mark.asyncio
async def test_the_list_of_snapshots_passes_the_query_on_and_hides_the_values():
    async with opened() as house:
        house.buffer.snapshots.page = SnapshotPage([b'{"id":"s","values":[{"value":1}]}'], "cursor")
        status, answer = await ask(house, "GET", "/v1/snapshots")
        assert (status, answer) == (200, {"snapshots": [{"id": "s"}], "next": "cursor"})
        query = "?monitor=flights&segment={%22b%22:1,%22a%22:2}&tag=prod&from=2013-01-01&to=2013-01-02T00:00:00%2B01:00&limit=7&after=c"
        _, answer = await ask(house, "GET", f"/v1/snapshots{query}&values=true")
        assert answer["snapshots"] == [{"id": "s", "values": [{"value": 1}]}]
        assert house.buffer.snapshots.asked == [
            SnapshotQuery(),
            SnapshotQuery(
                monitor=MonitorId("flights"), segment='{"a":2,"b":1}', tag="prod", from_us=1_356_998_400_000_000,
                to_us=1_357_081_200_000_000, after="c", limit=7,
            ),
        ]  # fmt: skip


@pytest.mark.asyncio
async def test_the_segment_null_means_all_rows():
    async with opened() as house:
        await ask(house, "GET", "/v1/snapshots?segment=null")
        assert house.buffer.snapshots.asked[0].segment == "null"


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("segment", "JFK"), ("segment", "[1]"), ("from", "yesterday"), ("to", ""), ("limit", "0"), ("limit", "1001"),
     ("limit", "ten"), ("values", "maybe"), ("monitr", "flights")],
)  # fmt: skip
@pytest.mark.asyncio
async def test_a_bad_parameter_is_400_with_its_name(parameter, value):
    async with opened() as house:
        status, problem = await ask(house, "GET", "/v1/snapshots", params={parameter: value})
        assert (status, problem["type"], problem["parameter"]) == (400, "/problems/bad-parameter", parameter)


@pytest.mark.asyncio
async def test_a_snapshot_is_given_as_it_is_stored_and_can_be_forgotten():
    async with opened() as house:
        house.buffer.snapshots.bodies["s"] = b'{"id": "s", "monitor": "flights"}'
        async with house.client.get("/v1/snapshots/s") as answer:
            assert await answer.read() == b'{"id": "s", "monitor": "flights"}'
        assert await ask(house, "DELETE", "/v1/snapshots/s") == (204, None)
        for method, path in (("GET", "s"), ("DELETE", "s"), ("GET", "s/report.html"), ("GET", "s/data")):
            status, problem = await ask(house, method, f"/v1/snapshots/{path}")
            assert (status, problem["type"], problem["snapshot"]) == (404, "/problems/not-found", "s")


@pytest.mark.asyncio
async def test_the_rows_of_a_snapshot_are_given_where_there_are_some(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text(
        "keys: [{key: mine-only, scopes: [read], monitors: [flights]}, {key: only-theirs, scopes: [read], monitors: [o]}]"
    )
    async with opened(default_monitor(), default_monitor(id="o"), keys=Keys(file)) as house:
        for name in ("s", "bare"):
            house.buffer.snapshots.bodies[name] = f'{{"id": "{name}", "monitor": "flights"}}'.encode()
        house.buffer.snapshots.rows["s"] = b"PAR1"
        mine, theirs = ({"Authorization": f"Bearer {key}"} for key in ("mine-only", "only-theirs"))
        async with house.client.get("/v1/snapshots/s/data", headers=mine) as answer:
            assert (answer.status, await answer.read()) == (200, b"PAR1")
            assert answer.content_type == "application/vnd.apache.parquet"
        status, problem = await ask(house, "GET", "/v1/snapshots/bare/data", headers=mine)
        assert (status, problem["type"]) == (404, "/problems/not-found")
        assert "include_data" in problem["detail"]
        assert (await ask(house, "GET", "/v1/snapshots/s/data", headers=theirs))[0] == 403


@pytest.mark.asyncio
async def test_dead_letters_are_shown_replayed_and_deleted():
    async with opened() as house:
        house.buffer.dead_letters.letters |= {"d1": LETTER}
        shown = {"id": "d1", "queue": "work", "monitor": "flights", "key": "0-1#0", "reason": "boom", "attempts": 5,
                 "died": "2023-11-14T22:13:20Z", "rows": 3}  # fmt: skip
        assert await ask(house, "GET", "/v1/dead-letters") == (200, {"dead_letters": [shown]})
        assert await ask(house, "GET", "/v1/dead-letters?monitor=other") == (200, {"dead_letters": []})
        assert await ask(house, "GET", "/v1/dead-letters/d1") == (200, shown)
        assert await ask(house, "POST", "/v1/dead-letters/d1/replay") == (202, {"replayed": "d1"})
        assert house.buffer.dead_letters.replayed == {"d1": NOW_US}
        house.buffer.dead_letters.letters |= {"d1": LETTER}
        assert await ask(house, "DELETE", "/v1/dead-letters/d1") == (204, None)
        for method, path in (("GET", "d1"), ("POST", "d1/replay"), ("DELETE", "d1")):
            status, problem = await ask(house, method, f"/v1/dead-letters/{path}")
            assert (status, problem["type"]) == (404, "/problems/not-found")


@pytest.mark.asyncio
async def test_alive_says_nothing_of_the_buffer_and_ready_does():
    async with opened() as house:
        assert await ask(house, "GET", "/livez") == (200, {"status": "alive"})
        assert await ask(house, "GET", "/readyz") == (200, {"status": "ready"})
        house.ready.append(Unavailable("no server at redis"))
        assert (await ask(house, "GET", "/livez"))[0] == 200
        status, problem = await ask(house, "GET", "/readyz")
        assert (status, problem["type"]) == (503, "/problems/unavailable")


@pytest.mark.asyncio
async def test_metrics_count_requests_by_route_never_by_the_clients_path():
    async with opened() as house:
        await ask(house, "GET", "/v1/monitors/flights")
        await ask(house, "GET", "/made/up/path")
        async with house.client.get("/metrics") as answer:
            text = await answer.text()
            assert answer.content_type == "text/plain"
        assert 'collector_receive_requests_total{route="/v1/monitors/{monitor}",status="200"} 1.0' in text
        assert 'collector_receive_requests_total{route="none",status="404"} 1.0' in text
        assert "made" not in text


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [("GET", "/nothing", 404, "not-found"), ("PATCH", "/v1/monitors", 405, "method-not-allowed"),
     ("GET", "/v1/monitors/flights/inferences", 405, "method-not-allowed")],
)  # fmt: skip
@pytest.mark.asyncio
async def test_wrong_addresses_and_methods_are_problems_too(method, path, status, kind):
    async with opened() as house, house.client.request(method, path) as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        assert (await answer.json(content_type=None))["type"] == f"/problems/{kind}"
        assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.asyncio
async def test_an_address_with_a_slash_at_its_end_is_told_so():
    async with opened() as house:
        status, problem = await ask(house, "POST", "/cloudevents/")
        assert status == 404
        assert (
            problem["detail"]
            == "there is nothing at /cloudevents/; /docs lists the addresses, which have no slash at their end"
        )


@pytest.mark.asyncio
async def test_options_says_what_is_allowed_and_head_has_no_body():
    async with opened() as house:
        async with house.client.options("/v1/monitors/flights") as answer:
            assert (answer.status, answer.headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PUT")
            assert "Access-Control-Allow-Origin" not in answer.headers
        async with house.client.head("/v1/monitors") as answer:
            assert (answer.status, await answer.read()) == (200, b"")


@pytest.mark.asyncio
async def test_the_api_describes_itself_without_the_network():
    async with opened() as house:
        status, document = await ask(house, "GET", "/openapi.json")
        assert (status, document["openapi"]) == (200, "3.1.0")
        described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        known = {(route.method, route.path) for route in ROUTES} - {("GET", "/openapi.json"), ("GET", "/docs")}
        assert described == known
        page = await (await house.client.get("/docs")).text()
        assert all(route.path in page for route in ROUTES if (route.method, route.path) in known)
        assert "http://" not in page
        assert "https://" not in page


def test_every_reference_inside_the_openapi_document_leads_somewhere():
    document = openapi.document(ROUTES, version="1")
    names = re.findall(r'"#/components/schemas/([^"]+)"', orjson.dumps(document).decode())
    assert set(names) <= set(document["components"]["schemas"])


def test_every_default_in_the_openapi_document_is_a_value_of_its_schema():
    document = openapi.document(ROUTES, version="1")
    schemas = [each for each in schemas_in(document) if "default" in each]
    assert len(schemas) > 10
    for schema in schemas:
        jsonschema.validate(schema["default"], schema | {"components": document["components"]})


def schemas_in(value):
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from schemas_in(each)


def test_every_route_and_every_problem_has_its_row_in_the_docs():
    text = Path("docs/http.md").read_text()
    missing = [f"`{route.method} {route.path}`" for route in ROUTES if f"`{route.method} {route.path}`" not in text]
    missing += [f"`{problem.type}`" for problem in PROBLEMS if f"`{problem.type}` | {problem.status}" not in text]
    assert missing == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/livez"), ("GET", "/v1/monitors"), ("GET", "/nowhere"), ("DELETE", "/livez"), ("POST", "/v1/labels")],
)
async def test_no_answer_names_the_versions_of_what_serves_it(method, path):
    async with opened() as house, house.client.request(method, path) as answer:
        assert "Server" not in answer.headers
        assert "aiohttp" not in await answer.text()
