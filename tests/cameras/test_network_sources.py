"""Network cameras: real servers, both decoders."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from edgeserve.cameras.capture import NetworkCapture
from edgeserve.cameras.open import open_source
from edgeserve.cameras.pyav import PyAvStream, pyav_installed
from edgeserve.cameras.reading import FramesStoppedError, Reading
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.frame import Encoding
from tests.cameras.mjpeg_server import MjpegServer
from tests.cameras.rtsp_server import RtspServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgeserve.domain.frame import EncodedFrame

_PYAV = pytest.mark.skipif(not pyav_installed(), reason="no package av (extra [video])")
BACKENDS = [pytest.param("opencv"), pytest.param("pyav", marks=_PYAV)]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def frames(url: str, count: int, **reading: object) -> list[EncodedFrame]:
    """The first so many frames of a stream."""
    with closing(iter(open_source(url, raw=True, reading=Reading(**reading)))) as opened:  # type: ignore[arg-type, type-var]
        return list(islice(opened, count))


def refusal(url: str, **reading: object) -> str:
    """What is said of a stream that gives nothing."""
    with pytest.raises(NotAvailableError) as caught:
        frames(url, 1, **reading)
    return str(caught.value)


def test_rtsp_gives_raw_frames_dated_by_the_stream(backend: str) -> None:
    with RtspServer() as camera:
        got = frames(camera.url, 12, backend=backend)
    assert [frame.frame_id for frame in got] == list(range(12))
    assert {(f.encoding, f.width_px, f.height_px) for f in got} == {(Encoding.BGR, 320, 240)}
    dates = [frame.capture_time_unix_ns or 0 for frame in got]
    assert dates == sorted(dates)
    assert dates[-1] <= time.time_ns()
    assert got[0].data != got[-1].data


def test_rtsp_over_udp_and_key_frames_only(backend: str) -> None:
    with RtspServer() as camera:
        got = frames(camera.url, 6, backend=backend, transport="udp", keyframes_only=True)
    # What had gathered while the stream was opened comes at once; the last ones come in time.
    first, second = (frame.capture_time_unix_ns or 0 for frame in got[-2:])
    # A key frame each half second by the stream's clock.
    assert second - first > 400_000_000


def test_each_nth_frame(backend: str) -> None:
    with MjpegServer() as camera:
        assert len(frames(camera.url, 3, backend=backend, every_nth=3)) == 3


def test_mjpeg_changes_its_size_in_flight(backend: str) -> None:
    with MjpegServer() as camera:
        source = open_source(camera.url, raw=True, reading=Reading(backend=backend))
        with closing(iter(source)) as opened:  # type: ignore[type-var]
            first = next(opened)
            camera.size_px = (96, 72)
            sizes = [(frame.width_px, frame.height_px) for frame in islice(opened, 40)]
    assert (first.width_px, first.height_px) == (64, 48)
    # OpenCV scales what comes to the size that the stream had when it was opened.
    assert sizes[-1] == ((96, 72) if backend == "pyav" else (64, 48))


def test_a_stream_without_stamps_is_not_said_to_fall_behind(backend: str) -> None:
    with MjpegServer() as camera:
        # The decoder counts 25 pictures a second, and 20 come: after 40 it is 400 ms off.
        got = frames(camera.url, 40, backend=backend, max_lag_s=0.3)
    assert len(got) == 40


def test_silence_ends_the_reading_by_the_users_time_out(backend: str) -> None:
    with MjpegServer() as camera:
        source = open_source(
            camera.url, raw=True, reading=Reading(backend=backend, read_timeout_s=0.5)
        )
        opened = iter(source)
        next(opened)
        camera.go.clear()
        with pytest.raises(FramesStoppedError):
            list(islice(opened, 200))
        camera.go.set()


FFMPEG = shutil.which("ffmpeg")


@pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg to make a playlist with")
def test_hls_is_held_to_its_own_time(tmp_path: Path, backend: str) -> None:
    playlist = tmp_path / "live.m3u8"
    subprocess.run(
        [str(FFMPEG), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=3",
         "-g", "10", "-hls_time", "1", "-hls_list_size", "0", str(playlist)],
        check=True,
    )  # fmt: skip

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/live.m3u8"
        began_s = time.monotonic()
        got = frames(url, 15, backend=backend)
        # Fifteen frames of ten a second last 1.4 s, however fast the segments come.
        assert time.monotonic() - began_s > 1.3
        assert (got[0].width_px, got[0].height_px) == (160, 120)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_nobody_listens(backend: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"rtsp://admin:hunter2@127.0.0.1:{taken.getsockname()[1]}/cam"
        assert "cannot be reached: Connection refused" in refusal(url, backend=backend)


def test_a_name_that_does_not_resolve(backend: str) -> None:
    text = refusal("rtsp://admin:hunter2@camera.invalid/cam", backend=backend)
    assert text.startswith("the name camera.invalid cannot be resolved")


@contextmanager
def _server_of(answer: bytes | None) -> Iterator[int]:
    """Accepts every connection and gives one answer, or none at all; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                kept.append(connection)
                if answer is not None:
                    connection.recv(4096)
                    connection.sendall(answer)
                    connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


