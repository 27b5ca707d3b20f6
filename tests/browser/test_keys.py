"""The pages of a service that asks for keys: a browser asks its user, and shows what the key opens."""

import time
from collections.abc import Iterator

import pytest

from tests.browser.chromium import complaints, draw_all, find, opened
from tests.service import Service

CONFIG = """
monitors:
  - {id: ours, window: {rows: 5}, reports: [{name: rows, metrics: [DataQualityPreset]}]}
  - {id: theirs, window: {rows: 5}, reports: [{name: rows, metrics: [DataQualityPreset]}]}
"""
KEYS = """
keys:
  - {name: admin, key: key-of-admin, scopes: [admin]}
  - {name: reader, key: key-of-reader, scopes: [read], monitors: [ours]}
"""
AS_ADMIN = {"Authorization": "Bearer key-of-admin"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "keys.yaml").write_text(KEYS)
    running = Service(folder, CONFIG, COLLECTOR_API_KEYS_FILE=str(folder / "keys.yaml")).start()
    for monitor in ("ours", "theirs"):
        rows = [{"x": x} for x in range(5)]
        assert running.post(f"/v1/monitors/{monitor}/inferences", rows, **AS_ADMIN)[0] == 202
    yield running
    running.stop()


def snapshot_of(service: Service, monitor: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = service.call("GET", f"/v1/snapshots?monitor={monitor}", headers=AS_ADMIN)[1]["snapshots"]
        if found:
            return str(found[0]["id"])
        time.sleep(0.05)
    raise AssertionError(f"{monitor} has no snapshot")


def test_a_key_for_one_monitor_opens_its_pages_whole_and_no_others(service: Service) -> None:
    ours, theirs = snapshot_of(service, "ours"), snapshot_of(service, "theirs")
    site = service.url.replace("http://", "http://anybody:key-of-reader@")
    with opened() as browser:
        for path, heading in (("/monitors/ours", "ours"), (f"/snapshots/{ours}", "rows of ours")):
            browser.get(site + path)
            draw_all(browser)
            assert find(browser, "h1")[0].text == heading
            assert complaints(browser) == []
        for path in ("/", "/monitors/theirs", f"/snapshots/{theirs}"):
            browser.get(site + path)
            assert "The key does not open this" in find(browser, "body")[0].text


def test_who_asks_for_a_page_without_a_key_is_asked_for_one_in_the_way_of_browsers(service: Service) -> None:
    with opened() as browser:
        browser.get(service.url)  # there is nobody to ask: the page stays empty
        assert not find(browser, "h1")
        browser.get(service.url.replace("http://", "http://anybody:key-of-admin@"))
        assert find(browser, "h1")[0].text == "Monitors"
