"""Bundles from OCI registries: an artefact whose layers are a bundle's files, or an archive."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from edgeserve.catalog.archive import unpack
from edgeserve.catalog.download import save
from edgeserve.domain.errors import EdgeserveError, ModelNotReadyError, NotAvailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIMEOUT_S = 30
_CHUNK_BYTES = 1 << 20
_MOST_MANIFEST_BYTES = 4 << 20
_ACCEPTED = "application/vnd.oci.image.manifest.v1+json"
_TITLE = "org.opencontainers.image.title"
"""The annotation of a layer that is a file, as ORAS writes it."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?/")


def pull(place: str, sha256: str, folder: Path, most_bytes: int) -> None:
    """Write the files of an artefact into an empty folder.

    Credentials are those of `docker login`. Registries are asked over TLS, on loopback without.

    Args:
        place: HOST[:PORT]/NAME[:TAG]; the tag is for people.
        sha256: of the artefact's manifest, which holds the checksums of its layers.
        folder: to write to.
        most_bytes: of all layers together.

    Raises:
        NotAvailableError: the client package is not installed, or the registry does not give it.
        ModelNotReadyError: what came is not what was asked for, or no bundle.
    """
    # oras takes what stands before the last colon for the name, also of HOST:PORT/NAME.
    container = f"{re.sub(r':[^:/]*$', '', place)}@sha256:{sha256}"
    with _registry(place) as registry:
        layers = _layers(_manifest(registry, container, sha256), place)
        for name, digest, size_bytes in layers:
            if size_bytes > most_bytes:
                text = f"{place}: its layers are larger than the setting max_bundle_mb allows"
                raise ModelNotReadyError(text)
            most_bytes -= size_bytes
            with registry.get_blob(container, f"sha256:{digest}", stream=True) as answer:
                _check(answer, place)
                chunks = answer.iter_content(_CHUNK_BYTES)
                save(chunks, digest, folder / name, size_bytes, f"{place}: {name}")
    if len(layers) == 1:
        archive = folder.with_suffix(".archive")
        (folder / layers[0][0]).rename(archive)
        try:
            unpack(archive, folder, most_bytes)
        finally:
            archive.unlink()


@contextmanager
def _registry(place: str) -> Iterator[Any]:
    try:
        import oras.provider  # noqa: PLC0415 - an extra
    except ImportError as error:
        text = f"{place} needs the package oras; pip install 'edgeserve[oci]'"
        raise NotAvailableError(text) from error

    class Registry(oras.provider.Registry):  # type: ignore[misc] # an untyped library
        # Its own tries again would sleep for two minutes before they say what is wrong.
        do_request = oras.provider.Registry.do_request.__wrapped__

    registry = Registry(insecure=bool(_LOOPBACK.match(place)))
    registry.session.request = partial(registry.session.request, timeout=_TIMEOUT_S)
    try:
        yield registry
    except EdgeserveError:
        raise
    except Exception as error:  # its errors have no common base but this
        text = f"{place} cannot be fetched: {error}"
        raise NotAvailableError(text) from error
    finally:
        registry.session.close()


def _manifest(registry: Any, container: str, sha256: str) -> dict[str, Any]:  # noqa: ANN401 - untyped
    parsed = registry.get_container(container)
    registry.auth.load_configs(parsed)
    url = f"{registry.prefix}://{parsed.manifest_url()}"
    answer = registry.do_request(url, "GET", headers={"Accept": _ACCEPTED}, stream=True)
    with answer:
        _check(answer, container)
        content = answer.raw.read(_MOST_MANIFEST_BYTES, decode_content=True)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        text = f"{container}: the registry gave a manifest whose sha256 is {found}"
        raise ModelNotReadyError(text)
    manifest = json.loads(content)
    return manifest if isinstance(manifest, dict) else {}


def _check(answer: Any, name: str) -> None:  # noqa: ANN401 - untyped
    if not answer.ok:
        text = f"{name} cannot be fetched: the registry says {answer.status_code} {answer.reason}"
        raise NotAvailableError(text)


def _layers(manifest: dict[str, Any], place: str) -> list[tuple[str, str, int]]:
    """Name, sha256 and bytes of each layer."""
    layers = []
    for layer in manifest.get("layers", ()):
        name = layer.get("annotations", {}).get(_TITLE, "bundle")
        digest = _DIGEST.fullmatch(str(layer.get("digest")))
        size_bytes = layer.get("size")
        if not (_NAME.fullmatch(name) and digest and isinstance(size_bytes, int)):
            text = f"{place}: a layer is not a file of a bundle: {name!r}, {layer.get('digest')!r}"
            raise ModelNotReadyError(text)
        layers.append((name, digest[1], size_bytes))
    if not layers or len({name for name, _, _ in layers}) < len(layers):
        text = f"{place} is no bundle: its layers are not files with a title each"
        raise ModelNotReadyError(text)
    return layers
