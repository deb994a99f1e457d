"""Options of the commands that talk to a server."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

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


def credentials_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add what to show to the server and how to know it; the command gets `credentials`.

    There is no flag for a token itself: everybody on the machine sees a command line.
    """

    @wraps(command)
    def with_credentials(
        *arguments: Any,  # noqa: ANN401 - the command's
        tls: bool,
        ca: str | None,
        cert: str | None,
        key: str | None,
        token_file: str | None,
        **options: Any,  # noqa: ANN401 - the command's
    ) -> object:
        from edgeserve.client.credentials import Credentials  # noqa: PLC0415 - loads gRPC

        token = "" if token_file else os.environ.get("EDGESERVE_TOKEN", "")
        credentials = Credentials(tls, ca, cert, key, token.strip(), token_file)
        return command(*arguments, credentials=credentials, **options)

    file = click.Path(exists=True, dir_okay=False)
    flags = (
        click.option(
            "--tls",
            is_flag=True,
            envvar="EDGESERVE_TLS",
            help="The server speaks TLS. --ca and --cert imply it.",
        ),
        click.option(
            "--ca",
            type=file,
            envvar="EDGESERVE_CA",
            help="PEM file with the authorities that the server's certificate may come from.",
        ),
        click.option(
            "--cert",
            type=file,
            envvar="EDGESERVE_CERT",
            help="PEM file with our certificate.",
        ),
        click.option("--key", type=file, envvar="EDGESERVE_KEY", help="PEM file with its key."),
        click.option(
            "--token-file",
            type=file,
            envvar="EDGESERVE_TOKEN_FILE",
            help="File with the token to show. The token itself can be in EDGESERVE_TOKEN; it has "
            "no flag, since everybody on the machine sees a command line.",
        ),
    )
    for flag in reversed(flags):
        with_credentials = flag(with_credentials)
    return with_credentials


def admin_option(command: _F) -> _F:
    """Add `--admin`, for `admin_address`."""
    return click.option(
        "--admin",
        help="The admin service, unix:PATH or HOST:PORT. [default: the socket of the first server "
        "in the runtime directory]",
    )(command)


def admin_address(admin: str | None) -> str:
    """The address that `--admin` says, or the default one."""
    from edgeserve.serving.options import default_admin_address  # noqa: PLC0415 - not for --help

    return admin or default_admin_address()


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
