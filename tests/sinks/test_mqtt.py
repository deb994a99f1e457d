"""MQTT against a real Mosquitto."""

from __future__ import annotations

import gc
import json
import signal
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgeserve.domain.errors import ConfigurationError
from edgeserve.sinks.mqtt import MqttSink
from edgeserve.sinks.options import MqttOptions
from tests.sinks.broker import Broker, Listener, Message, program
from tests.sinks.results import event, result
from tests.sinks.schemas import DETECTIONS, EVENT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CRASH = """
import sys, time
from edgeserve.sinks.mqtt import MqttSink
from edgeserve.sinks.options import MqttOptions
MqttSink(MqttOptions(mqtt_url=sys.argv[1])).start()
time.sleep(600)
"""


def started(port: int, scheme: str = "mqtt", **options: object) -> MqttSink:
    url = f"{scheme}://127.0.0.1:{port}"
    sink = MqttSink(MqttOptions.model_validate({"mqtt_url": url, **options}))
    sink.start()
    return sink


def frame_numbers(messages: list[Message]) -> list[int]:
    return [json.loads(message.payload)["frame_number"] for message in messages]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as running:
        yield running


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_results_and_events_go_to_their_cameras_topics(broker: Broker, qos: int) -> None:
    with Listener(broker.port) as listener:
        sink = started(broker.port, mqtt_qos=qos)
        assert listener.next() == Message("edgeserve/status", b"online", retained=False)
        sink(result(0, camera="yard"))
        sink(result(1, event(), camera="gate"))
        messages = [listener.next() for _ in range(3)]
        sink.close(60)
        assert listener.next() == Message("edgeserve/status", b"offline", retained=False)
    assert [message.topic for message in messages] == [
        "edgeserve/yard/detections",
        "edgeserve/gate/detections",
        "edgeserve/gate/events",
    ]
    DETECTIONS.validate(json.loads(messages[0].payload))
    EVENT.validate(json.loads(messages[2].payload))
    assert sink.counts().delivered == 3


def test_who_comes_later_is_told_whether_the_server_is_there(broker: Broker) -> None:
    sink = started(broker.port, mqtt_topic="house/box")
    with Listener(broker.port) as listener:
        assert listener.next().topic == "house/box/status"
    with Listener(broker.port) as listener:
        assert listener.next() == Message("house/box/status", b"online", retained=True)
    sink.close(60)
    with Listener(broker.port) as listener:
        assert listener.next() == Message("house/box/status", b"offline", retained=True)


def test_a_server_that_dies_is_offline_by_its_last_will(broker: Broker) -> None:
    with Listener(broker.port) as listener:
        url = f"mqtt://127.0.0.1:{broker.port}"
        with subprocess.Popen([sys.executable, "-c", CRASH, url]) as process:
            assert listener.next().payload == b"online"
            process.kill()
        assert listener.next() == Message("edgeserve/status", b"offline", retained=False)


@pytest.mark.parametrize("qos", [0, 1])
def test_what_came_while_the_broker_was_away_is_sent_when_it_is_back(
    broker: Broker, qos: int, caplog: pytest.LogCaptureFixture
) -> None:
    sink = started(broker.port, mqtt_qos=qos, mqtt_buffer=5)
    with Listener(broker.port) as listener:
        assert listener.next().payload == b"online"
    broker.kill()
    wait_until(lambda: "has gone" in caplog.text, "the sink misses its broker")
    for number in range(12):
        sink(result(number))  # returns at once
    wait_until(lambda: sink.counts().waiting == 5, "the buffer is full")
    dropped = sink.counts().dropped
    assert dropped in {6, 7}, "one may be in hand already"
    broker.start()
    wait_until(lambda: sink.counts().delivered == 12 - dropped, "the rest is sent")
    sink.close(60)
    assert sink.counts().dropped == dropped
    assert sink.counts().failed == 0


