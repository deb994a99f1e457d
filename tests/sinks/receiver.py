"""A real HTTP server that answers as it is told."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self


@dataclass(frozen=True)
class Post:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a loopback port; a context manager.

    Answers with the statuses in turn, the last one ever after; `None` is no answer for as long as
    the receiver lives.
    """

    def __init__(
        self,
        statuses: Sequence[int | None],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.posts: list[Post] = []
        self._statuses = list(statuses)
        self._ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 60

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                receiver.answer(self, Post(self.path, dict(self.headers), body))

            def log_message(self, *_: Any) -> None: ...  # noqa: ANN401 - as the base class has it

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def answer(self, handler: BaseHTTPRequestHandler, post: Post) -> None:
        status = self._statuses[0] if len(self._statuses) == 1 else self._statuses.pop(0)
        self.posts.append(post)
        if status is None:
            self._ended.wait(60)
            return
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
