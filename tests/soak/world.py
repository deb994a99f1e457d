"""A server with all that it talks to: clients, cameras, an operator, and a bad line."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edgeserve.client import AdminClient, DetectionClient
from tests.cameras.mjpeg_server import MjpegServer
from tests.faults.proxy import Proxy
from tests.faults.server import Server
from tests.faults.traffic import Traffic
from tests.sinks.ports import free_port
from tests.versions import NAME, write_version

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

FIRST_VERSION = 100
STREAMS, FPS = 4, 4.0
_BURST = 300
_CONFIG = """
[[camera]]
name = "street"
url = "sample"
fps = 4
zones = [{{ name = "all", points = [[0, 0], [1, 0], [1, 1], [0, 1]] }}]

[[camera]]
name = "gate"
url = "{gate}"
fps = 4
reconnect_first = 0.1
reconnect_max = 1.0
stall_timeout = 2.0
read_timeout = 4.0

[jsonl]
jsonl_path = "{folder}/results.jsonl"
jsonl_max_bytes = 1000000
jsonl_files = 2
"""


class World:
    """Everything runs from the making until the context ends.

    Attributes:
        server: that is soaked.
        streams: of clients nearby, whose latency counts.
        far: a stream over `line`.
        line: that faults happen to.
        gate: the camera that goes away.
        admin: changes cameras and models.
        client: asks this and that.
        folder: of all files.
        version: of the model that serves.
    """

    def __init__(self, folder: Path) -> None:
        """Start all of it."""
        self.folder = folder
        self.version = FIRST_VERSION
        self._stack = ExitStack()
        with self._stack:
            self.gate = MjpegServer(port=free_port())
            self._stack.callback(self._close_gate)
            config = folder / "edgeserve.toml"
            config.write_text(_CONFIG.format(gate=self.gate.url, folder=folder))
            write_version(self.models, FIRST_VERSION)
            admin = f"unix:{folder / 'admin.sock'}"
            self.server = self._stack.enter_context(
                Server(
                    folder,
                    *("--config", str(config), "--models-dir", str(self.models)),
                    *("--admin-listen", admin),
                )
            )
            self.admin = self._stack.enter_context(AdminClient(admin))
            self.client = self._stack.enter_context(
                DetectionClient(self.server.address, timeout=60)
            )
            self.line = self._stack.enter_context(Proxy(self.server.address))
            self.far = self._stack.enter_context(Traffic(self.line.address, fps=2))
            self.streams = [
                self._stack.enter_context(Traffic(self.server.address, fps=FPS))
                for _ in range(STREAMS)
            ]
            self._stack = self._stack.pop_all()

    @property
    def models(self) -> Path:
        """The folder of models."""
        return self.folder / "models"

    def next_version(self) -> None:
        """Serve a new version of the model, and delete the old one."""
        self.version += 1
        write_version(self.models, self.version)
        self.admin.load_model(NAME)
        shutil.rmtree(self.models / NAME / str(self.version - 1))

    def burst(self) -> None:
        """Load for which a CPU works with both configurations.

        Each has inferences with memory of their own, 10 MB that a model has from its first load on.
        """
        with Traffic(self.server.address, fps=0) as traffic:
            traffic.wait_for(_BURST)

    def restart_gate(self) -> None:
        """The camera that went away is back."""
        self.gate = MjpegServer(port=self.gate.port)

    def _close_gate(self) -> None:
        """The camera of then."""
        self.gate.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
