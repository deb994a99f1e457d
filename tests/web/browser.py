"""Chromium without a screen, with a fresh profile."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

PATIENCE_S = 240
"""A browser on a loaded machine without a graphics chip takes its time."""
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion", "--lang=en",
)  # fmt: skip


@contextmanager
def chromium(profile: Path, width_px: int = 1280, height_px: int = 900) -> Iterator[Browser]:
    """A browser that ends with the context.

    Skips the test where there is none: Debian's packages chromium and chromium-driver.
    """
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium here; apt install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width_px},{height_px}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    chrome = webdriver.Chrome(options=options, service=service)
    try:
        chrome.set_page_load_timeout(PATIENCE_S)
        chrome.set_script_timeout(PATIENCE_S)
        yield Browser(chrome)
    finally:
        chrome.quit()


class Browser:
    """What the tests do with one."""

    def __init__(self, chrome: WebDriver) -> None:
        self.chrome = chrome

    def open(self, url: str) -> None:
        """Begin anew: a change behind the # alone does not load a page."""
        self.chrome.get("about:blank")
        self.chrome.get(url)

    def run(self, script: str, *given: object) -> Any:  # noqa: ANN401 - whatever it returns
        return self.chrome.execute_script(script, *given)

    def find(self, selector: str) -> WebElement:
        """The first that matches, once it is there."""
        self.until(lambda: self.chrome.find_elements("css selector", selector), selector)
        return self.chrome.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        """What an element says, empty while it is not there; it may be replaced at any time."""
        return str(
            self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        )

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition; what it sees is told where it never holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not (seen := condition()):
            assert time.monotonic() < deadline, f"{what}: {seen}; {self.console()}"
            time.sleep(0.05)

    def frame_number(self, camera: str) -> int:
        """Of the picture that a camera shows; -1 before the first."""
        script = "return document.querySelector(arguments[0])?.dataset.frame ?? -1"
        return int(self.run(script, f'canvas[data-camera="{camera}"]'))

    def console(self) -> list[str]:
        """What the browser found wrong since the last call."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if entry["level"] in {"SEVERE", "WARNING"}]
