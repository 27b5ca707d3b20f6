"""The pages in a real browser: they show what is there, without a word in the console and without the network."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys

from collector.render.html import iframe, page
from collector.workspace.pages import MonitorView
from tests.browser.chromium import complaints, draw_all, find, opened, picture, until
from tests.browser.site import Source, serving
from tests.render.samples import CATEGORICAL, NUMERICAL, snapshot, suite_tests

REPORTS = ("drift", "quality", "model", "stability")
DAYS = 40
STATE = {
    "rows": {"accepted": 40_000, "evaluated": 39_000, "dead_lettered": 0, "dropped": {"late": 3}, "waiting": 997},
    "open_windows": [{"window": "w"}],
    "last_error": {"stage": "forward to evidently", "reason": "the Evidently workspace cannot be reached"},
}
HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "name" * 100


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    snapshots = [snapshot(report, day=day) for day in range(DAYS) for report in REPORTS]
    snapshots += [snapshot("drift", day=day, segment={"origin": "JFK"}) for day in range(5)]
    snapshots += [snapshot("drift", monitor="hostile", project=HOSTILE, tags=[HOSTILE], metadata={HOSTILE: HOSTILE})]
    monitors = [
        MonitorView("flight-delays", "Flight delays", STATE),
        MonitorView("hostile", HOSTILE, {"last_error": {"reason": HOSTILE}}),
        MonitorView("no-rows-yet", "New model", {"rows": {"accepted": 0}}),
        MonitorView("rows-but-no-window", "New model", {"rows": {"accepted": 12}}),
    ]
    with serving(Source(snapshots, monitors)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with opened() as driver:
        yield driver


def test_the_first_page_shows_every_monitor_with_its_state(browser: Chrome, site: str) -> None:
    browser.get(site)
    picture(browser, "monitors")
    cards = {card.text.split("\n")[0]: card.text for card in find(browser, "article.monitor")}
    assert set(cards) == {"flight-delays", "hostile", "no-rows-yet", "rows-but-no-window"}
    assert "40,000" in cards["flight-delays"]
    assert "cannot be reached" in cards["flight-delays"]
    assert "No rows have arrived yet" in cards["no-rows-yet"]
    assert "12 rows have arrived" in cards["rows-but-no-window"]
    assert complaints(browser) == []


def test_without_monitors_the_first_page_says_how_to_make_one(browser: Chrome) -> None:
    with serving(Source([], [])) as address:
        browser.get(address)
        assert "collector serve --config" in find(browser, "main")[0].text
        assert complaints(browser) == []


def test_a_monitor_shows_a_line_per_metric_over_time(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/monitors/flight-delays")
    draw_all(browser)
    picture(browser, "monitor")
    drawn = {
        chart.find_element("tag name", "h3").text: chart
        for chart in find(browser, "section[aria-label='Over time'] article")
    }
    assert {"Share of drifted columns", "Drift score by column", "Classification quality", "Rows"} <= set(drawn)
    lines = drawn["Drift score by column"].find_elements("css selector", ".scatterlayer .trace")
    assert len(lines) == len(NUMERICAL) + len(CATEGORICAL) + 1
    assert complaints(browser) == []


def test_a_strip_tells_passed_from_failed_and_opens_the_window(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/monitors/flight-delays")
    cells = find(browser, "section[aria-label='Tests by window'] .strip .cell")
    assert len(cells) == DAYS
    assert [index for index, cell in enumerate(cells) if "fail" in str(cell.get_attribute("class"))] == list(
        range(0, DAYS, 3)
    )
    assert str(cells[0].get_attribute("aria-label")).startswith("2013-02-01: 1 passed, 1 failed")
    cells[0].send_keys(Keys.ENTER)
    until(browser, lambda: "/snapshots/" in browser.current_url)
    assert "Share of Drifted Columns" in find(browser, "#tests")[0].text
    assert complaints(browser) == []


def test_a_click_on_a_point_opens_its_window(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/monitors/flight-delays")
    draw_all(browser)
    script = """
        const plot = document.querySelector(".figure .plot");
        plot.emit("plotly_click", {points: [{customdata: plot.data[0].customdata[2]}]});
    """
    browser.execute_script(script)
    until(browser, lambda: browser.current_url.endswith(snapshot("drift", day=2).id))


def test_a_segment_has_a_page_of_its_own(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/monitors/flight-delays")
    names = [link.text for link in find(browser, "nav.segments a")]
    assert names == ["all rows", "origin: JFK"]
    find(browser, "nav.segments a")[1].click()
    until(browser, lambda: "segment=" in browser.current_url)
    assert find(browser, "nav.segments a[aria-current]")[0].text == "origin: JFK"
    assert not find(browser, "section[aria-label='Tests by window']")


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_shows_its_charts(browser: Chrome, site: str, report: str) -> None:
    browser.get(f"{site}/snapshots/{snapshot(report, day=3).id}")
    draw_all(browser)
    picture(browser, f"report-{report}")
    assert find(browser, ".figure[data-drawn='yes'] .barlayer .trace")
    assert complaints(browser) == []


def test_distributions_stand_current_against_reference(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/snapshots/{snapshot('drift').id}")
    draw_all(browser)
    (figure,) = (
        each
        for each in find(browser, ".figure")
        if each.is_displayed() and each.get_attribute("aria-label") == "Distribution of carrier"
    )
    script = "return arguments[0].querySelector('.plot').data.map((trace) => trace.name)"
    names = browser.execute_script(script, figure)
    assert sorted(names) == ["current", "reference"]


def test_a_row_of_the_drift_table_opens_its_distribution_by_keyboard(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/snapshots/{snapshot('drift').id}")
    summary = find(browser, "table.sortable details summary")[0]
    summary.send_keys(Keys.ENTER)
    until(browser, lambda: find(browser, "table.sortable details[open] .figure[data-drawn='yes']"))


def test_tables_are_sorted_by_their_heads(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/snapshots/{snapshot('drift').id}")
    place = [each.text for each in find(browser, "table.sortable th")].index("Drift score")
    head = find(browser, "table.sortable th button")[place]

    def scores() -> list[float]:
        return [
            float(row.find_elements("css selector", "td")[place].text)
            for row in find(browser, "table.sortable tbody tr")
        ]

    head.send_keys(Keys.ENTER)
    assert scores() == sorted(scores())
    head.send_keys(Keys.ENTER)
    assert scores() == sorted(scores(), reverse=True)


def test_what_hostile_names_hold_stays_text(browser: Chrome, site: str) -> None:
    for path in (
        "/",
        "/monitors/hostile",
        f"/snapshots/{snapshot('drift', monitor='hostile').id}",
        f"/monitors/{HOSTILE}",
    ):
        browser.get(site + path)
        assert not find(browser, "img")
        assert HOSTILE in browser.page_source.replace("&lt;", "<").replace("&gt;", ">")
    complaints(browser)  # the last address is unknown: the browser notes its 404


def test_long_names_do_not_widen_the_page(browser: Chrome) -> None:
    snapshots = [snapshot("drift", monitor="long", project=LONG, tags=[LONG], metadata={LONG: LONG}, segment=segment)
                 for segment in (None, {"origin": LONG})]  # fmt: skip
    with serving(Source(snapshots, [MonitorView("long", LONG, {})])) as address:
        for path in ("/", "/monitors/long", f"/snapshots/{snapshots[1].id}"):
            browser.get(address + path)
            assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), path


def test_unknown_monitors_and_snapshots_say_so(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/monitors/nope")
    assert "There is no monitor 'nope'" in find(browser, "main")[0].text
    browser.get(f"{site}/snapshots/nope")
    assert "There is no snapshot 'nope'" in find(browser, "main")[0].text
    complaints(browser)


def test_the_pages_ask_no_other_server_for_anything(browser: Chrome, site: str) -> None:
    browser.get_log("performance")
    for path in ("/", "/monitors/flight-delays", f"/snapshots/{snapshot('drift').id}"):
        browser.get(site + path)
        draw_all(browser)
    asked = _requested(browser)
    assert asked
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []


def _requested(browser: Chrome) -> list[str]:
    """By pages; a browser that has just begun may still be loading its own first tab."""
    entries = browser.get_log("performance")
    events = [json.loads(entry["message"])["message"] for entry in entries]
    asked = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
    return [each["request"]["url"] for each in asked if not each["documentURL"].startswith("chrome://")]


def test_the_file_of_a_snapshot_works_offline(browser: Chrome, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(snapshot("drift", tests=suite_tests())), encoding="utf-8")
    browser.get_log("performance")
    browser.get(path.as_uri())
    draw_all(browser)
    picture(browser, "file")
    assert {url.split(":")[0] for url in _requested(browser)} <= {"file", "data", "blob"}
    assert "failed" in find(browser, "#tests")[0].text
    assert complaints(browser) == []


def test_a_notebook_cell_draws_in_its_frame(browser: Chrome, tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>notebook</title>{iframe(snapshot('drift'))}", encoding="utf-8")
    browser.get(path.as_uri())
    browser.switch_to.frame(find(browser, "iframe")[0])
    until(browser, lambda: find(browser, ".figure[data-drawn='yes']"))
    browser.switch_to.default_content()
    assert complaints(browser) == []


def test_the_pages_are_readable_in_the_dark(site: str) -> None:
    with opened(dark=True) as driver:
        driver.get(f"{site}/monitors/flight-delays")
        draw_all(driver)
        picture(driver, "monitor-dark")
        ground, ink = (
            driver.execute_script(f"return getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        assert _brightness(ground) < 60
        assert _brightness(ink) > 190
        driver.get(f"{site}/snapshots/{snapshot('drift', day=3).id}")
        draw_all(driver)
        picture(driver, "report-dark")


def _brightness(colour: str) -> float:
    channels = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(channels) / 3
