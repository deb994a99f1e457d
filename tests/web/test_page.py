"""The page in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest

from edgeserve.cameras.options import CameraOptions
from edgeserve.config.load import load_settings
from edgeserve.drawing.palette import class_color
from tests import fakes
from tests.cameras.mjpeg_server import MjpegServer
from tests.web.browser import Browser, chromium
from tests.web.running import GATE, ZONE, ServerThread, Setting, still

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
CALM: dict[str, Any] = {"live_fps": 5}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    quiet = still(tmp_path_factory.mktemp("pictures"))
    cameras = [{**GATE, "zones": [ZONE], "fps": 10}, {**quiet, "fps": 10}]
    setting = Setting(cameras=cameras, web=CALM, events=True, answer=two_objects)
    with ServerThread(setting) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(browser: Browser) -> Iterator[None]:
    """Every test finds default choices, and leaves nothing that the browser found wrong."""
    yield
    assert browser.console() == []
    browser.run("if (location.protocol.startsWith('http')) localStorage.clear()")


def two_objects(tensor: NDArray[np.generic]) -> Mapping[str, NDArray[np.float32]]:
    """A car, and a person that the model's own threshold hides."""
    answer = dict(fakes.one_object(tensor))
    answer["scores"][:, 0, 27] = np.log(0.4 / 0.6)
    return answer


def color_at(browser: Browser, camera: str, x: float, y: float) -> list[int]:
    """Red, green, blue of a live picture at a point in the camera's pixels."""
    script = """
        const canvas = document.querySelector(arguments[0]);
        const scale = canvas.width / arguments[3];
        const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, Math.round(arguments[1] * scale), Math.round(arguments[2] * scale),
            1, 1, 0, 0, 1, 1);
        const pixel = copy.getImageData(0, 0, 1, 1);
        return [...pixel.data.slice(0, 3)];
    """
    found = browser.run(script, f'canvas[data-camera="{camera}"]', x, y, 128)
    return [int(channel) for channel in found]


def near(color: list[int], wanted: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(color, wanted, strict=True)) < 60


def test_frames_change_and_figures_and_events_are_told(
    browser: Browser, server: ServerThread
) -> None:
    browser.open(server.url)
    browser.until(lambda: browser.frame_number("gate") >= 0, "a picture")
    first = browser.frame_number("gate")
    browser.until(lambda: browser.frame_number("gate") > first, "another picture")
    card = 'article[data-camera="gate"]'
    browser.until(lambda: "running" in browser.text(f"{card} .state"), "its state")
    browser.until(lambda: "ms" in browser.text(f"{card} [data-figure=latency]"), "its latency")
    browser.until(lambda: "1 car" in browser.text(f"{card} .objects"), "what it sees")
    browser.until(lambda: "left door after 1.5 s" in browser.text(".events"), "its events")
    assert browser.chrome.title == "Cameras · edgeserve"


def test_boxes_are_drawn_where_the_api_says_and_can_be_turned_off(
    browser: Browser, server: ServerThread, tmp_path: Path
) -> None:
    path = tmp_path / "grey.jpg"
    cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
    request = Request(  # noqa: S310 - our own server
        f"{server.url}/api/detect", path.read_bytes(), {"Content-Type": "image/jpeg"}
    )
    with urlopen(request, timeout=60) as response:  # noqa: S310 - as above
        (found,) = json.load(response)["detections"]
    _, _, right, bottom = found["box_xyxy"]
    blue, green, red = class_color(found["class_id"])
    browser.open(server.url)
    browser.until(lambda: browser.frame_number("still") >= 0, "a picture")

    def drawn() -> bool:
        edge = (right, bottom / 2 + 6)
        return near(color_at(browser, "still", *edge), (red, green, blue))

    browser.until(drawn, "the box's right edge")
    assert near(color_at(browser, "still", right + 8, bottom / 2), (90, 90, 90))
    browser.find('input[data-shown="boxes"]').click()
    browser.until(lambda: not drawn(), "no box")
    browser.find('input[data-shown="boxes"]').click()
    browser.until(drawn, "the box again")


