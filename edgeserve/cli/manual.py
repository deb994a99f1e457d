"""Manual pages of the program and of its configuration, in roff."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeserve.cameras.options import CameraOptions
from edgeserve.config.load import variable
from edgeserve.config.settings import has_flag, is_reloaded, options
from edgeserve.config.text import default_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

PAGES = ("edgeserve.1", "edgeserve.toml.5")

_FILES = (
    (
        "/etc/edgeserve/edgeserve.toml",
        "Configuration of the system service.",
    ),
    ("/etc/edgeserve/edgeserve.env", "Its secrets, as variables."),
    ("/var/lib/edgeserve/models", "Models of your own for the system service."),
)


def manual(page: str, program: click.Group, version: str) -> str:
    """The roff source of one of `PAGES`.

    Args:
        page: its name.
        program: the command line.
        version: of the program.
    """
    lines = _commands_page(program, version) if page == PAGES[0] else _options_page(version)
    return "\n".join(lines) + "\n"


def _commands_page(program: click.Group, version: str) -> Iterator[str]:
    yield _title("EDGESERVE", "1", version)
    yield from (".SH NAME", r"edgeserve \- camera frames in, object detections out")
    yield from (".SH SYNOPSIS", ".B edgeserve", r".I COMMAND", "[OPTION]... [ARGUMENT]...")
    yield from (".SH DESCRIPTION", *_paragraphs(program.help or ""))
    yield ".SH COMMANDS"
    context = click.Context(program, info_name="edgeserve")
    for name in program.list_commands(context):
        yield from _command(program.get_command(context, name), f"edgeserve {name}", context)
    yield ".SH ENVIRONMENT"
    yield from ("Options of the server have variables, too, listed in", ".BR edgeserve.toml (5).")
    yield ".SH FILES"
    for path, text in _FILES:
        yield from (".TP", rf".I {_escaped(path)}", _escaped(text))
    yield from (".SH SEE ALSO", ".BR edgeserve.toml (5)")


def _command(command: click.Command | None, path: str, parent: click.Context) -> Iterator[str]:
    if command is None or command.hidden:
        return
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS {_escaped(f'{path} {usage}')}"
    yield from _paragraphs(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            yield from (".TP", rf"\fB{_escaped(record[0])}\fR", _escaped(record[1]))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from _command(command.get_command(context, name), f"{path} {name}", context)


def _options_page(version: str) -> Iterator[str]:
    yield _title("EDGESERVE.TOML", "5", version)
    yield from (".SH NAME", r"edgeserve.toml \- configuration of the edgeserve server")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "A TOML file with a table for each part of the server, read by `edgeserve serve --config "
        "FILE`. Variables win over the file and flags over variables. Unknown keys are errors.\n\n"
        "`edgeserve config --example` prints all of it to be edited, `edgeserve config --check "
        "FILE` says whether a file is good, and `edgeserve config --show FILE` what is in force "
        "and who said so.\n\n"
        "On SIGHUP (`systemctl reload edgeserve`) the file is read anew. Cameras and the options "
        "marked `reloaded` change at once, the others need a restart and are named in the log. A "
        "file that is wrong changes nothing."
    )
    current = ""
    for section, name, field in options():
        if section != current:
            yield f".SH [{section}]"
            current = section
        flag = f"--{name.replace('_', '-')}, " if has_flag(field) else ""
        again = ", reloaded" if is_reloaded(field) else ""
        yield from _option(name, field, f"{flag}{variable(name, field)}{again}")
    yield ".SH [[camera]]"
    yield from _paragraphs("One table for each camera that the server reads itself; reloaded.")
    for name, field in CameraOptions.model_fields.items():
        yield from _option(name, field, "")
    yield from (".SH SEE ALSO", ".BR edgeserve (1)")


def _option(name: str, field: FieldInfo, also: str) -> Iterator[str]:
    default = "" if field.is_required() else default_text(field)
    # The page is the same, whoever prints it.
    default = default.replace(str(Path.home()), "~")
    yield from (".TP", rf"\fB{_escaped(name)}\fR{_escaped(f' = {default}' if default else '')}")
    yield _escaped(field.description or "")
    if also:
        yield from (".br", _escaped(f"({also})"))


def _title(name: str, section: str, version: str) -> str:
    return f'.TH {name} {section} "" "edgeserve {_escaped(version)}" "edgeserve"'


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text; those that are indented stay as they are."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        yield ".PP"
        if paragraph.startswith(" "):
            yield from (".nf", *map(_escaped, paragraph.splitlines()), ".fi")
        else:
            yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """Text that roff shows as it is; `code` is bold."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    text = "".join(part if part.isascii() else rf"\[u{ord(part):04X}]" for part in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text
