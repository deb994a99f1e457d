"""TLS over real connections: who is let in, and certificates that change meanwhile."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import grpc
import pytest

from edgeserve.access.options import AccessOptions
from edgeserve.access.rights import Right
from edgeserve.access.tls_files import TlsFiles
from edgeserve.access.token_file import create_token
from edgeserve.client import (
    AsyncDetectionClient,
    Credentials,
    HealthStatus,
    Policy,
    StreamOptions,
)
from edgeserve.domain.errors import (
    ConfigurationError,
    NotPermittedError,
    TransportError,
    UnauthenticatedError,
)
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.certificates import Authority
from tests.serving.conftest import read
from tests.serving.guarded import guarded

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

RULES = ("cn:camera-*=infer",)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that signed `server`, and clients by their names."""
    made = Authority.make(tmp_path_factory.mktemp("authority"))
    made.issue("server")
    made.issue("camera-1")
    made.issue("stranger")
    made.issue("late", days=-1, common_name="camera-2")
    return made


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One that nobody trusts, with a client of the same name."""
    made = Authority.make(tmp_path_factory.mktemp("other"))
    made.issue("camera-1")
    return made


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> Path:
    """A server's certificate and key, to be replaced."""
    replace(authority, "server", tmp_path)
    return tmp_path


def replace(authority: Authority, name: str, folder: Path) -> None:
    for suffix in ("pem", "key"):
        shutil.copy(authority.folder / f"{name}.{suffix}", folder / f"server.{suffix}")


def serving(folder: Path, **more: object) -> AccessOptions:
    given = {"tls_cert": str(folder / "server.pem"), "tls_key": str(folder / "server.key")}
    return AccessOptions.model_validate(given | more)


def mutual(folder: Path, authority: Authority, **more: object) -> AccessOptions:
    return serving(folder, tls_client_ca=str(authority.ca), certificate_rights=RULES, **more)


def holding(authority: Authority, name: str, trusted: Authority | None = None) -> Credentials:
    folder = authority.folder
    ca = (trusted or authority).ca
    return Credentials(ca=ca, cert=folder / f"{name}.pem", key=folder / f"{name}.key")


async def ask(address: str, credentials: Credentials) -> HealthStatus:
    async with AsyncDetectionClient(address, credentials=credentials) as client:
        return await client.health()


@pytest.mark.asyncio
async def test_a_client_that_trusts_the_authority_is_served_and_others_are_not(
    files: Path, authority: Authority, other: Authority
) -> None:
    async with guarded(serving(files)) as running:
        trusting = Credentials(ca=authority.ca)
        assert await ask(running.address, trusting) is HealthStatus.SERVING
        async with AsyncDetectionClient(running.address, credentials=trusting) as client:
            block = StreamOptions(policy=Policy.BLOCK)
            results = [one async for one in client.stream([fakes.jpeg()] * 3, block)]
        assert [list(one.labels) for one in results] == [["car"]] * 3
        for credentials in (Credentials(ca=other.ca), Credentials(tls=True), Credentials()):
            with pytest.raises(TransportError):
                await ask(running.address, credentials)


@pytest.mark.asyncio
async def test_an_expired_certificate_of_the_server_is_not_believed(authority: Authority) -> None:
    authority.issue("expired", days=-1)
    folder = authority.folder
    options = AccessOptions(
        tls_cert=str(folder / "expired.pem"), tls_key=str(folder / "expired.key")
    )
    async with guarded(options) as running:
        with pytest.raises(TransportError, match=r"certificate|andshake"):
            await ask(running.address, Credentials(ca=authority.ca))


@pytest.mark.asyncio
async def test_a_certificate_opens_what_its_name_stands_for(
    files: Path, authority: Authority, other: Authority
) -> None:
    async with guarded(mutual(files, authority)) as running:
        camera = holding(authority, "camera-1")
        async with AsyncDetectionClient(running.address, credentials=camera) as client:
            assert (await client.detect(fakes.jpeg())).labels == ("car",)
            with pytest.raises(NotPermittedError, match="certificate camera-1 has infer"):
                await client.list_cameras()
        stranger = holding(authority, "stranger")
        async with AsyncDetectionClient(running.address, credentials=stranger) as client:
            with pytest.raises(NotPermittedError, match="certificate stranger has no right"):
                await client.detect(fakes.jpeg())
        for refused in (
            holding(authority, "late"),  # expired
            holding(other, "camera-1", authority),  # the right name, of another authority
            Credentials(ca=authority.ca),  # none
        ):
            with pytest.raises(TransportError):
                await ask(running.address, refused)


