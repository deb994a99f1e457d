"""Things that are replaced while the server is loaded: the model, the certificate."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from edgeserve.client import AdminClient, Credentials, DetectionClient
from edgeserve.domain.errors import EdgeserveError, ModelNotReadyError
from tests.certificates import Authority
from tests.faults.observed import Observation
from tests.faults.traffic import Traffic
from tests.versions import NAME, write_version
from tests.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Start

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
BROKEN = (('fit = "center"', 'fit = "stretch"'),)


def test_a_model_replaced_under_load_costs_no_frame(start: Start, tmp_path: Path) -> None:
    models, admin_address = tmp_path / "models", f"unix:{tmp_path / 'admin.sock'}"
    write_version(models, 100)
    server = start("--models-dir", str(models), "--admin-listen", admin_address)
    with Traffic(server.address, fps=0) as traffic, AdminClient(admin_address) as admin:
        traffic.wait_for(20)
        with Observation("model replaced under full load", server) as seen:
            write_version(models, 101)
            began_s = time.monotonic()
            assert admin.load_model(NAME) == "101"
            seen.recovered("the new version serves", time.monotonic() - began_s)
            traffic.wait_for(20)
            silence_s = traffic.silence_s(began_s)
            seen.saw(f"all frames OK, longest silence {silence_s:.1f} s")
        with Observation("model replaced by one that finds other things", server) as seen:
            write_version(models, 102, BROKEN)
            with pytest.raises(ModelNotReadyError) as refused:
                admin.load_model(NAME)
            traffic.wait_for(20)
            seen.saw(f"the operator: {refused.value}")
            seen.saw("streams: all OK")
            seen.recovered("the old version goes on")
        traffic.end()
        assert traffic.faults() == []


def test_an_expired_certificate_is_told_and_replaced_without_a_restart(
    start: Start, tmp_path: Path
) -> None:
    authority = Authority.make(tmp_path / "authority")
    good = authority.issue("good")
    expired = authority.issue("expired", days=-1)
    shown = tmp_path / "server.pem", tmp_path / "server.key"

    def show(files: tuple[Path, Path]) -> None:
        for source, target in zip(files, shown, strict=True):
            shutil.copy(source, target)

    show(good)
    server = start("--tls-cert", str(shown[0]), "--tls-key", str(shown[1]), tls=True)
    credentials = Credentials(ca=authority.ca)

    def refused() -> str:
        with DetectionClient(server.address, credentials=credentials, timeout=10) as client:
            try:
                client.list_models()
            except EdgeserveError as error:
                return str(error)
            return ""

    with Traffic(server.address, credentials=credentials) as traffic:
        traffic.wait_for()
        with Observation("certificate expired", server) as seen:
            show(expired)
            wait_until(refused, "the expired certificate to be shown")
            seen.saw(f"new clients: {refused()}")
            traffic.wait_for()
            seen.saw("streams that are open: all OK")
            wait_until(
                lambda: any("expired" in line for line in server.complaints()), "a word of it"
            )
            ends = server.metric("edgeserve_certificate_expiry_timestamp_seconds")
            assert ends < time.time()
            show(good)
            good_s = time.monotonic()
            wait_until(lambda: not refused(), "the good one to be shown")
            seen.recovered("new clients, without a restart,", time.monotonic() - good_s)
            traffic.end()
            assert traffic.faults() == []
