"""A configuration that changes under real cameras; everything is real but the inference."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from edgeserve.app.reload import Reloader
from edgeserve.cameras.observer import NullCameraObserver
from edgeserve.cameras.options import CameraOptions
from edgeserve.config.load import load_configuration
from edgeserve.domain.errors import ConfigurationError
from edgeserve.pipeline.cameras import Cameras, add_all
from tests import fakes
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.config.load import Configuration

GATE = '[[camera]]\nname = "gate"\nurl = "pattern:64x48@5"\n'
YARD = GATE.replace("gate", "yard")


class Served:
    """Cameras of a file, and the reloader that follows it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.path.write_text(text)
        self.made: list[str] = []
        self._models = fakes.served_models()
        self.reloader = Reloader(self._read().settings, self._read)
        self.cameras = Cameras(self._models, NullCameraObserver(), make_tracker=self._make_tracker)
        add_all(self.cameras, self.reloader.settings.camera)
        self.made.clear()

    def _read(self) -> Configuration:
        return load_configuration(self.path, {}, {})

    def _make_tracker(self, camera: CameraOptions) -> None:
        self.made.append(f"{camera.name} {self.reloader.settings.tracking.track_min_hits}")

    def reload(self, text: str) -> str:
        self.path.write_text(text)
        return self.reloader.reload(self.cameras)

    @property
    def names(self) -> list[str]:
        return [status.name for status in self.cameras.statuses()]

    @property
    def states(self) -> dict[str, str]:
        return {status.name: status.state.value for status in self.cameras.statuses()}

    def close(self) -> None:
        self.cameras.close()
        self._models.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgeserve.toml"


@pytest.fixture
def served(path: Path) -> Iterator[Served]:
    level = logging.getLogger().level
    served = Served(path, GATE)
    yield served
    served.close()
    logging.getLogger().setLevel(level)


def test_cameras_come_go_and_change_and_the_others_are_left_alone(served: Served) -> None:
    assert served.reload(GATE + YARD) == "cameras added: yard"
    assert served.names == ["gate", "yard"]
    served.cameras.pause("yard", paused=True)
    wait_until(lambda: served.states["yard"] == "paused")
    assert served.reload(GATE + "fps = 2\n" + YARD) == "cameras changed: gate"
    assert served.names == ["yard", "gate"]
    assert served.states["yard"] == "paused", "what did not change stays as it is"
    assert served.reload(YARD) == "cameras removed: gate"
    assert served.names == ["yard"]
    assert served.reload(YARD) == "nothing changed"


def test_what_needs_a_restart_is_named_every_time_and_stays(served: Served) -> None:
    text = '[serving]\nlisten = "a:1"\n[mqtt]\nmqtt_password = "sesame"\n' + GATE
    for _ in range(2):
        said = served.reload(text)
        assert said == "only a restart changes listen, mqtt_password"
    assert served.reloader.settings.serving.listen != "a:1"


def test_the_level_of_the_log_and_tracking_change_at_once(served: Served) -> None:
    tracked = GATE + "tracking = true\n" + YARD
    served.reload(tracked)
    served.made.clear()
    text = '[telemetry]\nlog_level = "debug"\n[tracking]\ntrack_min_hits = 7\n' + tracked
    said = served.reload(text)
    assert said == "cameras changed: gate; log_level = debug; track_min_hits = 7"
    assert logging.getLogger().level == logging.DEBUG
    assert served.made[-1] == "gate 7"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (YARD + "fsp = 1\n", r"toml:4: camera\[0\]\.fsp: Extra inputs"),
        ("[telemetry]\nlog_level = 3\n", r"toml:2: telemetry\.log_level"),
        ("[telemetry\n", "not valid TOML"),
        (YARD + "[[camera]]\nname='new'\nurl='gopher://x'\n", "toml:4: camera new: "),
        (YARD + GATE + "classes = ['dog']\n", "toml:4: camera gate: .*no label 'dog'"),
    ],
)
def test_a_wrong_file_changes_nothing_and_its_line_is_named(
    served: Served, text: str, said: str
) -> None:
    before = served.reloader.settings
    with pytest.raises(ConfigurationError, match=said):
        served.reload(text)
    assert served.names == ["gate"]
    assert served.reloader.settings is before
    assert served.reload(GATE) == "nothing changed"


def test_cameras_of_the_admin_service_are_respected(served: Served) -> None:
    served.cameras.add(CameraOptions.model_validate({"name": "yard", "url": "pattern"}))
    with pytest.raises(ConfigurationError, match=r"toml:4: camera yard: .*there already"):
        served.reload(GATE + YARD)
    served.cameras.remove("gate")
    assert served.reload("") == "cameras removed: gate"
    assert served.names == ["yard"]
