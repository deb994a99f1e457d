"""Why a network camera cannot be read, in words: the decoders below only say that it cannot."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from edgeserve.domain.errors import ConfigurationError, NotAvailableError

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_STATUS_WORDS = 3
_REFUSED = {"401", "403"}
_GOOD = "200"


def check_reachable(url: str, timeout_s: float) -> None:
    """Connect once, before a decoder is set up: most tries of a camera that is gone end here.

    Raises:
        NotAvailableError: the name is unknown, nobody listens, or nobody answers.
    """
    _connect(url, timeout_s).close()


def why_refused(url: str, timeout_s: float) -> str:
    """What a camera answers that accepts connections and gives no video; "" if nothing helps."""
    parts = urlsplit(url)
    if parts.scheme not in {"rtsp", "http"}:
        return ""
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    if parts.scheme == "rtsp":
        place = f"rtsp://{parts.hostname}:{parts.port or _PORTS['rtsp']}{path}"
        request = f"DESCRIBE {place} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    else:
        request = f"GET {path} HTTP/1.0\r\nHost: {parts.hostname}\r\n\r\n"
    try:
        with _connect(url, timeout_s) as connection:
            connection.sendall(request.encode())
            answer = connection.recv(256).decode("latin-1")
    except TimeoutError:
        return f"it accepts connections and gave no answer in {timeout_s:g} s"
    except (OSError, NotAvailableError):
        return "it accepts connections and breaks them off"
    return _meaning(answer, parts.scheme, has_user=parts.username is not None)


def _meaning(answer: str, scheme: str, *, has_user: bool) -> str:
    words = answer.partition("\r\n")[0].split(" ", _STATUS_WORDS - 1)
    if len(words) < _STATUS_WORDS or not words[1].isdigit():
        return f"it does not speak {scheme.upper()}"
    if words[1] == _GOOD:
        return "it answers and sends no video that can be decoded"
    said = f"it answers {words[1]} {words[2]:.80}"
    if words[1] in _REFUSED:
        said += ": the user name or the password is " + ("wrong" if has_user else "missing")
    return said


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