def test_the_newest_messages_survive_an_outage_in_order(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    sink = started(broker.port, mqtt_buffer=5)
    with Listener(broker.port) as listener:
        assert listener.next().payload == b"online"
        broker.stop()
        wait_until(lambda: "has gone" in caplog.text, "the sink misses its broker")
        for number in range(12):
            sink(result(number))
        broker.start()
        heard: list[Message] = []
        while frame_numbers(heard)[-1:] != [11]:
            message = listener.next()
            if message.topic == "edgeserve/yard/detections":
                heard.append(message)
        sink.close(60)
    numbers = frame_numbers(heard)
    assert numbers[-5:] == [7, 8, 9, 10, 11]
    assert len(numbers) <= 6, "one may have been in hand already"
    assert numbers == sorted(numbers)


def test_a_broker_that_hangs_blocks_nobody(broker: Broker) -> None:
    sink = started(broker.port, mqtt_buffer=10)
    with Listener(broker.port) as listener:
        assert listener.next().payload == b"online"
        broker.signal(signal.SIGSTOP)
        for number in range(100):
            sink(result(number))  # returns at once
        wait_until(lambda: sink.counts().waiting == 10, "the buffer is full")
        wait_until(lambda: sum_of(sink) == 100, "all are accounted for")
        assert sink.counts().dropped > 50
        broker.signal(signal.SIGCONT)
        wait_until(lambda: sink.counts().waiting == 0, "the rest is sent")
        sink.close(60)
        arrived = []
        while (message := listener.next()).payload != b"offline":
            arrived.append(message)
    numbers = frame_numbers(arrived)
    assert numbers == sorted(numbers)
    assert numbers[-10:] == list(range(90, 100)), "the newest were kept"
    assert len(numbers) == 100 - sink.counts().dropped


def sum_of(sink: MqttSink) -> int:
    counts = sink.counts()
    return counts.delivered + counts.dropped + counts.waiting


def test_a_broker_that_is_not_there_yet_is_found_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path)
    broker.start()
    broker.kill()
    sink = started(broker.port)
    sink(result())
    wait_until(lambda: "cannot be reached" in caplog.text, "the first try")
    with broker:
        wait_until(lambda: sink.counts().delivered == 1, "the message is sent")
        sink.close(60)


def test_a_name_and_password_let_in_and_a_wrong_one_is_said_but_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts, password_file = tmp_path / "accounts", tmp_path / "password"
    command = [program("mosquitto_passwd"), "-b", "-c", str(accounts), "box", "open sesame"]
    subprocess.run(command, check=True, capture_output=True)
    password_file.write_text("open sesame\n")
    lines = ("allow_anonymous false", f"password_file {accounts}")
    with Broker(tmp_path, *lines) as broker, Listener(broker.port, ("box", "open sesame")) as ears:
        for right in (
            {"mqtt_password": "open sesame"},
            {"mqtt_password_file": str(password_file)},
        ):
            sink = started(broker.port, mqtt_username="box", **right)
            assert ears.next().payload == b"online"
            sink.close(60)
            assert ears.next().payload == b"offline"
        wrong = {"mqtt_username": "box", "mqtt_password": "closed sesame"}
        sink = started(broker.port, **wrong)
        wait_until(lambda: "refuses the connection" in caplog.text, "a refusal")
        sink.close(3600)
    assert "sesame" not in caplog.text
    assert "sesame" not in repr(sink._options)


def tls_lines(certificates: Path) -> tuple[str, ...]:
    return (
        "allow_anonymous true",
        f"cafile {certificates}/ca.pem",
        f"certfile {certificates}/server.pem",
        f"keyfile {certificates}/server.key",
    )


def test_tls_with_certificates_on_both_sides(tmp_path: Path, certificates: Path) -> None:
    lines = (*tls_lines(certificates), "require_certificate true")
    ours = {
        "mqtt_ca": str(certificates / "ca.pem"),
        "mqtt_cert": str(certificates / "client.pem"),
        "mqtt_key": str(certificates / "client.key"),
    }
    context = ssl.create_default_context(cafile=ours["mqtt_ca"])
    context.load_cert_chain(ours["mqtt_cert"], ours["mqtt_key"])
    with Broker(tmp_path, *lines) as broker, Listener(broker.port, tls=context) as listener:
        sink = started(broker.port, "mqtts", **ours)
        assert listener.next().payload == b"online"
        sink(result())
        assert listener.next().topic == "edgeserve/yard/detections"
        sink.close(60)


# paho leaves the socket of a refused handshake to the collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_a_broker_that_is_not_trusted_gets_nothing(
    tmp_path: Path, certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Broker(tmp_path, *tls_lines(certificates)) as broker:
        sink = started(broker.port, "mqtts")
        sink(result())
        wait_until(lambda: "cannot be reached" in caplog.text, "a refusal")
        sink.close(60)
        assert sink.counts().delivered == 0
        del sink
    gc.collect()


def test_wrong_options_are_named(tmp_path: Path, certificates: Path) -> None:
    key = str(certificates / "client.key")
    wrong: list[tuple[dict[str, object], str]] = [
        ({"mqtt_url": "mqtt://box:word@host"}, "^mqtt_url is no address"),
        ({"mqtt_url": "host:1883"}, "^mqtt_url is no address"),
        ({"mqtt_key": key}, "^mqtt_key is given without mqtt_cert"),
        ({"mqtt_cert": key, "mqtt_key": key}, "^mqtt_cert: .*client.key cannot be used"),
        ({"mqtt_ca": str(tmp_path / "none")}, "^mqtt_ca: .*none cannot be used: No such file"),
        ({"mqtt_password_file": str(tmp_path / "none")}, "^mqtt_password_file: .*none cannot be"),
    ]
    for options, said in wrong:
        given = MqttOptions.model_validate({"mqtt_url": "mqtts://host"} | options)
        with pytest.raises(ConfigurationError, match=said) as refusal:
            MqttSink(given)
        assert "word@" not in str(refusal.value)
