"""Settings as a file that a person edits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edgeserve.config.load import load_settings, variable
from edgeserve.config.settings import Settings, has_flag, is_reloaded, options
from edgeserve.config.text import example, show

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an operating system takes as an argument or as a path: no zero byte, no lone surrogate.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "edgeserve.toml"


def read_back(path: Path, text: str, environment: Mapping[str, str] | None = None) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment or {}, {})


def test_the_example_is_the_defaults_as_it_is_and_uncommented(path: Path) -> None:
    assert read_back(path, example()) == Settings()
    uncommented, count = re.subn(r"(?m)^# (?=[a-z_]+ = )", "", example())
    assert count == len(list(options()))
    assert read_back(path, uncommented) == Settings()
    changed = uncommented.replace("workers = 0", "workers = 5")
    assert read_back(path, changed).pipeline.workers == 5


def test_the_example_tells_of_every_option_its_purpose_flag_and_variable() -> None:
    lines = example().splitlines()
    for _, name, field in options():
        flag = f"--{name.replace('_', '-')} and " if has_flag(field) else ""
        again = "; read anew on SIGHUP" if is_reloaded(field) else ""
        at = lines.index(f"# Also {flag}{variable(name, field)}{again}.")
        assert lines[at - 1] == f"# {field.description}"
        assert lines[at + 1].startswith(f"# {name} = ")


def test_the_example_lists_options_under_their_section() -> None:
    headings = [line[1:-1] for line in example().splitlines() if line.startswith("[")]
    assert headings == [name for name in Settings.model_fields if name != "camera"]


def test_a_secret_is_read_from_the_environment_and_never_shown() -> None:
    settings = load_settings(None, {"EDGESERVE_MQTT_PASSWORD": "open sesame"}, {})
    assert settings.mqtt.mqtt_password.get_secret_value() == "open sesame"
    assert 'mqtt_password = "**********"' in show(settings)
    assert "sesame" not in show(settings) + repr(settings)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_is_shown_reads_back_as_the_same_settings(path: Path, data: st.DataObject) -> None:
    tables: dict[str, dict[str, Any]] = {
        "serving": {
            "listen": data.draw(WORDS),
            "insecure": data.draw(st.booleans()),
            "drain_delay": data.draw(st.floats(0, allow_nan=False)),
            "write_timeout": data.draw(st.floats(0, exclude_min=True, allow_nan=False)),
        },
        "catalog": {
            "models_dir": data.draw(WORDS.map(Path)),
            "model": data.draw(st.lists(WORDS, min_size=1, max_size=3)),
        },
        "engines": {"hint": data.draw(st.sampled_from(["auto", "throughput", "latency"]))},
        "access": {"max_pixels": data.draw(st.integers(1, 2**62))},
    }
    settings = Settings.model_validate(tables)
    assert read_back(path, show(settings)) == settings


def test_what_is_shown_names_every_option(path: Path) -> None:
    shown = show(Settings())
    assert read_back(path, shown) == Settings()
    for _, name, _ in options():
        assert f"\n{name} = " in shown
