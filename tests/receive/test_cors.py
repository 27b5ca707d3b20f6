"""Pages of other origins: none may read anything, unless the settings name them."""

import pytest

from collector.config import load_settings
from collector.errors import Invalid
from collector.receive.admission.keys import Keys
from tests.receive.doubles import opened
from tests.receive.street import GOOD, ROWS, asked, said, street

pytestmark = pytest.mark.asyncio

PAGE = "https://page.example"
CALLS = [("GET", "/v1/monitors"), ("POST", ROWS), ("GET", "/v1/monitors/none"), ("GET", "/livez"), ("POST", "/v1/logs")]


def told(headers):
    return {name.lower(): value for name, value in headers.items() if name.lower().startswith("access-control-")}


async def preflight(house, path, method, origin=PAGE):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    async with house.client.options(path, headers=headers) as answer:
        return answer.status, told(answer.headers), answer.headers


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_without_the_setting_no_answer_speaks_of_origins(method, path):
    async with opened() as house:
        async with house.client.request(method, path, json=GOOD, headers={"Origin": PAGE}) as answer:
            assert told(answer.headers) == {}
        assert (await preflight(house, path, method))[1] == {}


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_named_origin_may_read_and_send_rows_and_see_why_not(method, path):
    async with opened(cors_origins=(PAGE, "http://localhost:3000")) as house:
        async with house.client.request(method, path, json=GOOD, headers={"Origin": PAGE}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == PAGE
            assert answer.headers["Vary"] == "Origin"
        status, headers, _ = await preflight(house, path, method)
        assert (status, headers["access-control-allow-origin"]) == (204, PAGE)
        assert method in headers["access-control-allow-methods"]
        assert "Authorization" in headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    "origin", ["https://page.example.evil", "http://page.example", "null", "https://page.example:8443"]
)
async def test_any_other_origin_is_told_nothing(origin):
    async with opened(cors_origins=(PAGE,)) as house:
        async with house.client.get("/v1/monitors", headers={"Origin": origin}) as answer:
            assert (answer.status, told(answer.headers)) == (200, {})
            assert answer.headers["Vary"] == "Origin"
        assert (await preflight(house, "/v1/monitors", "GET", origin))[1] == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/monitors/flights"), ("PUT", "/v1/monitors/flights"), ("POST", "/v1/monitors/flights/flush"),
     ("PUT", "/v1/monitors/flights/reference"), ("POST", "/flights")],
)  # fmt: skip
async def test_what_changes_things_is_for_no_page(method, path):
    async with opened(cors_origins=("*",)) as house:
        assert method not in (await preflight(house, path, method))[1].get("access-control-allow-methods", "")
        async with house.client.request(method, path, headers={"Origin": PAGE}) as answer:
            assert told(answer.headers) == {}


async def test_any_origin_is_a_star_and_never_with_credentials():
    asks = {"Origin": PAGE, "Cookie": "a=b"}
    async with opened(cors_origins=("*",)) as house, house.client.get("/v1/monitors", headers=asks) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_preflight_needs_no_key_and_the_refusal_of_a_missing_one_can_be_read(tmp_path):
    file = tmp_path / "keys.yaml"
    file.write_text("keys:\n- {name: in, key: sesame-open, scopes: [ingest]}\n")
    async with opened(keys=Keys(file), cors_origins=(PAGE,)) as house:
        assert (await preflight(house, ROWS, "POST"))[1]["access-control-allow-origin"] == PAGE
        async with house.client.post(ROWS, json=GOOD, headers={"Origin": PAGE}) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, PAGE)


async def test_a_page_is_answered_as_well_on_a_connection_that_began_on_the_short_way():
    async with street(cors_origins=(PAGE,)) as both:
        (answer,) = await said(both.short, asked(head=f"Origin: {PAGE}\r\n"))
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (202, PAGE)


@pytest.mark.parametrize("value", ["page.example", "https://page.example/", "https://*.example", "https://a b"])
async def test_what_is_no_origin_is_a_mistake(value):
    with pytest.raises(Invalid, match=r"^COLLECTOR_CORS_ORIGINS: expected origins such as https://"):
        load_settings({"COLLECTOR_CORS_ORIGINS": value})
