"""Manual pages and completions: complete, and understood by those who read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from edgeserve.cameras.options import CameraOptions
from edgeserve.cli.main import edgeserve, run
from edgeserve.cli.man import completion_text, page_text
from edgeserve.cli.manual import PAGES
from edgeserve.config.load import variable
from edgeserve.config.settings import options


def _plain(page: str) -> str:
    """A page without what roff makes of it."""
    return page_text(page).replace(r"\-", "-").replace(r"\fB", "").replace(r"\fR", "")


def _commands(group: click.Group, path: str, context: click.Context) -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if command.hidden:
            continue
        found[f"{path} {name}"] = command
        if isinstance(command, click.Group):
            found |= _commands(command, f"{path} {name}", context)
    return found


def test_the_page_of_the_program_has_every_command_and_every_flag() -> None:
    page = _plain("edgeserve.1")
    commands = _commands(edgeserve, "edgeserve", click.Context(edgeserve))
    assert len(commands) > 20
    for path, command in commands.items():
        _, found, section = page.partition(f".SS {path} ")
        assert found, path
        section = section.partition(".SS ")[0]
        flags = [flag for parameter in command.params for flag in parameter.opts if "-" in flag[:1]]
        assert [flag for flag in flags if flag not in section] == []


def test_the_page_of_the_configuration_has_every_option() -> None:
    page = _plain("edgeserve.toml.5")
    for section, name, field in options():
        assert f".SH [{section}]" in page
        assert f"\n{name} = " in page
        assert variable(name, field) in page
    cameras = page.partition(".SH [[camera]]")[2]
    assert [name for name in CameraOptions.model_fields if f"\n{name}" not in cameras] == []


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
@pytest.mark.parametrize("page", PAGES)
def test_groff_has_nothing_to_say_about_a_page(page: str) -> None:
    ended = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww"],  # noqa: S607 - where the machine has it
        input=page_text(page),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    assert "SEE ALSO" in ended.stdout.replace("\b", "").replace("SSEEEE AALLSSOO", "SEE ALSO")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = tmp_path / "script"
    script.write_text(completion_text(shell))
    ended = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("edgeserve ser", {"serve", "service"}),
        ("edgeserve service up", {"upgrade"}),
        ("edgeserve serve --hin", {"--hint"}),
        ("edgeserve serve --hint a", {"auto"}),
    ],
)
def test_words_are_completed(words: str, expected: set[str]) -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("edgeserve"))],
        env=os.environ
        | {
            "_EDGESERVE_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.partition(",")[2] for line in ended.stdout.splitlines()} == expected


def test_pages_and_scripts_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["man"]) == 0
    assert capsys.readouterr().out == page_text("edgeserve.1")
    assert run(["completion", "fish"]) == 0
    assert capsys.readouterr().out == completion_text("fish")
    assert run(["completion", "tcsh"]) == 2
