"""Options of the commands that talk to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from edgeserve.domain.request import DetectOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    _F = TypeVar("_F", bound="Callable[..., object] | click.Command")

_ADDRESS = "127.0.0.1:8001"


def address_option(command: _F) -> _F:
    """Add `--address`."""
    return click.option(
        "--address",
        default=_ADDRESS,
        show_default=True,
        help="The server, HOST:PORT or unix:PATH.",
    )(command)


def detect_flags(command: _F) -> _F:
    """Add what to look for; the command gets the arguments of `detect_options`."""
    share = click.FloatRange(0, 1)
    flags = (
        click.option("--model", default="", help="Name of the model. [default: the server's]"),
        click.option("--version", default="", help="Its version. [default: the one that serves]"),
        click.option("--score", type=share, help="Least score. [default: the model's]"),
        click.option("--iou", type=share, help="Most overlap (NMS). [default: the model's]"),
        click.option(
            "--max-detections",
            type=click.IntRange(min=1),
            help="Most objects in a frame. [default: the model's]",
        ),
        click.option("--label", "labels", multiple=True, help="Report only these; repeatable."),
    )
    for flag in reversed(flags):
        command = flag(command)
    return command


def detect_options(
    *,
    model: str,
    version: str,
    score: float | None,
    iou: float | None,
    max_detections: int | None,
    labels: tuple[str, ...],
) -> DetectOptions:
    """What the flags of `detect_flags` ask for."""
    return DetectOptions(
        model=model,
        version=version,
        score_threshold=score,
        iou_threshold=iou,
        max_detections=max_detections,
        labels=labels,
    )
