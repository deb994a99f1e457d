"""A server that finds what `edgeserve tune` chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgeserve.client import DetectionClient
from tests.app.test_tuned import write
from tests.system.conftest import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Start


def test_a_server_runs_a_model_as_it_was_tuned(serve: Start, tmp_path: Path) -> None:
    write(tmp_path)
    server = serve("--cache-dir", str(tmp_path))
    with DetectionClient(server.address) as client:
        (model,) = client.list_models()
    assert (model.engine.chosen, model.engine.requested) == ("onnxruntime:CPU", "cpu")
    assert model.engine.tuned.startswith("onnxruntime:CPU int8, hint throughput")
    listed = run("models", "list", "--address", server.address).stdout
    assert f"ready; tuned: {model.engine.tuned}" in listed
    named = f"{model.name}:{model.version}"
    told = run("devices", "--address", server.address, "--json").stdout
    assert json.loads(told)["tuned"] == {named: model.engine.tuned}
    # The same of this machine, without a server.
    told = run("devices", EDGESERVE_CACHE_DIR=str(tmp_path)).stdout
    assert f"tuned: {named} on {model.engine.tuned}" in told


def test_a_choice_that_cannot_be_had_is_a_warning_and_the_defaults_serve(
    serve: Start, tmp_path: Path
) -> None:
    write(tmp_path, precision="bf16")
    server = serve("--cache-dir", str(tmp_path), "--provider", "onnxruntime:CPU")
    with DetectionClient(server.address) as client:
        (model,) = client.list_models()
    assert model.ready
    assert (model.engine.precision, model.engine.tuned) == ("int8", "")
