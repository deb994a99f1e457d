"""A real RTSP camera: GStreamer's server in a process of its own, to be killed and stopped."""

from __future__ import annotations

import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# Debian's Python has the bindings, no environment of pip's does.
_PYTHON = "/usr/bin/python3"
_SCRIPT = """
import sys, gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
for name in ("x264enc", "rtph264pay", "videotestsrc"):
    if Gst.ElementFactory.find(name) is None:
        sys.exit(f"no {name}")
if len(sys.argv) > 1:
    server, factory = GstRtspServer.RTSPServer(), GstRtspServer.RTSPMediaFactory()
    server.set_service(sys.argv[1])
    factory.set_launch(sys.argv[2])
    factory.set_shared(True)
    server.get_mount_points().add_factory("/cam", factory)
    if not server.attach(None):
        sys.exit("cannot listen")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()
"""


@cache
def _missing() -> str:
    """Why there can be no RTSP server here; "" if there can."""
    if not Path(_PYTHON).exists():
        return f"no {_PYTHON}"
    found = subprocess.run(
        [_PYTHON, "-c", _SCRIPT], capture_output=True, text=True, check=False, timeout=60
    )
    return found.stderr.strip()[-200:] if found.returncode else ""


def need_gstreamer() -> None:
    """Skip the test where GStreamer's RTSP server is not installed."""
    if why := _missing():
        pytest.skip(f"no GStreamer RTSP server (apt: gir1.2-gst-rtsp-server-1.0): {why}")


def pattern(width_px: int = 320, height_px: int = 240, fps: int = 20) -> str:
    """A launch line: a moving pattern, two key frames a second."""
    return (
        f"( videotestsrc is-live=true pattern=ball ! "
        f"video/x-raw,width={width_px},height={height_px},framerate={fps}/1 ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps // 2} ! "
        "rtph264pay name=pay0 pt=96 config-interval=1 )"
    )


class RtspServer:
    """Serves a launch line at `/cam`, from its making until the context ends."""

    def __init__(self, launch: str | None = None) -> None:
        need_gstreamer()
        self._launch = launch or pattern()
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"rtsp://127.0.0.1:{self._port}/cam"

    def start(self, launch: str | None = None) -> None:
        """Start, again on the port of the first time."""
        command = [_PYTHON, "-c", _SCRIPT, str(self._port), launch or self._launch]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def freeze(self) -> None:
        """Stop all of it while its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
