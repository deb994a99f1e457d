"""Results to an MQTT broker."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from edgeserve.sinks.address import parse_address
from edgeserve.sinks.message import detections_message, encode, event_message
from edgeserve.sinks.secret import read_secret, tls_context
from edgeserve.sinks.worker import Worker

if TYPE_CHECKING:
    from paho.mqtt.client import ConnectFlags, DisconnectFlags
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from edgeserve.domain.camera import CameraEvent, CameraResult
    from edgeserve.sinks.options import MqttOptions
    from edgeserve.sinks.worker import SinkCounts

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_ONLINE, _OFFLINE = "online", "offline"
_STATUS_QOS = 1
_IN_FLIGHT = 20
"""Messages that the broker has not confirmed yet; the rest waits in our own bounded queue."""
_LONGEST_PAUSE_S = 30
_LOOK_S = 0.5
_FAREWELL_S = 2.0


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A message not yet written: an event, or the detections where there is none."""

    result: CameraResult
    event: CameraEvent | None = None


class MqttSink:
    """Publishes detections and events of each camera, and whether this server is there.

    TOPIC/CAMERA/detections and TOPIC/CAMERA/events carry JSON, see `schema/`; TOPIC/status is
    `online` or, by the last will, `offline`, retained. While the broker is away messages wait in a
    bounded queue; with QoS 1 or 2 what was not confirmed is sent again.
    """

    name = "mqtt"

    def __init__(self, options: MqttOptions) -> None:
        """Prepare the sink; nothing is connected yet.

        Raises:
            ConfigurationError: the address or a file is wrong.
        """
        self._address = parse_address("mqtt_url", options.mqtt_url, _PORTS)
        self._options = options
        self._topic = options.mqtt_topic.strip("/")
        self._worker: Worker[_Outgoing] = Worker("mqtt", options.mqtt_buffer, self._deliver)
        self._changed = threading.Condition()
        self._connected = False
        self._in_flight = 0
        self._client = self._prepared()

    def start(self) -> None:
        """Begin to connect and to publish."""
        self._client.connect_async(
            self._address.host,
            self._address.port,
            self._options.mqtt_keepalive,
        )
        self._client.loop_start()
        self._worker.start()

    def __call__(self, result: CameraResult) -> None:
        """Take a result, from any thread, without waiting."""
        result = replace(result, frame=None)
        self._worker.put(_Outgoing(result))
        for event in result.events:
            self._worker.put(_Outgoing(result, event))

    def counts(self) -> SinkCounts:
        """Messages handed over, failed and dropped."""
        return self._worker.counts()

    def close(self, seconds: float) -> None:
        """Publish what waits, for at most so long, say that we go, and disconnect."""
        until = time.monotonic() + seconds
        self._worker.close(seconds)
        with self._changed:
            if self._connected:
                left_s = max(0.0, until - time.monotonic())
                self._changed.wait_for(lambda: self._in_flight <= 0, left_s)
        if self._connected:
            last = self._client.publish(self._status_topic, _OFFLINE, _STATUS_QOS, retain=True)
            if last.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                last.wait_for_publish(_FAREWELL_S)
        self._client.disconnect()
        self._client.loop_stop()
        self._forget_callbacks()

    @property
    def _status_topic(self) -> str:
        return f"{self._topic}/status"

    def _prepared(self) -> Client:
        options = self._options
        client = Client(CallbackAPIVersion.VERSION2, options.mqtt_client_id)
        password = read_secret(
            "mqtt_password",
            options.mqtt_password,
            options.mqtt_password_file,
        )
        if options.mqtt_username:
            client.username_pw_set(options.mqtt_username, password or None)
        if self._address.scheme == "mqtts":
            context = tls_context("mqtt", options.mqtt_ca, options.mqtt_cert, options.mqtt_key)
            client.tls_set_context(context)
        client.will_set(self._status_topic, _OFFLINE, _STATUS_QOS, retain=True)
        client.reconnect_delay_set(1, _LONGEST_PAUSE_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _forget_callbacks(self) -> None:
        """Break the circle of client and sink: paho's sockets close with the last reference."""
        client = self._client
        client.on_connect = client.on_connect_fail = None
        client.on_disconnect = client.on_publish = None

    def _deliver(self, outgoing: _Outgoing) -> bool:
        """Hand a message to the connection, once there is one with room."""
        result, event = outgoing.result, outgoing.event
        if event is None:
            kind, message = "detections", detections_message(result)
        else:
            kind, message = "events", event_message(result, event)
        payload = encode(message)
        while self._wait_for_room():
            self._add_in_flight(1)
            sent = self._client.publish(
                f"{self._topic}/{result.camera}/{kind}",
                payload,
                self._options.mqtt_qos,
            )
            if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                return True
            if sent.rc == MQTTErrorCode.MQTT_ERR_NO_CONN and self._options.mqtt_qos:
                return True  # the client keeps it, and sends it when the broker is back
            self._add_in_flight(-1)
            self._worker.ending.wait(_LOOK_S)
        return False

    def _wait_for_room(self) -> bool:
        """Wait for a connection that is not full; false when the end comes first."""
        with self._changed:
            while not (self._connected and self._in_flight < _IN_FLIGHT):
                if self._worker.ending.is_set():
                    return False
                self._changed.wait(_LOOK_S)
        return True

    def _add_in_flight(self, change: int) -> None:
        with self._changed:
            self._in_flight += change
            self._changed.notify_all()

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._worker.trouble(f"{self._address} refuses the connection: {reason}")
            return
        self._worker.well()
        with self._changed:
            self._connected = True
            if not self._options.mqtt_qos:
                # What was on its way when the connection broke is lost: that is QoS 0.
                self._in_flight = 0
            self._in_flight += 1
            self._changed.notify_all()
        client.publish(self._status_topic, _ONLINE, _STATUS_QOS, retain=True)

    def _on_connect_fail(self, _client: Client, _userdata: object) -> None:
        self._worker.trouble(f"{self._address} cannot be reached")

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            self._connected = False
        if reason.is_failure and not self._worker.ending.is_set():
            self._worker.trouble(f"{self._address} has gone: {reason}")

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._add_in_flight(-1)
