"""The manifests for Kubernetes, held against its API and against what the server takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from edgeserve.config.load import load_settings
from edgeserve.engines.registry import runtimes
from edgeserve.engines.wishes import read_wishes

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
MANIFESTS = sorted(
    path for path in KUBERNETES.rglob("*.yaml") if path.name != "prometheus-adapter.yaml"
)
_VERSION = kubernetes_validate.latest_version()
_FOREIGN = {"Kustomization", "ServiceMonitor", "ServingRuntime", "InferenceService"}
"""Kinds of others' APIs, whose schemas are not at hand."""


def _documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


@pytest.fixture(scope="module")
def deployment() -> dict[str, Any]:
    (document,) = _documents(KUBERNETES / "base" / "deployment.yaml")
    return document


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(KUBERNETES)))
def test_each_manifest_is_what_the_api_expects(path: Path) -> None:
    for document in _documents(path):
        is_patch = path.parent.parent.name == "overlays" and path.name in {
            "device.yaml",
            "one-replica.yaml",
        }
        if document["kind"] in _FOREIGN or is_patch:
            assert document["apiVersion"]
        else:
            kubernetes_validate.validate(document, _VERSION, strict=True)


@pytest.mark.parametrize(
    "path",
    [path for path in MANIFESTS if path.name == "kustomization.yaml"],
    ids=lambda path: path.parent.name,
)
def test_what_a_kustomization_names_is_there(path: Path) -> None:
    (document,) = _documents(path)
    for name in document["resources"]:
        assert (path.parent / name).exists(), name
    for patch in document.get("patches", ()):
        for part in _documents(path.parent / patch["path"]):
            assert (part["kind"], part["metadata"]["name"]) == ("Deployment", "edgeserve")
            (container,) = part["spec"]["template"]["spec"]["containers"]
            assert container["name"] == "edgeserve"


@pytest.mark.parametrize("overlay", ["k3s", "nvidia", "intel-gpu", "intel-npu"])
def test_what_an_overlay_makes_of_the_deployment_is_what_the_api_expects(
    overlay: str, deployment: dict[str, Any]
) -> None:
    folder = KUBERNETES / "overlays" / overlay
    (kustomization,) = _documents(folder / "kustomization.yaml")
    patched: Any = deployment
    for patch in kustomization["patches"]:
        (part,) = _documents(folder / patch["path"])
        patched = _merged(patched, part)
    kubernetes_validate.validate(patched, _VERSION, strict=True)
    (container,) = patched["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["serve", "--config", "/etc/edgeserve/edgeserve.toml"]
    assert patched != deployment


def _merged(base: Any, patch: Any) -> Any:  # noqa: ANN401 - of YAML
    """A strategic merge, as kustomize does it: lists of named things by their names."""
    if isinstance(base, dict) and isinstance(patch, dict):
        kept = {} if patch.get("$patch") == "replace" else base
        wanted = {key: one for key, one in patch.items() if key != "$patch"}
        return kept | {key: _merged(kept.get(key), one) for key, one in wanted.items()}
    if isinstance(base, list) and all(isinstance(one, dict) and "name" in one for one in patch):
        named = {one["name"]: one for one in base}
        return list((named | {p["name"]: _merged(named.get(p["name"]), p) for p in patch}).values())
    return patch


def test_selectors_find_the_pods_and_services_their_ports(deployment: dict[str, Any]) -> None:
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"]
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    for service in _documents(KUBERNETES / "base" / "service.yaml"):
        assert service["spec"]["selector"] == labels
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    cluster = KUBERNETES / "overlays" / "cluster"
    for name in ("disruption", "monitoring"):
        (document,) = _documents(cluster / f"{name}.yaml")
        assert document["spec"]["selector"]["matchLabels"] == labels


def test_the_configuration_is_one_that_the_server_takes(deployment: dict[str, Any]) -> None:
    settings = load_settings(KUBERNETES / "base" / "edgeserve.toml", {}, {})
    pod = deployment["spec"]["template"]["spec"]
    drain_s = settings.serving.drain_delay + settings.serving.drain_timeout
    assert pod["terminationGracePeriodSeconds"] > drain_s
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
    assert settings.serving.listen == f"0.0.0.0:{ports['grpc']}"
    assert settings.web.http_listen == f"0.0.0.0:{ports['http']}"
    mounts = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert str(settings.engines.cache_dir) in mounts


@pytest.mark.parametrize("overlay", ["nvidia", "intel-gpu", "intel-npu"])
def test_devices_are_asked_for_by_names_that_exist(overlay: str) -> None:
    (patch,) = _documents(KUBERNETES / "overlays" / overlay / "device.yaml")
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    settings = load_settings(None, environment, {})
    assert settings.engines.strict
    assert read_wishes(settings.engines.provider, runtimes())


def test_what_kserve_starts_is_a_command_that_exists() -> None:
    (document,) = _documents(KUBERNETES / "kserve" / "servingruntime.yaml")
    (container,) = document["spec"]["containers"]
    flags = [argument.partition("=")[0] for argument in container["args"][1:]]
    command = [sys.executable, "-m", "edgeserve", container["args"][0], "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for flag in flags:
        assert flag in shown.split()
