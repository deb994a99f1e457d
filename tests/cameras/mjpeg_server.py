"""A real MJPEG camera over HTTP whose pictures the test changes and holds back."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests import fakes

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_PERIOD_S = 0.05


class MjpegServer:
    """Serves `multipart/x-mixed-replace` at `/video`, about 20 pictures a second.

    Attributes:
        size_px: width and height of the next pictures.
        go: cleared, the pictures stay away and connections stay open.
        users: what clients say in the header Authorization.
    """

    def __init__(self, *, status: int = 200, port: int = 0) -> None:
        self.size_px = (64, 48)
        self.go = threading.Event()
        self.go.set()
        self._closing = threading.Event()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if status != 200 or self.path != "/video":
                    self.send_error(status if status != 200 else 404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not camera._closing.is_set():
                        camera._send(self)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/video"

    def close(self) -> None:
        """Break all connections off and listen no more."""
        self._closing.set()
        self.go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _send(self, handler: BaseHTTPRequestHandler) -> None:
        picture = fakes.jpeg(*self.size_px)
        handler.wfile.write(
            b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
            % (len(picture), picture)
        )
        time.sleep(_PERIOD_S)
        self.go.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
