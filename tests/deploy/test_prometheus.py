"""The rules and dashboards that ship, held against a real Prometheus and a real server."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeserve.client import DetectionClient
from edgeserve.domain.errors import EdgeserveError
from edgeserve.telemetry.machine_metrics import COUNTERS, GAUGES
from edgeserve.tooling.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "edgeserve.rules.yml"
CONFIG = DEPLOY / "prometheus" / "prometheus.yml"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
HARDWARE_ONLY = frozenset(
    {
        "Temperature",
        "Processor frequency",
        "Held back now",
        "Processor held back by heat",
        "GPU load",
        "GPU memory",
    }
)
"""Panels that stay empty where a machine does not tell such things, by title."""

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no prometheus and promtool here (Debian: apt-get install prometheus)",
)


def _panels() -> list[tuple[str, str, str]]:
    """Dashboard, panel and query of every target."""
    return [
        (path.stem, panel["title"], target["expr"])
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]


def _promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments],  # noqa: S607 - where the machine has it
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_the_configuration_and_the_rules_are_valid() -> None:
    _promtool("check", "config", str(CONFIG))
    _promtool("check", "rules", str(RULES))


@needs_prometheus
def test_each_alert_fires_by_its_cause_and_not_without() -> None:
    _promtool("test", "rules", str(Path(__file__).with_name("alerts.test.yml")))


def test_each_alert_is_tested_and_has_its_page_in_the_runbook() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    pages = re.findall(r"runbook: \"RUNBOOK\.md#(\w+)\"", RULES.read_text())
    assert len(alerts) == len(pages) > 0
    tests = Path(__file__).with_name("alerts.test.yml").read_text()
    assert set(re.findall(r"alertname: (\w+)", tests)) == set(alerts)
    runbook = (RULES.parent / "RUNBOOK.md").read_text()
    assert {title.lower() for title in re.findall(r"^## (\w+)$", runbook, re.MULTILINE)} == set(
        pages
    )


def test_panels_that_need_hardware_ask_for_what_the_program_can_tell() -> None:
    asked = {
        name
        for _, title, query in _panels()
        if title in HARDWARE_ONLY
        for name in re.findall(r"edgeserve_\w+", query)
    }
    told = {f"edgeserve_{name}" for name in GAUGES} | {f"edgeserve_{n}_total" for n in COUNTERS}
    assert asked
    assert asked <= told
    assert {title for _, title, _ in _panels()} >= HARDWARE_ONLY


def test_panels_have_titles_and_descriptions_and_do_not_overlap() -> None:
    assert len(DASHBOARDS) == 3
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            assert panel["title"]
            assert panel["description"]
            grid = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(grid["x"], grid["x"] + grid["w"])
                for y in range(grid["y"], grid["y"] + grid["h"])
            }
            assert not taken & cells
            assert max(x for x, _ in cells) < 24
            taken |= cells


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[tuple[str, ServerProcess]]:
    """A Prometheus with our configuration beside a server that has a camera; its address."""
    config = tmp_path / "edgeserve.toml"
    config.write_text('[[camera]]\nname = "gate"\nurl = "sample"\nfps = 5\n')
    with ServerProcess(
        *("--config", str(config), "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"),
        # Nobody takes the traces: that is counted too.
        *("--otlp-endpoint", "http://127.0.0.1:1"),
    ) as server:
        ours = CONFIG.read_text().replace("127.0.0.1:8000", server.http_address)
        assert server.http_address in ours
        (tmp_path / "prometheus.yml").write_text(ours.replace(": 15s", ": 1s"))
        shutil.copy(RULES, tmp_path)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        with subprocess.Popen(
            [  # noqa: S607 - where the machine has it
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address={address}",
                "--log.level=error",
            ]
        ) as process:
            try:
                yield address, server
            finally:
                process.kill()


def _ask(address: str, query: str) -> list[Any]:
    words = urllib.parse.urlencode({"query": query})
    url = f"http://{address}/api/v1/query?{words}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
    except OSError:
        return []  # not listening yet
    return [one for one in result if one["value"][1] != "NaN"]


def _filled(query: str) -> str:
    """A panel's query as Grafana sends it."""
    for name, value in {"$job": ".*", "$instance": ".*", "$__rate_interval": "20s"}.items():
        query = query.replace(name, value)
    return query


@needs_prometheus
def test_every_query_of_every_panel_returns_data(
    prometheus: tuple[str, ServerProcess],
) -> None:
    address, server = prometheus
    empty = [one for one in _panels() if one[1] not in HARDWARE_ONLY]
    picture = _sample_jpeg()
    deadline = time.monotonic() + 100
    with DetectionClient(server.address) as client:
        while empty and time.monotonic() < deadline:
            for _ in range(5):
                client.detect(picture)
            with pytest.raises(EdgeserveError):
                client.detect(b"no picture")
            time.sleep(0.5)  # Prometheus scrapes once a second
            empty = [one for one in empty if not _ask(address, _filled(one[2]))]
    assert not empty


def _sample_jpeg() -> bytes:
    from edgeserve.cameras.open import open_source  # noqa: PLC0415 - needs the server extra

    return bytes(next(iter(open_source("sample"))).data)
