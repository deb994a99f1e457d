"""Settings from file, environment and flags."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeserve.config.load import load_configuration, load_settings, variable
from edgeserve.config.settings import Settings, options
from edgeserve.config.text import show
from edgeserve.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "edgeserve.toml"


def settings_of(
    path: Path,
    text: str,
    environment: Mapping[str, str] | None = None,
    **flags: object,
) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment or {}, flags)


def test_names_and_variables_are_unique_over_all_sections() -> None:
    declared = list(options())
    names = Counter(name for _, name, _ in declared)
    variables = Counter(variable(name, field) for _, name, field in declared)
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name, count in variables.items() if count > 1] == []
    assert all(name.startswith("EDGESERVE_") for name in variables)


def test_every_section_has_options_and_every_option_a_description() -> None:
    # Cameras are a list of tables, with options of their own.
    assert {section for section, _, _ in options()} == set(Settings.model_fields) - {"camera"}
    assert [name for _, name, field in options() if not field.description] == []


def test_nothing_given_is_the_defaults() -> None:
    assert load_settings(None, {}, {}) == Settings()
    # Container platforms set EDGESERVE_PORT for a service of that name.
    foreign = {"PATH": "/bin", "EDGESERVE_PORT": "tcp://10.0.0.1"}
    assert load_settings(None, foreign, {}) == Settings()


def test_flag_wins_over_environment_and_environment_over_file(path: Path) -> None:
    text = '[serving]\nlisten = "a:1"\n[pipeline]\nworkers = 1\nqueue_size = 1\n'
    environment = {"EDGESERVE_WORKERS": "2", "EDGESERVE_QUEUE_SIZE": "2"}
    settings = settings_of(path, text, environment, queue_size="3")
    assert settings.serving.listen == "a:1"
    assert settings.pipeline.workers == 2
    assert settings.pipeline.queue_size == 3
    assert settings.telemetry == Settings().telemetry


def test_words_from_the_outside_become_the_options_types() -> None:
    settings = load_settings(
        None,
        {"EDGESERVE_INSECURE": "true", "EDGESERVE_MODELS": "/srv/models"},
        {"drain_delay": "1.5", "strict": True},
    )
    assert settings.serving.insecure is True
    assert settings.serving.drain_delay == 1.5
    assert settings.catalog.models_dir == Path("/srv/models")
    assert settings.engines.strict is True


@pytest.mark.parametrize("given", ["a, b ,c", " a,b,,c,", "a,b,c"])
def test_lists_are_separated_by_commas(given: str) -> None:
    expected = ("a", "b", "c")
    assert load_settings(None, {"EDGESERVE_MODEL": given}, {}).catalog.model == expected
    assert load_settings(None, {}, {"model": given}).catalog.model == expected


@pytest.mark.parametrize("given", ["", " , "])
def test_a_list_of_nothing_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^EDGESERVE_MODEL: catalog\.model: "):
        load_settings(None, {"EDGESERVE_MODEL": given}, {})


def test_a_list_in_a_file_is_a_toml_list(path: Path) -> None:
    assert settings_of(path, '[catalog]\nmodel = ["a", "b"]').catalog.model == ("a", "b")
    with pytest.raises(ConfigurationError, match=r"catalog\.model: .*tuple, got 'a,b'"):
        settings_of(path, '[catalog]\nmodel = "a,b"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[servng]\n", "servng: Extra inputs are not permitted"),
        ("[serving]\nlissten = 'x'\n", "serving.lissten: Extra inputs are not permitted, got 'x'"),
        ("listen = 'x'\n", "listen: Extra inputs are not permitted"),
        ("serving = 3\n", "serving: Input should be a valid dictionary"),
        ("[pipeline]\nworkers = -1\n", "pipeline.workers: Input should be greater than or equal"),
        ("[pipeline]\nworkers = 'many'\n", "pipeline.workers: Input should be a valid integer"),
        ("[telemetry]\nlog_level = 'loud'\n", "'warning' or 'error', got 'loud'"),
        ("[serving\n", "not valid TOML"),
        ("[serving]\nlisten = 'x'\nlisten = 'y'\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_with_key_and_expectation(path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        settings_of(path, text)
    message = str(refusal.value)
    place = f"{path}:{text.count(chr(10))}: " if "TOML" not in said else f"{path}: "
    assert message.startswith(place), "the last line of each text is wrong"
    assert said in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"edgeserve\.toml: cannot be read"):
        load_settings(path, {}, {})
    path.write_bytes(b"# \xff")
    with pytest.raises(ConfigurationError, match=r"edgeserve\.toml: cannot be read"):
        load_settings(path, {}, {})


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(None, {"EDGESERVE_WRITE_TIMEOUT": "0"}, {})
    said = "EDGESERVE_WRITE_TIMEOUT: serving.write_timeout: Input should be greater than 0, got '0'"
    assert str(refusal.value) == said


def test_a_wrong_flag_is_named() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(None, {"EDGESERVE_QUEUE_SIZE": "5"}, {"queue_size": "4096"})
    said = (
        "--queue-size: pipeline.queue_size: Input should be less than or equal to 1024, got '4096'"
    )
    assert str(refusal.value) == said


def test_a_wrong_file_is_told_even_where_a_flag_would_win(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"pipeline\.workers") as refusal:
        settings_of(path, "[pipeline]\nworkers = -1", workers="2")
    assert str(refusal.value).startswith(str(path))


def test_who_said_a_value_is_known(path: Path) -> None:
    text = """\
[serving]
listen = "a:1"
drain_delay = 1
[pipeline]
workers = 1

[[camera]]
name = "gate"
url = "sample"
"""
    path.write_text(text, encoding="utf-8")
    found = load_configuration(path, {"EDGESERVE_WORKERS": "2"}, {"drain_delay": "3"})
    assert found.origins["serving", "listen"] == f"{path}:2"
    assert found.origins["serving", "drain_delay"] == "--drain-delay"
    assert found.origins["pipeline", "workers"] == "EDGESERVE_WORKERS"
    assert found.origins["camera", 0] == f"{path}:7"
    assert ("web", "http_listen") not in found.origins
    lines = show(found.settings, found.origins).splitlines()
    assert f'listen = "a:1"  # {path}:2' in lines
    assert "workers = 2  # EDGESERVE_WORKERS" in lines
    assert 'http_listen = "127.0.0.1:8000"  # default' in lines
    assert f"[[camera]]  # {path}:7" in lines


def test_a_key_that_is_missing_is_looked_for_at_its_table(path: Path) -> None:
    text = '[web]\n\n[[camera]]\nname = "gate"\nurl = "sample"\n\n[[camera]]\nname = "yard"\n'
    with pytest.raises(ConfigurationError, match=r"toml:7: camera\[1\]\.url: Field required"):
        settings_of(path, text)
