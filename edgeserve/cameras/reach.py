"""Whether a network camera answers, and what: the decoders below only say that they cannot.

They are also asked first because OpenCV opens one stream at a time in a whole process: a camera
that accepts a connection and says nothing would hold up all others for its time-out.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from edgeserve.domain.errors import ConfigurationError, NotAvailableError

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_LINE_BYTES = 512
_STATUS_WORDS = 3
_UNAUTHORIZED = {"401", "403"}


def host_and_port(url: str) -> tuple[str, int]:
    """Where a network camera listens.

    Raises:
        ConfigurationError: the URL is malformed; the text does not repeat it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        host, port = None, 0
    if not host:
        text = "the URL is malformed; expected SCHEME://USER:PASSWORD@HOST:PORT/PATH"
        raise ConfigurationError(text)
    return host, port


def check_answers(url: str, timeout_s: float) -> None:
    """Connect once and see that somebody speaks the protocol (TLS: that somebody listens).

    Raises:
        NotAvailableError: the name is unknown, nobody listens, nobody answers, or the answer
            leaves no hope.
    """
    scheme = urlsplit(url).scheme
    if scheme in {"rtsps", "https"}:
        _connect(url, timeout_s).close()
        return
    why = _refusal(url, timeout_s, "OPTIONS" if scheme == "rtsp" else "GET")
    if why and not why.startswith(_WRONG_USER):
        raise NotAvailableError(why)


def why_refused(url: str, timeout_s: float) -> str:
    """Why a camera that answers gives no video, as far as it tells."""
    scheme = urlsplit(url).scheme
    why = ""
    if scheme in {"rtsp", "http"}:
        try:
            why = _refusal(url, timeout_s, "DESCRIBE" if scheme == "rtsp" else "GET")
        except NotAvailableError as error:
            why = str(error)
    return why or "it answers and sends no video that can be decoded"


_WRONG_USER = "the camera refuses the user name or the password"


def _refusal(url: str, timeout_s: float, method: str) -> str:
    """What is wrong with the answer to a request without credentials; "" if nothing is."""
    parts = urlsplit(url)
    host, port = host_and_port(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    if parts.scheme == "rtsp":
        request = f"{method} rtsp://{host}:{port}{path} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    else:
        request = f"{method} {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n"
    try:
        with _connect(url, timeout_s) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(_LINE_BYTES).decode("latin-1")
    except TimeoutError:
        return f"{host}:{port} accepts connections and gave no answer in {timeout_s:g} s"
    except OSError:
        answer = ""
    if not answer:
        return f"{host}:{port} accepts connections and breaks them off"
    words = answer.partition("\r\n")[0].split(" ", _STATUS_WORDS - 1)
    if len(words) < _STATUS_WORDS or not words[1].isdigit():
        return f"{host}:{port} does not speak {parts.scheme.upper()}"
    said = f"{words[1]} {words[2]:.80}"
    if words[1] in _UNAUTHORIZED:
        if parts.username is None:
            return f"the camera wants a user name and a password ({said})"
        return f"{_WRONG_USER} ({said})"
    # 3xx: the decoder follows it.
    return "" if words[1][0] in "23" else f"the camera answers {said}"


def _connect(url: str, timeout_s: float) -> socket.socket:
    host, port = host_and_port(url)
    try:
        return socket.create_connection((host, port), timeout_s)
    except socket.gaierror as error:
        text = f"the name {host} cannot be resolved: {error.strerror}"
        raise NotAvailableError(text) from error
    except TimeoutError as error:
        text = f"{host}:{port} gave no answer in {timeout_s:g} s (setting connect_timeout)"
        raise NotAvailableError(text) from error
    except (OSError, UnicodeError) as error:
        text = f"{host}:{port} cannot be reached: {getattr(error, 'strerror', None) or error}"
        raise NotAvailableError(text) from error
