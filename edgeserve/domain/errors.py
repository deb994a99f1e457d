"""The exceptions that cross rooms.

::

    EdgeserveError
    ├── ConfigurationError        what the operator wrote is wrong
    ├── NotAvailableError         something needed is not on this machine
    │   ├── RuntimeMissingError   an inference runtime is not installed
    │   └── PortTakenError        another process listens there
    ├── RequestError              what a client asked for makes no sense
    │   ├── ModelNotFoundError
    │   └── CameraNotFoundError
    ├── AccessError               the caller may not do this
    │   ├── UnauthenticatedError  the server does not know who asks
    │   └── NotPermittedError     it knows, and this caller lacks the right
    ├── UnsupportedError          what a protocol knows and this server does not do
    ├── LimitReachedError         more than the server takes at once
    ├── ModelNotReadyError        the model exists and cannot serve
    ├── FrameError                this frame cannot be processed; its stream lives
    │   ├── InvalidImageError
    │   ├── TooManyPixelsError
    │   ├── TooManyBytesError
    │   └── RateLimitedError      its client sends more than one client may
    ├── EngineError               the inference engine failed
    │   └── DeviceHungError       an inference cannot be ended: the process must
    ├── TransportError            the server cannot be reached or broke the call off
    └── ShuttingDownError         the server takes no new work
"""

from __future__ import annotations

_MOST_BYTES = 2000
"""Of a text in UTF-8. gRPC sends it as a header, in which a byte may take three and all are 8 KiB;
beyond that a client is told of headers instead of what was wrong."""
_KEPT_BYTES = 950
"""At the beginning and at the end of a text that is too long."""


class EdgeserveError(Exception):
    """Base of all; its text is a sentence for the person who reads it.

    It may quote what a client sent, which is as long as the client likes: a text of more than
    2,000 bytes loses its middle.
    """

    def __str__(self) -> str:
        """The text."""
        text = super().__str__()
        if len(text) * 4 <= _MOST_BYTES:
            return text
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= _MOST_BYTES:
            return text
        first = encoded[:_KEPT_BYTES].decode("utf-8", "ignore")
        last = encoded[-_KEPT_BYTES:].decode("utf-8", "ignore")
        left_out = len(encoded) - 2 * _KEPT_BYTES
        return f"{first} … ({left_out} bytes left out) … {last}"


class ConfigurationError(EdgeserveError):
    """A file, flag or variable is wrong: the text says which, where and what was expected."""


class NotAvailableError(EdgeserveError):
    """Something needed is not on this machine: the text says what, and how to get it."""


class RuntimeMissingError(NotAvailableError):
    """An inference runtime is not installed."""


class PortTakenError(NotAvailableError):
    """Another process listens on the address."""


class RequestError(EdgeserveError):
    """A client asked for something that makes no sense."""


class ModelNotFoundError(RequestError):
    """No such model or version: the text names those that exist."""


class CameraNotFoundError(RequestError):
    """No such camera: the text names those that exist."""


class AccessError(EdgeserveError):
    """The caller may not do what it asked for."""


class UnauthenticatedError(AccessError):
    """The server does not know who asks: the text says what it expected to be shown."""


class NotPermittedError(AccessError):
    """The server knows who asks; the text names the right that is missing."""


class UnsupportedError(EdgeserveError):
    """A protocol knows this request, and this server does not do it."""


class LimitReachedError(EdgeserveError):
    """More than the server takes at once: the text names the limit and its setting."""


class ModelNotReadyError(EdgeserveError):
    """The model exists and cannot serve: the text says why."""


class FrameError(EdgeserveError):
    """This frame cannot be processed; the stream that it came on lives."""


class InvalidImageError(FrameError):
    """Not an image, a truncated one, or not what its header says."""


class TooManyPixelsError(FrameError):
    """A picture larger than the server decodes."""


class TooManyBytesError(FrameError):
    """A message larger than the server takes."""


class RateLimitedError(FrameError):
    """A client sends more than one client may: the text names the limit and its setting.

    Attributes:
        wait_s: seconds until a frame like this one would be taken.
    """

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        """Refuse a frame."""
        super().__init__(text)
        self.wait_s = wait_s


class EngineError(EdgeserveError):
    """The inference engine failed on this frame or on this model."""


class DeviceHungError(EngineError):
    """An inference runs on and cannot be cancelled: only the end of the process frees it."""


class TransportError(EdgeserveError):
    """The server cannot be reached, or broke the call off."""


class ShuttingDownError(EdgeserveError):
    """The server takes no new work."""
