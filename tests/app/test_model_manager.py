"""What was asked for serves, and what fails changes nothing: with real models, without a socket."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.app.model_manager import ModelManager
from edgeserve.app.model_watch import ModelWatch
from edgeserve.config.settings import Settings
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    ModelNotFoundError,
    ModelNotReadyError,
)
from edgeserve.pipeline.watchdog import Watchdog
from edgeserve.telemetry.metrics import Metrics
from tests.versions import NAME, write_version
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKEN = (('fit = "center"', 'fit = "stretch"'),)
"""Files that load, and find something else than FP32 did."""


class Managed:
    """A manager, and what it told."""

    def __init__(self, models: Path, *wanted: str) -> None:
        self.metrics = Metrics()
        self.changes = 0
        catalog = {"models_dir": models, "model": wanted or (NAME,)}
        settings = Settings.model_validate(
            {"catalog": catalog, "engines": {"provider": "onnxruntime:CPU", "hint": "latency"}}
        )
        self.manager = ModelManager(settings, self.metrics, Watchdog(), self._count)

    @property
    def served(self) -> list[tuple[str, bool]]:
        """Versions and whether they are ready."""
        return [(s.version, s.ready) for s in self.manager.models.statuses()]

    @property
    def reasons(self) -> str:
        return "; ".join(status.reason for status in self.manager.models.statuses())

    def loads(self, outcome: str, model: str = NAME) -> float:
        labels = {"model": model, "outcome": outcome}
        text = self.metrics.render("text/plain")[0].decode()
        return next(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "edgeserve_model_loads_total" and sample.labels == labels
        )

    def _count(self) -> None:
        self.changes += 1


@contextmanager
def managed(models: Path, *wanted: str) -> Iterator[Managed]:
    made = Managed(models, *wanted)
    try:
        yield made
    finally:
        made.manager.close()


def test_the_newest_takes_the_place_of_the_one_before_and_a_named_one_stays(tmp_path: Path) -> None:
    write_version(tmp_path, 9)
    with managed(tmp_path) as made:
        assert made.served == [("9", True)]
        write_version(tmp_path, 10)
        assert made.manager.load(NAME).version == "10"
        assert made.served == [("10", True)]
        made.manager.load(NAME, "9")
        assert made.served == [("10", True), ("9", True)]
        assert [one.is_default for one in made.manager.models.statuses()] == [True, False]
        write_version(tmp_path, 11)
        made.manager.load(NAME)
        assert made.served == [("11", True), ("9", True)]
        entries = [(e.version, e.served) for e in made.manager.index() if e.name == NAME]
        assert entries == [("1", False), ("9", True), ("10", False), ("11", True)]
        assert made.changes == 3
        assert made.loads("good") == 4


@pytest.mark.parametrize("damage", ["check", "checksum", "manifest"])
def test_a_bad_version_leaves_the_old_one_serving_and_says_why(damage: str, tmp_path: Path) -> None:
    write_version(tmp_path, 2)
    with managed(tmp_path) as made:
        bad = write_version(tmp_path, 3, BROKEN if damage == "check" else ())
        said: tuple[type[EdgeserveError], str] = (ModelNotReadyError, "does not find what its FP32")
        if damage == "checksum":
            (bad / "model-int8.onnx").write_bytes(b"damaged")
            said = (ModelNotReadyError, "the file is damaged or was changed")
        if damage == "manifest":
            (bad / "model.toml").write_text("labels = 3")
            said = (ConfigurationError, r"3/model\.toml: ")
        detector = made.manager.models._models[0].detector
        with pytest.raises(said[0], match=said[1]):
            made.manager.load(NAME)
        assert made.served == [("2", True)]
        assert made.manager.models._models[0].detector is detector
        assert "does not take its place: " in made.reasons
        assert made.loads("refused") == 1
        assert made.changes == 1
        shutil.rmtree(bad)
        write_version(tmp_path, 3)
        made.manager.load(NAME)
        assert made.served == [("3", True)]
        assert made.reasons == ""


def test_reload_reads_what_serves_anew(tmp_path: Path) -> None:
    folder = write_version(tmp_path, 2)
    with managed(tmp_path) as made:
        write_version(tmp_path, 3)
        manifest = folder / "model.toml"
        manifest.write_text(manifest.read_text().replace("score = 0.", "score = 0.1", 1))
        before = made.manager.models.statuses()[0].thresholds
        (status,) = made.manager.reload(NAME)
        assert status.version == "2"
        assert status.thresholds != before
        assert made.served == [("2", True)]
        (wish,) = made.manager.wishes
        assert made.manager.tried(wish) != made.manager.sight(wish), "the newer one is untried"
        with pytest.raises(ModelNotFoundError, match=f"no model '{NAME}:3'; it serves {NAME}:2"):
            made.manager.reload(NAME, "3")


def test_unload_and_load_again(tmp_path: Path) -> None:
    with managed(tmp_path) as made:
        with pytest.raises(ModelNotFoundError, match="this server has no model 'other'"):
            made.manager.unload("other")
        made.manager.unload(NAME)
        assert made.served == []
        assert not made.manager.models.ready
        with pytest.raises(ModelNotFoundError, match="it serves none"):
            made.manager.unload(NAME)
        with pytest.raises(ModelNotFoundError, match="there is no model 'absent' in"):
            made.manager.load("absent")
        made.manager.load(NAME, "1")
        assert made.served == [("1", True)]
        assert made.manager.models.statuses()[0].is_default


def test_a_wish_for_the_newest_and_one_for_that_version_are_one_model(tmp_path: Path) -> None:
    write_version(tmp_path, 2)
    with managed(tmp_path, NAME, f"{NAME}:2", f"{NAME}:7") as made:
        assert made.served == [("2", True), ("7", False)]
        assert f"there is no model '{NAME}:7'" in made.reasons
        write_version(tmp_path, 7)
        made.manager.load(NAME)
        assert made.served == [("7", True), ("2", True)]


def test_a_configuration_may_name_a_bundle_elsewhere(tmp_path: Path) -> None:
    folder = write_version(tmp_path / "elsewhere", "5")
    with managed(tmp_path / "models", str(folder)) as made:
        assert made.served == [("5", True)]
        assert made.manager.reload(NAME, "5")[0].version == "5"


def test_a_watch_loads_what_is_new_once_its_files_are_still(tmp_path: Path) -> None:
    write_version(tmp_path, 2)
    with managed(tmp_path) as made:
        watch = ModelWatch(made.manager, 0.05)
        try:
            write_version(tmp_path, 3, BROKEN)
            wait_until(lambda: made.reasons, "the bad version is looked at")
            assert made.served == [("2", True)]
            write_version(tmp_path, 4)
            wait_until(lambda: made.served == [("4", True)], "the good version takes over")
            assert made.reasons == ""
            # What was refused is not tried again while it stays as it is.
            assert made.loads("refused") == 1
        finally:
            watch.close()
