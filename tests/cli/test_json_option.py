"""The forms of --json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from edgeserve.cli.json_option import JsonWriter, json_option
from edgeserve.domain.errors import NotAvailableError

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("names", nargs=-1)
@json_option
def _command(*, names: tuple[str, ...], json_path: str | None) -> None:
    with JsonWriter(json_path) as out:
        for name in names:
            out.line({"name": name})
        if not out.takes_stdout:
            click.echo("for people")


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(_command, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_without_it_text_is_written() -> None:
    assert _run("a") == "for people\n"


@pytest.mark.parametrize("arguments", [["a", "é", "--json"], ["--json=-", "a", "é"]])
def test_without_a_file_json_takes_the_place_of_text(arguments: list[str]) -> None:
    assert _run(*arguments) == '{"name":"a"}\n{"name":"é"}\n'


@pytest.mark.parametrize("joined", [True, False])
def test_with_a_file_both_are_written(
    tmp_path: Path,
    joined: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    path = tmp_path / "out"
    arguments = [f"--json={path}"] if joined else ["--json", str(path)]
    assert _run(*arguments, "a") == "for people\n"
    assert [json.loads(text) for text in path.read_text().splitlines()] == [{"name": "a"}]


def test_an_argument_is_not_written_over(tmp_path: Path) -> None:
    picture = tmp_path / "a.JPG"
    picture.write_bytes(b"precious")
    for path in (picture, tmp_path):
        result = CliRunner().invoke(_command, ["--json", str(path)])
        assert result.exit_code == 2
        assert "give --json last" in result.stderr
    assert picture.read_bytes() == b"precious"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "out.json"
    refused = CliRunner().invoke(_command, ["--json", str(path)])
    assert isinstance(refused.exception, NotAvailableError)
    with pytest.raises(NotAvailableError, match="missing"):
        JsonWriter(str(path))
