"""Choices of `edgeserve tune`, kept by the circumstances that they were made under."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.checks import choice as module
from edgeserve.checks.choice import Choice, Choices
from edgeserve.checks.machine import facts

if TYPE_CHECKING:
    from pathlib import Path

HERE = {"cpu": "this one", "versions": "edgeserve 1"}


def choice(here: dict[str, str] | None = None, workers: int = 0, model: str = "road:1") -> Choice:
    return Choice(
        model=model,
        device="openvino:CPU",
        precision="bf16",
        hint="auto",
        threads=0,
        streams=0,
        workers=workers,
        single=1.25,
        saturated=1.5,
        made="2026-01-31",
        facts=HERE if here is None else here,
    )


def test_a_choice_is_found_again_and_in_words(tmp_path: Path) -> None:
    Choices(tmp_path).write(choice(workers=3))
    found = Choices(tmp_path).find("road:1", lambda: HERE)
    assert found == choice(workers=3)
    assert str(found) == (
        "openvino:CPU bf16, hint auto, workers 3 (1.25 of the default's speed one frame at a "
        "time, 1.50 saturated, 2026-01-31)"
    )


def test_each_circumstance_keeps_its_own(tmp_path: Path) -> None:
    capped = HERE | {"cap": "AVX2"}
    choices = Choices(tmp_path)
    choices.write(choice(workers=2))
    choices.write(choice(capped, workers=4))
    choices.write(choice(workers=3))
    found = [choices.find("road:1", lambda now=now: now) for now in (HERE, capped)]  # type: ignore[misc]
    assert [one.workers for one in found if one is not None] == [3, 4]


def test_a_choice_of_elsewhere_is_ignored_and_the_log_says_what_differs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Choices(tmp_path).write(choice())
    now = {"cpu": "another", "versions": "edgeserve 1"}
    assert Choices(tmp_path).find("road:1", lambda: now) is None
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "(cpu was this one, is another)" in record.getMessage()


def test_where_nothing_was_chosen_nothing_is_asked_or_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    choices = Choices(tmp_path)
    assert choices.find("road:1", pytest.fail) is None
    choices.write(choice(model="other:1"))
    assert choices.find("road:1", pytest.fail) is None
    assert not caplog.records


@pytest.mark.parametrize("text", ["", "no JSON", "{}", '{"device": 1}'])
def test_a_broken_file_is_passed_over(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = Choices(tmp_path).write(choice())
    path.with_name("broken.json").write_text(text)
    assert Choices(tmp_path).find("road:1", lambda: HERE) == choice()
    assert "broken.json is ignored" in caplog.text


def test_the_oldest_make_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FILES", 2)
    places = {Choices(tmp_path).write(choice({"cpu": str(number)})) for number in range(4)}
    assert len([path for path in places if path.exists()]) == 2


def test_another_user_may_read_it(tmp_path: Path) -> None:
    assert Choices(tmp_path).write(choice()).stat().st_mode & 0o777 == 0o644


def test_facts_tell_caps_bundles_and_accelerators_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    plain = facts("manifest", tmp_path)
    assert plain == facts("manifest", tmp_path)
    assert plain["accelerators"] == plain["cap"] == "none"
    assert "edgeserve " in plain["versions"]
    assert int(plain["cores"]) > 0
    assert facts("another", tmp_path)["bundle"] != plain["bundle"]
    device = tmp_path / "drm" / "card0" / "device"
    device.mkdir(parents=True)
    for name, number in (("vendor", "0x8086\n"), ("device", "0x46d1\n")):
        (device / name).write_text(number)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    other = facts("manifest", tmp_path)
    assert other["accelerators"] == "0x8086:0x46d1"
    assert other["cap"] == "ONEDNN_MAX_CPU_ISA=AVX2"
