"""A headless Chromium of its own for each test session: fresh profile, no network of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,2400",
)  # fmt: skip
PATIENCE_SECONDS = 20


def missing(what: str) -> NoReturn:
    """Skip on a laptop, fail where CI promises the tool."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI needs it")
    pytest.skip(f"{what} is not installed")


@contextmanager
def opened(*, dark: bool = False) -> Iterator[Chrome]:
    """A browser that is closed when the block ends."""
    binary = next(filter(None, map(shutil.which, _BROWSERS)), None)
    service = shutil.which("chromedriver")
    if binary is None or service is None:
        missing("chromium with its chromedriver")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = binary
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        if dark:
            options.add_argument("--blink-settings=preferredColorScheme=0")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = Chrome(options=options, service=ChromeService(service))
        try:
            yield driver
        finally:
            driver.quit()


def complaints(driver: Chrome) -> list[str]:
    """What the page wrote into the console as an error or a warning since the last time we asked."""
    entries: list[dict[str, Any]] = driver.get_log("browser")
    return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


def find(driver: Chrome, selector: str) -> list[WebElement]:
    return driver.find_elements(By.CSS_SELECTOR, selector)


def until(driver: Chrome, what: Callable[[], object]) -> None:
    """Wait for the page, not for a time."""
    WebDriverWait(driver, PATIENCE_SECONDS, poll_frequency=0.05).until(lambda _: what())


def draw_all(driver: Chrome) -> None:
    """Scroll through the page, so that every figure in sight is drawn, and wait for them."""
    for figure in find(driver, ".figure"):
        if figure.is_displayed():
            driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
            until(driver, partial(_is_drawn, figure))


def _is_drawn(figure: WebElement) -> bool:
    return figure.get_attribute("data-drawn") == "yes"


def picture(driver: Chrome, name: str) -> None:
    """Keep a picture of the page where `COLLECTOR_TEST_PICTURES` says, for people to look at."""
    folder = os.environ.get("COLLECTOR_TEST_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(Path(folder) / f"{name}.png"))
