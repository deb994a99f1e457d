"""How the program ends."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import click
import pytest

from edgeserve.cli import main
from edgeserve.cli.exit_codes import code_and_text
from edgeserve.domain import errors

# The table of the program's own commands; those that are not written yet are passed over.
COMMANDS = [
    name
    for name, entry in main._COMMANDS.items()
    if importlib.util.find_spec(entry.target.partition(":")[0]) is not None
]


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeserve", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "nonsense"),
        (["stream"], 2, "SOURCE"),
        (["stream", "--score", "2", "sample"], 2, "--score"),
        (["detect", "/no/such/picture.jpg"], 2, "/no/such/picture.jpg"),
        (["health", "--address", "nowhere"], 2, "HOST:PORT"),
        (["health", "--address", "127.0.0.1:1"], 3, "127.0.0.1:1"),
        (["models", "list", "--address", "127.0.0.1:1"], 3, "127.0.0.1:1"),
    ],
)
def test_errors_are_one_line_and_a_code(arguments: list[str], code: int, words: str) -> None:
    ended = _run(*arguments, EDGESERVE_DEBUG="0")
    assert ended.returncode == code
    assert ended.stdout == ""
    (text,) = ended.stderr.splitlines()
    assert text.startswith("edgeserve: ")
    assert words in text


def test_the_debug_switch_shows_where_an_error_came_from() -> None:
    ended = _run("health", "--address", "nowhere", EDGESERVE_DEBUG="1")
    assert ended.returncode == 2
    assert "Traceback" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("edgeserve: ")


def test_the_version() -> None:
    ended = _run("--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith("edgeserve ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), 2),
        (errors.RequestError("x"), 2),
        (errors.ModelNotFoundError("x"), 2),
        (errors.NotAvailableError("x"), 3),
        (errors.PortTakenError("x"), 3),
        (errors.TransportError("x"), 3),
        (errors.ModelNotReadyError("x"), 3),
        (errors.EngineError("x"), 1),
        (click.UsageError("x"), 2),
    ],
)
def test_the_table(error: Exception, code: int) -> None:
    assert code_and_text(error) == (code, "x")


def test_a_missing_package_comes_with_the_command_that_brings_it() -> None:
    told = code_and_text(ModuleNotFoundError("No module named 'cv2'", name="cv2.data"))
    assert told is not None
    assert told[0] == 3
    assert "pip install 'edgeserve[server]'" in told[1]


def test_faults_of_the_program_are_not_hidden() -> None:
    assert code_and_text(ModuleNotFoundError("x", name="edgeserve.gone")) is None
    assert code_and_text(KeyError("x")) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_an_interrupted_command(
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(main.edgeserve, "main", interrupted)
    assert main.run([]) == 130


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: edgeserve {command}")


def test_help_of_the_program_loads_no_command() -> None:
    program = (
        "import sys; from edgeserve.cli.main import run; run(['--help']); "
        "print(sorted({'grpc', 'numpy', 'cv2', 'pydantic'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "[]"
    for name, entry in main._COMMANDS.items():
        assert name in ended.stdout
        assert entry.summary in ended.stdout
