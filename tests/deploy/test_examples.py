"""The examples that need nothing of others, run as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import edgeserve.cameras.sample
from tests.sinks.broker import Broker
from tests.system.conftest import serve  # noqa: F401 - a fixture
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.system.conftest import Start

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
PERSON = Path(edgeserve.cameras.sample.__file__).parent / "sample" / "grace_hopper.jpg"


def test_our_own_client(serve: Start, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    command = [sys.executable, str(EXAMPLES / "python_client.py"), str(broken), str(PERSON)]
    address = serve().address
    ended = subprocess.run(
        [*command, "--address", address], capture_output=True, text=True, timeout=100, check=True
    )
    first, *others = ended.stdout.splitlines()
    assert first.startswith(f"{broken}: not a JPEG")
    assert any(line.startswith(f"{PERSON}: person 0.") for line in others)


def test_what_a_broker_is_told(serve: Start, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    config, printed = tmp_path / "edgeserve.toml", tmp_path / "printed"
    config.write_text(f'[[camera]]\nname = "hall"\nurl = "{PERSON}"\nfps = 5\n')
    command = [sys.executable, str(EXAMPLES / "mqtt_consumer.py")]
    with Broker(tmp_path) as broker, printed.open("w") as out:
        url = f"mqtt://127.0.0.1:{broker.port}"
        server = serve("--config", str(config), "--mqtt-url", url)
        consumer = subprocess.Popen([*command, "--port", str(broker.port)], stdout=out)
        try:
            wait_until(lambda: "edgeserve is online" in printed.read_text(), "the status")
            wait_until(lambda: "hall: person 0." in printed.read_text(), "a person")
            assert server.terminate() == 0
            wait_until(lambda: "edgeserve is offline" in printed.read_text(), "the end")
        finally:
            consumer.terminate()
            consumer.wait(60)
