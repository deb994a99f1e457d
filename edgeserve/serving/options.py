"""What an operator may say about the gRPC server."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_ADMIN = "default"


def default_admin_address() -> str:
    """The socket in the runtime directory: the service manager's, the user's, or the system's."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    own = os.environ.get("XDG_RUNTIME_DIR")
    if given:
        folder = Path(given)
    elif own:
        folder = Path(own) / "edgeserve"
    elif os.geteuid() == 0:
        folder = Path("/run/edgeserve")
    else:
        folder = Path(tempfile.gettempdir()) / f"edgeserve-{os.geteuid()}"
    return f"unix:{folder / 'admin.sock'}"


class ServingOptions(BaseModel):
    """Options of the room `serving`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        default="127.0.0.1:8001",
        description="Address of the gRPC server: HOST:PORT (port 0 takes a free one) or unix:PATH.",
    )
    insecure: bool = Field(
        default=False,
        description="Allow an address other than loopback although nobody is asked who they are.",
    )
    mtls_listen: str = Field(
        default="",
        description="Second address of the gRPC server, HOST:PORT, for clients with certificates "
        "where `listen` takes tokens: one port cannot ask for both. Empty for none.",
    )
    drain_delay: float = Field(
        default=0.5,
        ge=0,
        description="Seconds between NOT_SERVING and the end of new streams on SIGTERM: what a "
        "load balancer needs to notice.",
    )
    drain_timeout: float = Field(
        default=20.0,
        ge=0,
        description="Seconds for the frames that were read to be answered on SIGTERM; what still "
        "waits then is answered as dropped (shutdown).",
    )
    write_timeout: float = Field(
        default=30.0,
        gt=0,
        description="Seconds that a client may leave a result unread before its stream is ended.",
    )
    admin_listen: str = Field(
        default=DEFAULT_ADMIN,
        description="Address of the admin service (cameras and models changed): unix:PATH "
        "(mode 0660), or empty for none. `default` is admin.sock in the runtime directory, for "
        "the first server there.",
    )
    admin_network: bool = Field(
        default=False,
        description="Allow HOST:PORT as admin_listen: whoever reaches it changes this server.",
    )
