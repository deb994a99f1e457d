"""What every sink looks like, and which ones a configuration asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edgeserve.sinks.jsonl import JsonlSink
from edgeserve.sinks.webhook import WebhookSink

if TYPE_CHECKING:
    from edgeserve.domain.camera import CameraResult
    from edgeserve.sinks.options import JsonlOptions, MqttOptions, WebhookOptions
    from edgeserve.sinks.worker import SinkCounts


class Sink(Protocol):
    """Takes results out of the box: a `Subscriber` with a thread and a bounded queue of its own.

    Pictures are not queued: a raw one is megabytes.

    Attributes:
        name: for logs and metrics.
    """

    name: str

    def start(self) -> None:
        """Begin to deliver."""

    def __call__(self, result: CameraResult, /) -> None:
        """Take a result, from any thread, without waiting."""

    def counts(self) -> SinkCounts:
        """How it did so far."""

    def close(self, seconds: float) -> None:
        """Deliver what waits, for at most about so long, and end."""


def create_sinks(mqtt: MqttOptions, jsonl: JsonlOptions, webhook: WebhookOptions) -> list[Sink]:
    """The sinks that have somewhere to send to; none is started.

    Raises:
        ConfigurationError: an address or a file is wrong.
        ImportError: MQTT is asked for, and paho-mqtt is not installed.
    """
    sinks: list[Sink] = []
    if mqtt.mqtt_url:
        from edgeserve.sinks.mqtt import MqttSink  # noqa: PLC0415 - needs the extra `mqtt`

        sinks.append(MqttSink(mqtt))
    if jsonl.jsonl_path:
        sinks.append(JsonlSink(jsonl))
    if webhook.webhook_url:
        sinks.append(WebhookSink(webhook))
    return sinks
