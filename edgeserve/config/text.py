"""Settings as a TOML file that a person edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from edgeserve.cameras.options import CameraOptions
from edgeserve.config.load import variable
from edgeserve.config.settings import Settings, has_flag, is_reloaded, options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo


def example(settings: Settings | None = None) -> str:
    """Every option, commented out, and what it is for; by default with its default."""
    lines = [*_lines(settings or Settings(), comment="# "), "", *_camera_example()]
    return "\n".join(lines) + "\n"


def show(
    settings: Settings,
    origins: Mapping[tuple[str | int, ...], str] | None = None,
) -> str:
    """The settings that are in force; secrets as stars, cameras without their credentials.

    Args:
        settings: to be shown.
        origins: of `Configuration`: where each value comes from is told beside it.
    """
    lines = list(_lines(settings, comment="", origins=origins))
    for index, camera in enumerate(settings.camera):
        header = "[[camera]]"
        if origins is not None:
            header += _comment(origins.get(("camera", index), "default"))
        lines += ["", header]
        given = camera.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        lines += [f"{name} = {_value(value)}" for name, value in given.items()]
    return "\n".join(lines) + "\n"


def _lines(
    settings: Settings,
    comment: str,
    origins: Mapping[tuple[str | int, ...], str] | None = None,
) -> Iterator[str]:
    current = ""
    for section, name, field in options():
        if section != current:
            if current:
                yield ""
            yield f"[{section}]"
            current = section
        if comment:
            yield f"# {field.description}"
            flag = f"--{name.replace('_', '-')} and " if has_flag(field) else ""
            again = "; read anew on SIGHUP" if is_reloaded(field) else ""
            yield f"# Also {flag}{variable(name, field)}{again}."
        value = getattr(getattr(settings, section), name)
        origin = "" if origins is None else _comment(origins.get((section, name), "default"))
        yield f"{comment}{name} = {_literal(value)}{origin}"


def default_text(field: FieldInfo) -> str:
    """An option's default as TOML; empty where nothing is said by default."""
    default = field.get_default(call_default_factory=True)
    return "" if default is None else _value(default)


def _comment(origin: str) -> str:
    """An origin behind a value; a path may hold anything."""
    return f"  # {''.join(part if part.isprintable() else '?' for part in origin)}"


def _camera_example() -> Iterator[str]:
    yield "# A camera that the server reads itself; one such table each. On SIGHUP cameras are"
    yield "# added and removed, and those whose table has changed are opened anew."
    yield "# [[camera]]"
    examples = {"name": "gate", "url": "rtsp://user:password@192.0.2.7:554/stream1"}
    for name, field in CameraOptions.model_fields.items():
        yield f"#   # {field.description}"
        default = examples.get(name, field.get_default(call_default_factory=True))
        value = _OPTIONAL[name] if default is None else _value(default)
        yield f"#   {name} = {value}"


_OPTIONAL = {"score": "0.4", "iou": "0.6", "crop": "[0.0, 0.25, 1.0, 1.0]"}
"""What options look like that nothing is said of by default."""


def _value(value: object) -> str:
    """A TOML value that may hold tables: these are written in line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_value(part)}' for name, part in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _literal(value)


def _literal(value: object) -> str:
    """A TOML value; JSON writes the same, but for floats, some characters, and their escapes."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Path | SecretStr):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
