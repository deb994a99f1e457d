"""When a server takes what `edgeserve tune` chose."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.app.tuned import Tuned
from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.checks.choice import Choice, Choices
from edgeserve.checks.machine import facts
from edgeserve.config.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

NAME = "road-csp-tiny"
BUNDLE = Bundle.read(shipped_dir() / NAME)
OPTIONS = ("provider", "precision", "hint", "threads", "streams")
CHOSEN = {
    "provider": "onnxruntime:CPU",
    "precision": "int8",
    "hint": "throughput",
    "threads": 0,
    "streams": 1,
    "workers": 7,
}


def write(cache: Path, **changed: object) -> None:
    """Keep a choice for the shipped model on this machine."""
    chosen = {name: value for name, value in CHOSEN.items() if name != "provider"}
    rest = {"single": 1.25, "saturated": 1.5, "made": "2026-01-31"}
    choice: dict[str, Any] = {
        "model": f"{NAME}:{BUNDLE.manifest.version}",
        "device": CHOSEN["provider"],
        "facts": facts(BUNDLE.manifest.model_dump_json()),
        **chosen,
        **rest,
    }
    Choices(cache).write(Choice.model_validate(choice | changed))


def applied(cache: Path, **flags: object) -> tuple[dict[str, object], str]:
    """What a server with these flags runs the model with, and what it says of it."""
    settings = load_settings(None, {}, {"cache_dir": str(cache), **flags})
    tuned = Tuned(settings, Repository(shipped_dir()))
    of_model, words = tuned.for_model(BUNDLE)
    assert of_model.engines.hint == tuned.settings.engines.hint, "a device's models share it"
    found = {name: getattr(of_model.engines, name) for name in OPTIONS}
    return found | {"workers": tuned.settings.pipeline.workers}, words


def untuned(**flags: object) -> dict[str, object]:
    settings = load_settings(None, {}, flags)
    found = {name: getattr(settings.engines, name) for name in OPTIONS}
    return found | {"workers": settings.pipeline.workers}


def test_what_was_chosen_here_is_taken_and_told(tmp_path: Path) -> None:
    write(tmp_path)
    found, words = applied(tmp_path)
    assert found == CHOSEN
    assert words.startswith("onnxruntime:CPU int8, hint throughput, streams 1, workers 7 (1.25 of")


def test_without_a_choice_nothing_changes(tmp_path: Path) -> None:
    assert applied(tmp_path) == (untuned(), "")


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    write(tmp_path)
    assert applied(tmp_path, tuned=False) == (untuned(), "")


@pytest.mark.parametrize(
    "flags",
    [
        {"provider": "openvino:CPU"},
        {"provider": "igpu,cpu"},
        {"precision": "fp32"},
        {"threads": 1},
    ],
)
def test_who_asks_for_another_form_gets_it_and_the_log_says_so(
    tmp_path: Path, flags: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path)
    with caplog.at_level(logging.INFO, "edgeserve.app.tuned"):
        assert applied(tmp_path, **flags) == (untuned(**flags), "")
    ((name, value),) = flags.items()
    assert len(caplog.records) == 1
    assert f"is not used, since {name} is {value}" in caplog.text


@pytest.mark.parametrize(
    "flags",
    [
        {"provider": "cpu"},
        {"provider": "ONNXRuntime:cpu,openvino:CPU"},
        {"precision": "auto"},
        {"precision": "int8"},
        {"threads": 0},
    ],
)
def test_who_asks_for_what_was_chosen_gets_it(tmp_path: Path, flags: dict[str, object]) -> None:
    write(tmp_path)
    found, words = applied(tmp_path, **flags)
    assert found == CHOSEN
    assert words


@pytest.mark.parametrize(
    ("name", "value"), [("hint", "latency"), ("hint", "auto"), ("streams", 2), ("workers", 3)]
)
def test_hint_streams_and_workers_are_replaced_one_by_one(
    tmp_path: Path, name: str, value: object
) -> None:
    write(tmp_path)
    found, words = applied(tmp_path, **{name: value})
    assert found == CHOSEN | {name: value}
    assert f"{name} {value}" in words


def test_a_choice_of_another_machine_is_ignored_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, facts=facts(BUNDLE.manifest.model_dump_json()) | {"cores": "333"})
    assert applied(tmp_path) == (untuned(), "")
    assert len(caplog.records) == 1
    assert "(cores was 333, is " in caplog.text


def test_a_choice_for_a_bundle_that_was_changed_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, facts=facts("an older manifest"))
    assert applied(tmp_path) == (untuned(), "")
    assert "(bundle was " in caplog.text


def test_a_default_model_that_is_not_there_is_left_to_whoever_loads_it(tmp_path: Path) -> None:
    write(tmp_path)
    _, words = applied(tmp_path, model=f"absent,{NAME}")
    assert words.startswith("onnxruntime:CPU int8, hint auto, streams 1 (")
