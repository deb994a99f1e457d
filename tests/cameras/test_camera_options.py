"""What an operator may write about a camera, and how wrong lines are named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.open import open_source
from edgeserve.cameras.options import CameraOptions
from edgeserve.cameras.pattern import Pattern
from edgeserve.config.load import load_settings
from edgeserve.config.text import example, show
from edgeserve.domain.credentials import without_credentials
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

GATE = '[[camera]]\nname = "gate"\nurl = "rtsp://admin:hunter2@192.0.2.7/stream"\n'


def settings_error(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {}, {})
    place, _, said = str(caught.value).partition(": ")
    assert re.fullmatch(rf"{re.escape(str(path))}(:\d+)?", place)
    return said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgeserve.toml"


def test_a_camera_with_everything(path: Path) -> None:
    path.write_text(
        GATE
        + 'model = "road-csp-tiny"\nscore = 0.4\nclasses = ["person"]\nfps = 5\nrotate = 90\n'
        + 'crop = [0, 0.25, 1, 1]\ntransport = "udp"\nweight = 2.0\n'
        + '[[camera.zones]]\nname = "door"\npoints = [[0, 0], [1, 0], [0.5, 1]]\n'
        + '[[camera.lines]]\nname = "kerb"\nstart = [0, 0.5]\nend = [1, 0.5]\n',
        encoding="utf-8",
    )
    (camera,) = load_settings(path, {}, {}).camera
    zones, lines = camera.places()
    assert str(camera.url) == "rtsp://***@192.0.2.7/stream"
    assert "hunter2" in camera.url.secret
    assert zones[0].points == ((0, 0), (1, 0), (0.5, 1))
    assert lines[0].end == (1, 0.5)
    assert camera.crop == (0, 0.25, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rotate = 45\n", "camera[0].rotate: Input should be 0, 90, 180 or 270, got 45"),
        ("fsp = 5\n", "camera[0].fsp: Extra inputs are not permitted, got 5"),
        ("every_nth = 0\n", "camera[0].every_nth: Input should be greater than or equal to 1"),
        ("crop = [0.5, 0, 0.5, 1]\n", "camera[0].crop: Value error, expected left below right"),
        ("crop = [0, 0, 2, 1]\n", "camera[0].crop[2]: Input should be less than or equal to 1"),
        ("transport = 'smoke'\n", "camera[0].transport: Input should be 'tcp' or 'udp'"),
        ("connect_timeout = 0\n", "camera[0].connect_timeout: Input should be greater than 0"),
        ("password = 'hunter2'\n", "camera[0].password: Extra inputs are not permitted"),
        ("zones = [{name = 'z', points = [[0, 0], [1, 1]]}]\n", "camera[0].zones[0].points: Tuple"),
        (GATE, "camera: Value error, more than one is called gate"),
        ("[[camera]]\nname = 'x'\n", "camera[1].url: Field required"),
        ("[[camera]]\nname = 'grpc'\nurl = 'sample'\n", "camera[1].name: Value error, grpc is the"),
        ("[[camera]]\nname = 'a b'\nurl = 'sample'\n", "camera[1].name: String should match"),
    ],
)
def test_a_wrong_line_is_named_and_no_secret_with_it(path: Path, text: str, said: str) -> None:
    message = settings_error(path, GATE + text)
    assert message.startswith(said)
    assert "hunter2" not in message


def test_a_url_in_the_wrong_place_is_not_repeated_with_its_password(path: Path) -> None:
    text = 'camera = "rtsp://administrator-of-all:hunter2@192.0.2.7/a/very/long/path/to/a/stream"\n'
    assert "hunter2" not in settings_error(path, text)


def test_the_settings_in_force_are_shown_without_credentials(path: Path) -> None:
    path.write_text(GATE + "[[camera.zones]]\nname='z'\npoints=[[0,0],[1,0],[1,1]]\n")
    settings = load_settings(path, {}, {})
    shown = show(settings)
    assert 'url = "rtsp://***@192.0.2.7/stream"' in shown
    assert "hunter2" not in shown + repr(settings) + settings.model_dump_json()
    # Whoever keeps it has a file that can be read again.
    path.write_text(shown, encoding="utf-8")
    assert load_settings(path, {}, {}).camera[0].zones == settings.camera[0].zones


def test_the_example_is_good_when_its_comment_signs_are_taken_away(path: Path) -> None:
    lines = example().split("# [[camera]]")[1].splitlines()
    text = "\n".join(line.removeprefix("# ") for line in lines)
    path.write_text(f"[[camera]]{text}\n", encoding="utf-8")
    (camera,) = load_settings(path, {}, {}).camera
    assert camera.name == "gate"
    assert set(CameraOptions.model_fields) == camera.model_fields_set


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("no rtsp://u:p@h/x here", "no rtsp://***@h/x here"),
        ("rtsp://u:p/a@ss@h/x", "rtsp://***@h/x"),
        ("rtsp://h/user=a&password=a1&channel=2", "rtsp://h/user=***&password=***&channel=2"),
        ("http://h/video?pwd=a1", "http://h/video?pwd=***"),
        ("rtsp://h:554/x", "rtsp://h:554/x"),
        ("/videos/a@b.mp4", "/videos/a@b.mp4"),
    ],
)  # fmt: skip
def test_credentials_are_hidden(text: str, hidden: str) -> None:
    assert without_credentials(text) == hidden


def test_a_pattern_moves_and_has_the_size_and_rate_that_were_asked_for() -> None:
    source = open_source("pattern:64x48@7", raw=True)
    assert isinstance(source, Pattern)
    assert source.fps == 7
    frames = iter(source)
    first, second = next(frames), next(frames)
    assert (first.width_px, first.height_px) == (64, 48)
    assert first.data != second.data


@pytest.mark.parametrize("words", ["pattern:", "pattern:7x7", "pattern:64x48@0", "pattern:big"])
def test_a_pattern_that_makes_no_sense_is_refused(words: str) -> None:
    with pytest.raises(ConfigurationError, match="is no test pattern"):
        open_source(words)
