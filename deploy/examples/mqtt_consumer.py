"""Print what the cameras of edgeserve see, by way of an MQTT broker: pip install "paho-mqtt>=2.1".

python mqtt_consumer.py [--broker 127.0.0.1] [--port 1883]
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

TOPICS = ("edgeserve/status", "edgeserve/+/detections", "edgeserve/+/events")


def subscribe(client: Client, *_: Any) -> None:  # noqa: ANN401 - what paho gives
    """Ask for the topics, after each connection anew."""
    client.subscribe([(topic, 1) for topic in TOPICS])


def show(_client: Client, _data: object, message: MQTTMessage) -> None:
    """Print a message."""
    if message.topic == "edgeserve/status":
        print("edgeserve is", message.payload.decode(), flush=True)
        return
    told = json.loads(message.payload)
    if told["type"] == "event":
        words = f"{told['label']} {told['track_id']} {told['kind']} {told['place']}"
    else:
        objects = [f"{one['label']} {one['score']:.2f}" for one in told["detections"]]
        words = ", ".join(objects) or told["message"] or "nothing"
    print(told["time"], f"{told['camera']}: {words}", flush=True)


def main() -> None:
    """Print until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    arguments = parser.parse_args()

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = subscribe
    client.on_message = show
    client.connect(arguments.broker, arguments.port)
    client.loop_forever()  # connects again by itself


if __name__ == "__main__":
    main()
