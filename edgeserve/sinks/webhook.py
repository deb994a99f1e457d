"""Events posted to an HTTP address."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import uuid
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

from edgeserve.domain.backoff import Backoff
from edgeserve.sinks.address import parse_address
from edgeserve.sinks.message import encode, event_message
from edgeserve.sinks.secret import read_secret, tls_context
from edgeserve.sinks.worker import Worker

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraEvent, CameraResult
    from edgeserve.sinks.options import WebhookOptions
    from edgeserve.sinks.worker import SinkCounts

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_PORTS = {"http": 80, "https": 443}
_GOOD = range(200, 300)
_TRY_AGAIN = (408, 425, 429, *range(500, 600))


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with the result that it came with."""

    result: CameraResult
    event: CameraEvent


class WebhookSink:
    """Posts each event as JSON; see `schema/event.schema.json`.

    Every try of one event carries the same X-Edgeserve-Delivery: receivers can tell a second copy.
    With a secret X-Edgeserve-Signature is `sha256=` and the hexadecimal HMAC of the body. No
    answer, 408, 425, 429 and 5xx are tried again; any other answer but 2xx gives the event up.
    """

    name = "webhook"

    def __init__(self, options: WebhookOptions) -> None:
        """Prepare the sink; nothing is sent yet.

        Raises:
            ConfigurationError: the address, the secret's file or the authorities' file is wrong.
        """
        self._address = parse_address("webhook_url", options.webhook_url, _PORTS)
        self._tls = None
        if self._address.scheme == "https":
            self._tls = tls_context("webhook", options.webhook_ca)
        secret = read_secret(
            "webhook_secret",
            options.webhook_secret,
            options.webhook_secret_file,
        )
        self._secret = secret.encode()
        self._options = options
        self._agent = f"edgeserve/{metadata.version('edgeserve')}"
        self._worker: Worker[_Told] = Worker("webhook", options.webhook_buffer, self._deliver)

    def start(self) -> None:
        """Begin to post."""
        self._worker.start()

    def __call__(self, result: CameraResult) -> None:
        """Take a result, from any thread, without waiting; its events are posted."""
        for event in result.events:
            self._worker.put(_Told(replace(result, frame=None), event))

    def counts(self) -> SinkCounts:
        """Events delivered, failed and dropped."""
        return self._worker.counts()

    def close(self, seconds: float) -> None:
        """Post what waits, for at most so long."""
        self._worker.close(seconds)

    def _deliver(self, told: _Told) -> bool:
        body = encode(event_message(told.result, told.event))
        headers = self._headers(told.event.kind, body)
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        for attempt in range(self._options.webhook_attempts):
            if attempt and self._worker.ending.wait(backoff.wait_s()):
                return False
            try:
                status = self._post(body, headers)
            except (OSError, http.client.HTTPException) as error:
                self._worker.trouble(f"{self._address} cannot be reached: {_why(error)}")
                continue
            if status in _GOOD:
                self._worker.well()
                return True
            self._worker.trouble(f"{self._address} answers {status}")
            if status not in _TRY_AGAIN:
                return False
        return False

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        """The answer's status."""
        host, port = self._address.host, self._address.port
        timeout_s = self._options.webhook_timeout
        connection = (
            http.client.HTTPConnection(host, port, timeout=timeout_s)
            if self._tls is None
            else http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self._tls)
        )
        try:
            connection.request("POST", self._address.target, body, headers)
            with connection.getresponse() as response:
                return response.status
        finally:
            connection.close()

    def _headers(self, kind: str, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            "X-Edgeserve-Event": kind,
            "X-Edgeserve-Delivery": str(uuid.uuid4()),
        }
        if self._secret:
            digest = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            headers["X-Edgeserve-Signature"] = f"sha256={digest}"
        return headers


def _why(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return told or str(error) or type(error).__name__