def test_a_picture_chosen_or_dropped_gets_its_detections(
    browser: Browser, server: ServerThread, tmp_path: Path
) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
    browser.open(f"{server.url}/#/picture")
    browser.until(lambda: "fake" in browser.text("#model"), "the models")
    browser.find("#choose").send_keys(str(path))
    browser.until(lambda: "1 car" in browser.text("[role=status]:not(.banner)"), "its detections")
    assert browser.text("tbody") == "car1.00"
    browser.run(
        "const score = document.getElementById('score'); score.value = 0.35;"
        "score.dispatchEvent(new Event('input'))"
    )
    assert browser.text("tbody") == "car1.00person0.40"
    browser.open(f"{server.url}/#/picture")
    browser.until(lambda: "fake" in browser.text("#model"), "the models")
    browser.find(".drop")
    browser.run("""
        const canvas = document.createElement("canvas");
        canvas.width = 128;
        canvas.height = 128;
        canvas.toBlob((blob) => {
            const dropped = new DataTransfer();
            dropped.items.add(new File([blob], "dropped.jpg", { type: "image/jpeg" }));
            document.querySelector(".drop").dispatchEvent(
                new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
        }, "image/jpeg");
    """)
    browser.until(lambda: "car" in browser.text("tbody"), "its detections")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    browser.find("#choose").send_keys(str(bad))
    browser.until(lambda: "bad.jpg is no picture" in browser.text(".error"), "what is wrong")


def test_a_zone_that_is_drawn_is_one_that_the_configuration_takes(
    browser: Browser, server: ServerThread, tmp_path: Path
) -> None:
    browser.open(f"{server.url}/#/camera/gate")
    browser.until(lambda: browser.frame_number("gate") >= 0, "a picture")
    browser.find(".heading > button").click()
    action = browser.run(
        "return [...document.querySelectorAll('button')].find(b => b.textContent == 'Add a corner')"
    )
    # By the keyboard alone.
    for keys in ("\ue012" * 3, "\ue014" * 3, "\ue015" * 3):
        action.click()
        browser.chrome.switch_to.active_element.send_keys(keys)
    toml = str(browser.run("return document.getElementById('zone-toml').value"))
    assert toml.startswith("# Below the [[camera]] table of gate\n[[camera.zones]]\n")
    config = tmp_path / "edgeserve.toml"
    config.write_text(f'[[camera]]\nname = "gate"\nurl = "sample"\n{toml}\n')
    (camera,) = load_settings(config, {}, {}).camera
    assert camera.zones[0].points == ((0.47, 0.5), (0.53, 0.5), (0.5, 0.53))


def test_a_camera_that_is_killed_shows_as_down_and_comes_back(
    browser: Browser, server: ServerThread
) -> None:
    feed = MjpegServer()
    port = feed.port
    card = 'article[data-camera="street"]'
    options = {"name": "street", "url": feed.url, "read_timeout": 2, "reconnect_max": 0.5}
    try:
        server.cameras.add(CameraOptions.model_validate(options))
        browser.open(server.url)
        browser.until(lambda: "running" in browser.text(f"{card} .state"), "running")
        # What nobody sees is not shown.
        browser.run("document.querySelector(arguments[0]).scrollIntoView()", card)
        browser.until(lambda: browser.frame_number("street") >= 0, "a picture")
        feed.close()
        browser.until(lambda: "waiting" in browser.text(f"{card} .state"), "down")
        browser.until(lambda: "cannot be reached" in browser.text(f"{card} .placard"), "why")
        last = browser.frame_number("street")
        feed = MjpegServer(port=port)
        browser.until(lambda: "running" in browser.text(f"{card} .state"), "back")
        browser.until(lambda: browser.frame_number("street") > last, "a new picture")
        server.cameras.remove("street")
        browser.until(lambda: not browser.chrome.find_elements("css selector", card), "gone")
    finally:
        feed.close()


@pytest.mark.parametrize("path", ["", "#/camera/gate", "#/picture", "#/system"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_view_can_be_used_by_everybody_and_fits_a_phone(
    browser: Browser, server: ServerThread, path: str, theme: str
) -> None:
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core-python is not installed")
    phone = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        browser.open(server.url)
        browser.run("localStorage.setItem('edgeserve-theme', arguments[0])", theme)
        browser.open(f"{server.url}/{path}")
        browser.find("h1")
        if "camera/" in path:
            browser.until(lambda: browser.frame_number("gate") >= 0, "a picture")
            browser.find(".heading > button").click()
        if "system" in path:
            browser.until(lambda: "buy one" in browser.text("main"), "the devices")
        width = browser.run("return document.documentElement.scrollWidth")
        found = axe.Axe().run(browser.chrome)
    finally:
        browser.chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width == 360
    told = [
        (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert told == []


def test_the_keyboard_reaches_everything(browser: Browser, server: ServerThread) -> None:
    browser.open(server.url)
    browser.until(lambda: browser.frame_number("gate") >= 0, "a picture")
    reached = []
    for _ in range(40):
        browser.chrome.switch_to.active_element.send_keys("\ue004")
        reached.append(str(browser.run("return document.activeElement.textContent.trim()")))
    assert reached[0] == "Skip to content"
    wanted = ("Cameras", "Picture", "System", "Auto", "Full screen", "gate", "still")
    assert all(word in reached for word in wanted), reached