@pytest.mark.asyncio
async def test_tokens_and_certificates_have_a_port_each(
    files: Path, authority: Authority, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    token = create_token(tokens, "gate", frozenset({Right.INFER}))
    options = mutual(files, authority, tokens_file=str(tokens))
    async with guarded(options, mtls=True) as running:
        for address, credentials in (
            (running.address, Credentials(ca=authority.ca, token=token)),
            (running.server.mtls_address, holding(authority, "camera-1")),
        ):
            async with AsyncDetectionClient(address, credentials=credentials) as client:
                assert (await client.detect(fakes.jpeg())).labels == ("car",)
        async with AsyncDetectionClient(
            running.address, credentials=holding(authority, "camera-1")
        ) as client:
            with pytest.raises(UnauthenticatedError, match="a token"):
                await client.detect(fakes.jpeg())
        with pytest.raises(TransportError):
            await ask(running.server.mtls_address, Credentials(ca=authority.ca, token=token))


@pytest.mark.asyncio
async def test_a_new_certificate_is_shown_to_new_connections_while_streams_live_on(
    files: Path, authority: Authority, tmp_path: Path
) -> None:
    successor = Authority.make(tmp_path / "successor")
    successor.issue("server")
    frame = pb.StreamDetectRequest(frame=pb.Frame(image=pb.Image(data=fakes.jpeg())))
    old, new = Credentials(ca=authority.ca), Credentials(ca=successor.ca)
    async with guarded(serving(files)) as running:
        secured = old.channel_credentials()
        assert secured is not None
        async with grpc.aio.secure_channel(running.address, secured) as channel:
            stub: DetectionServiceAsyncStub = DetectionServiceStub(channel)
            call = stub.StreamDetect()
            await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
            await call.write(frame)
            assert (await read(call)).detections
            replace(successor, "server", files)
            running.gate.reload()
            assert await ask(running.address, new) is HealthStatus.SERVING
            with pytest.raises(TransportError):
                await ask(running.address, old)
            for _ in range(3):
                await call.write(frame)
                assert (await read(call)).detections
            await call.done_writing()
            assert await call.code() is grpc.StatusCode.OK


@pytest.mark.asyncio
async def test_half_a_replacement_changes_nothing_until_the_other_half_is_there(
    files: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = authority.issue("renewed")
    async with guarded(serving(files)) as running:
        before = running.gate.tls
        assert before is not None
        shown = before.material.certificate
        shutil.copy(certificate, files / "server.pem")
        running.gate.reload()
        assert "certificates stay as they were: tls_cert" in caplog.text
        assert before.material.certificate == shown
        assert await ask(running.address, Credentials(ca=authority.ca)) is HealthStatus.SERVING
        shutil.copy(key, files / "server.key")
        running.gate.reload()
        assert before.material.certificate == certificate.read_bytes()
        assert await ask(running.address, Credentials(ca=authority.ca)) is HealthStatus.SERVING


@pytest.mark.asyncio
async def test_a_unix_socket_is_plain_and_its_file_mode_says_who_may(
    files: Path, authority: Authority, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    create_token(tokens, "gate", frozenset({Right.INFER}))
    options = serving(files, tokens_file=str(tokens))
    listen = f"unix:{tmp_path / 'grpc.sock'}"
    async with guarded(options, listen=listen) as running:
        for credentials in (Credentials(), Credentials(ca=authority.ca)):
            async with AsyncDetectionClient(running.address, credentials=credentials) as client:
                assert (await client.detect(fakes.jpeg())).labels == ("car",)


@pytest.mark.parametrize("broken", ["missing", "text", "another key"])
def test_files_that_cannot_be_used_are_named(
    files: Path, authority: Authority, broken: str
) -> None:
    if broken == "missing":
        (files / "server.pem").unlink()
    elif broken == "text":
        (files / "server.pem").write_text("no certificate")
    else:
        shutil.copy(authority.folder / "camera-1.key", files / "server.key")
    with pytest.raises(ConfigurationError, match=r"tls_cert: .*server\.pem"):
        TlsFiles(serving(files))


def test_a_client_is_told_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    async def make(credentials: Credentials) -> None:
        AsyncDetectionClient("127.0.0.1:1", credentials=credentials)

    for credentials, told in (
        (Credentials(ca=tmp_path / "none.pem"), "none.pem cannot be read"),
        (Credentials(key=tmp_path / "none.key"), "a key is given without its certificate"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            asyncio.run(make(credentials))