def test_a_camera_that_accepts_and_says_nothing(backend: str) -> None:
    with _server_of(None) as port:
        url = f"rtsp://admin:hunter2@127.0.0.1:{port}/cam"
        text = refusal(url, backend=backend, connect_timeout_s=0.3)
    assert "accepts connections and gave no answer in 0.3 s" in text


def test_a_silent_camera_holds_up_no_other(backend: str) -> None:
    with _server_of(None) as port, MjpegServer() as camera:
        url = f"rtsp://127.0.0.1:{port}/cam"
        silent = threading.Thread(target=refusal, args=(url,), kwargs={"connect_timeout_s": 30.0})
        silent.start()
        assert frames(camera.url, 1, backend=backend)
        assert silent.is_alive()
    silent.join()


@pytest.mark.parametrize(
    ("answer", "user", "said"),
    [
        (b"RTSP/1.0 404 Not Found\r\n\r\n", "", "the camera answers 404 Not Found"),
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", "", "wants a user name and a password"),
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", "u:hunter2@", "refuses the user name or the pass"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "", "it answers and sends no video"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "", "does not speak RTSP"),
        (b"", "", "accepts connections and breaks them off"),
    ],
)
def test_a_camera_that_refuses_is_quoted(answer: bytes, user: str, said: str, backend: str) -> None:
    with _server_of(answer) as port:
        text = refusal(f"rtsp://{user}127.0.0.1:{port}/cam", backend=backend)
    assert said in text
    assert "hunter2" not in text


def test_a_page_that_is_not_there(backend: str) -> None:
    with MjpegServer() as camera:
        assert "the camera answers 404" in refusal(f"{camera.url}/no", backend=backend)


@pytest.mark.parametrize(
    "url", ["rtsp://", "rtsp://user:hunter2@/cam", "rtsp://u:hunter2@host:port/cam", "http://:80/"]
)
def test_a_malformed_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the URL is malformed") as caught:
        open_source(url)
    assert "hunter2" not in str(caught.value)


def test_a_source_never_shows_its_credentials() -> None:
    for kind in ("opencv", "pyav"):
        if kind == "pyav" and not pyav_installed():
            continue
        source = open_source("rtsp://admin:hunter2@127.0.0.1/cam", reading=Reading(backend=kind))
        assert isinstance(source, NetworkCapture | PyAvStream)
        assert source.name == "rtsp://***@127.0.0.1/cam"
        assert "hunter2" not in repr(source)


@pytest.mark.parametrize("url", ["/dev/video63", "usb:63", "/dev/v4l/by-id/none"])
def test_a_usb_camera_that_is_not_there(url: str) -> None:
    text = refusal(url)
    assert text.startswith(f"the camera {url} cannot be opened")
    assert "group video" in text
