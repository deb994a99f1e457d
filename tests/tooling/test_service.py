"""The system service in a scratch root: its files, its versions, and what systemd is told."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.cli.main import run
from edgeserve.config.load import load_settings
from edgeserve.config.settings import Settings
from edgeserve.domain.errors import ConfigurationError, EdgeserveError
from edgeserve.tooling.service import plans, release, systemd
from edgeserve.tooling.service.layout import Layout
from edgeserve.tooling.service.release import Ingredients
from edgeserve.tooling.service.step import carry_out

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """#!/bin/sh
case "$*" in
    "config --check"*) grep -q refused "$3" && {{ echo "{version} refuses it" >&2; exit 2; }} ;;
    "service files"*) echo {version} > "$4/files" ;;
esac
exit 0
"""
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {log}
[ "$1" != try-restart ] || ! grep -q broken {current}
"""
INGREDIENTS = Ingredients("", ("server",), (), "/usr/bin/python3")

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "root")


@pytest.fixture
def written(layout: Layout) -> Layout:
    """A root with the files of this version."""
    assert run(["service", "files", "--root", str(layout.root)]) == 0
    return layout


def _make(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Let a version be made of a shell script; all that follows is real."""

    def fill(layout: Layout, ingredients: Ingredients) -> None:
        program = release.building(layout) / "bin" / "edgeserve"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM.format(version=version))
        program.chmod(0o755)
        record = {"version": version, "extras": ingredients.extras, "others": (), "python": "p"}
        (release.building(layout) / "service.json").write_text(json.dumps(record))

    monkeypatch.setattr(release, "make_environment", lambda *_: None)
    monkeypatch.setattr(release, "fill_environment", fill)


def _install(layout: Layout, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _make(monkeypatch, version)
    carry_out(plans.install(layout, INGREDIENTS, start=True), lambda _: None, dry=False)


def _upgrade(layout: Layout, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    _make(monkeypatch, version)
    carry_out(plans.upgrade(layout, INGREDIENTS), lambda _: None, dry=False)


def _version(layout: Layout) -> str:
    record = release.record_of(layout.current)
    return record["version"] if record else ""


def _status(layout: Layout, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    run(["service", "status", "--root", str(layout.root), "--json=-"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_the_files_are_written_and_the_configuration_is_the_defaults_of_a_service(
    written: Layout,
) -> None:
    settings = load_settings(written.configuration, {}, {})
    assert settings == Settings()
    text = written.configuration.read_text()
    assert '# models_dir = "/var/lib/edgeserve/models"' in text
    assert written.configuration.stat().st_mode & 0o777 == 0o640
    assert str(written.command.readlink()) == "../../../opt/edgeserve/current/bin/edgeserve"
    pages = [path for path in written.generated.values() if path.stat().st_size > 100]
    assert len(pages) == 5


def test_a_configuration_that_is_there_is_never_overwritten(written: Layout) -> None:
    written.configuration.write_text("# mine\n")
    written.unit.write_text("old\n")
    assert run(["service", "files", "--root", str(written.root)]) == 0
    assert written.configuration.read_text() == "# mine\n"
    assert "Type=notify" in written.unit.read_text(), "an upgrade brings its own unit"


def test_the_unit_names_what_is_installed(written: Layout) -> None:
    unit = written.unit.read_text()
    command = re.findall(r"ExecStart=(\S+) serve --config (\S+)", unit)
    assert [written.at(path) for path in command[0]] == [written.program, written.configuration]
    (groups,) = re.findall(r"SupplementaryGroups=(.*)", unit)
    users = written.sysusers.read_text()
    assert [group for group in groups.split() if f"g {group} -" not in users] == []
    (user,) = re.findall(r"\nUser=(.*)", unit)
    assert f"u {user} -" in users


@needs_analyze
def test_the_unit_is_clean_and_its_exposure_is_small(written: Layout) -> None:
    written.program.parent.mkdir(parents=True)
    shutil.copy("/bin/true", written.program)
    verify = ["systemd-analyze", "verify", "--man=no", str(written.unit)]
    exposure = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(written.unit)]
    # The program is looked for in this system, where it is not.
    text = written.unit.read_text()
    written.unit.write_text(text.replace("/opt/edgeserve/current", str(written.current)))
    ended = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert [line for line in ended.stderr.splitlines() if "edgeserve" in line] == []
    told = subprocess.run(exposure, capture_output=True, text=True, check=False).stdout
    (figure,) = re.findall(r"exposure level for edgeserve.service: ([\d.]+)", told)
    assert float(figure) <= 2.5
    assert "\nMemoryDenyWriteExecute" not in text, "oneDNN could not generate code"


def test_a_dry_run_says_the_steps_and_changes_nothing(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["service", "install", "9.9", "--extra", "server", "--with", "plugin"]
    flags = ["--python", "/bin/sh", "--root", str(layout.root), "--dry-run"]
    assert run([*command, *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "would install edgeserve[server]==9.9 plugin in it" in lines
    assert not layout.root.exists()


def test_versions_are_switched_taken_back_and_the_oldest_forgotten(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(layout, monkeypatch, "1.0")
    assert str(layout.current.readlink()) == "versions/1.0"
    assert run(["service", "install", "--root", str(layout.root)]) == 2
    _upgrade(layout, monkeypatch, "1.1")
    _upgrade(layout, monkeypatch, "1.1")
    assert str(layout.current.readlink()) == "versions/1.1-2"
    assert {path.name for path in layout.versions.iterdir()} == {"1.1", "1.1-2"}
    _upgrade(layout, monkeypatch, "2.0")
    assert (layout.root / "files").read_text() == "2.0\n", "the new version writes its own files"
    assert run(["service", "rollback", "--root", str(layout.root)]) == 0
    told = _status(layout, capsys)
    assert (told["version"], told["previous"]) == ("1.1", "2.0")
    assert (layout.root / "files").read_text() == "1.1\n"


def test_a_version_that_refuses_the_configuration_changes_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(layout, monkeypatch, "1.0")
    layout.configuration.parent.mkdir(parents=True)
    layout.configuration.write_text("# refused\n")
    with pytest.raises(ConfigurationError, match=r"nothing was changed, as .*: .*2\.0 refuses it"):
        _upgrade(layout, monkeypatch, "2.0")
    assert _version(layout) == "1.0"
    assert not layout.previous.exists()


def test_systemd_is_told_and_a_version_that_does_not_start_is_taken_back(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, folder = tmp_path / "log", tmp_path / "bin"
    folder.mkdir()
    current = layout.current / "bin" / "edgeserve"
    for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles"):
        script = SYSTEMCTL.format(log=log, current=current)
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(systemd, "is_there", lambda _: True)
    _install(layout, monkeypatch, "1.0")
    commands = log.read_text().splitlines()
    assert commands[0].endswith("sysusers.d/edgeserve.conf")
    assert commands[2:] == [
        "daemon-reload",
        "enable edgeserve.service",
        "restart edgeserve.service",
    ]
    with pytest.raises(EdgeserveError, match="did not start, the previous one is in force again"):
        _upgrade(layout, monkeypatch, "2.0-broken")
    assert _version(layout) == "1.0"
    log.unlink()
    carry_out(plans.remove(layout, purge=False), lambda _: None, dry=False)
    assert log.read_text().splitlines()[0] == "disable --now edgeserve.service"
    assert not layout.home.exists()


def test_what_is_not_installed_is_said(layout: Layout) -> None:
    at = ["--root", str(layout.root)]
    assert run(["service", "status", *at]) == 3
    assert run(["service", "upgrade", *at]) == 3
    assert run(["service", "rollback", *at]) == 3
    assert run(["service", "remove", *at]) == 0
    assert run(["service", "install", "./no.whl", "--python", "/bin/sh", *at]) == 3
    assert not layout.home.exists()


def test_somebody_elses_command_stays(written: Layout) -> None:
    written.command.unlink()
    written.command.write_text("theirs")
    assert run(["service", "files", "--root", str(written.root)]) == 0
    assert run(["service", "remove", "--root", str(written.root)]) == 0
    assert written.command.read_text() == "theirs"
    assert not written.unit.exists()
