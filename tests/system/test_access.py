"""Who may do what, as a user sets it up: tokens, certificates, and what is said where."""

from __future__ import annotations

import http.client
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.cli.main import run
from edgeserve.client import Credentials, DetectionClient
from edgeserve.domain.errors import UnauthenticatedError
from tests.certificates import Authority
from tests.waiting import wait_until

if TYPE_CHECKING:
    import pytest

    from tests.system.conftest import Start


def refusals(address: str, context: ssl.SSLContext, token: str) -> dict[str, float]:
    """How many there were, by reason, as a scraper sees them."""
    connection = http.client.HTTPSConnection(address, context=context, timeout=60)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})
    figures = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(r'edgeserve_refused_total{reason="(\w+)"} (\S+)', figures)
    return {reason: float(count) for reason, count in found}


def test_a_server_with_tls_and_tokens_serves_who_is_known_until_revoked(
    serve: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.make(tmp_path / "authority")
    certificate, key = authority.issue("server")
    tokens = str(tmp_path / "tokens")
    assert run(["token", "create", "gate", "--tokens-file", tokens]) == 0
    token = capfd.readouterr().out.strip()
    assert run(["token", "create", "eye", "--rights", "watch", "--tokens-file", tokens]) == 0
    eye = capfd.readouterr().out.strip()
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key), "--tokens-file", tokens)
    server = serve(*flags)
    to_server = ["--address", server.address, "--ca", str(authority.ca)]

    # Nobody needs a token to ask whether it serves.
    assert run(["health", *to_server]) == 0
    assert run(["stream", "sample", "--limit", "1", *to_server]) == 2
    assert "not let this client in: this server asks who you are" in capfd.readouterr().err
    monkeypatch.setenv("EDGESERVE_TOKEN", token[:-1])
    assert run(["models", "list", *to_server]) == 2
    assert token[:-1] not in "".join(capfd.readouterr())
    monkeypatch.setenv("EDGESERVE_TOKEN", token)
    assert run(["stream", "sample", "--limit", "3", *to_server]) == 0
    monkeypatch.delenv("EDGESERVE_TOKEN")
    file = tmp_path / "mine"
    file.write_text(token)
    with_file = [*to_server, "--token-file", str(file)]
    assert run(["models", "list", *with_file]) == 0
    assert run(["cameras", "list", *with_file]) == 2
    assert "ListCameras needs the right watch; token gate has infer" in capfd.readouterr().err

    context = ssl.create_default_context(cafile=str(authority.ca))
    for path, code in (("/healthz", 200), ("/metrics", 401)):
        connection = http.client.HTTPSConnection(server.http, context=context, timeout=60)
        connection.request("GET", path)
        assert connection.getresponse().status == code
        connection.close()
    refused = refusals(server.http, context, eye)
    assert refused["unauthenticated"] >= 3
    assert refused["not_permitted"] >= 1
    assert refused["max_streams"] == 0

    credentials = Credentials(ca=authority.ca, token=token)
    with DetectionClient(server.address, credentials=credentials) as client:
        assert run(["token", "revoke", "gate", "--tokens-file", tokens]) == 0

        def refuses() -> bool:
            try:
                client.list_models()
            except UnauthenticatedError:
                return True
            return False

        wait_until(refuses, "the token to be refused")
    title = Path(f"/proc/{server.process.pid}/cmdline").read_text(encoding="utf-8")
    assert server.terminate() == 0
    logged = "".join(capfd.readouterr())
    assert token not in title + logged
    assert "tokens were read again" in logged
