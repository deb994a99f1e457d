from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.tooling.evaluate import Evaluation
from edgeserve.tooling.float_layers import FloatLayers
from edgeserve.tooling.gate import Attempt, Verdict
from edgeserve.tooling.precision import OriginPrecision, Precision
from edgeserve.tooling.yardstick import Reading
from models.card import Card, card_text
from models.recipe import load_recipe
from models.run_facts import RunFacts

_RECIPE = Path("models/recipes/road-csp-tiny.toml")


def _evaluation(runtime: str, precision: str, split: str, ap: float) -> Evaluation:
    one = Precision(ap, ap + 0.2)
    origins = {"highway": OriginPrecision(one, {"car": one, "bus": one})}
    return Evaluation("m", "1", runtime, f"{runtime}:CPU", precision, split, origins)


def test_every_measured_figure_is_on_the_card() -> None:
    if not _RECIPE.is_file():
        pytest.skip("not in the source tree")
    bundle = Repository(shipped_dir()).find("road-csp-tiny")
    evaluations = [
        _evaluation(runtime, precision, split, 0.4 + number / 1000)
        for number, (runtime, precision, split) in enumerate(
            (r, p, s)
            for s in ("val", "test")
            for r in ("onnxruntime", "openvino")
            for p in ("fp32", "int8")
        )
    ]
    layers = FloatLayers("last convolutions", ("a/Conv", "b/Conv"), ())
    after, before = ({"highway": one.origins["highway"].mean.ap} for one in evaluations[1::-1])
    attempt = Attempt(layers, Reading(after, evaluations[1]), before)
    text = card_text(
        Card(
            recipe=load_recipe(_RECIPE),
            folder=bundle.folder,
            manifest=bundle.manifest,
            verdicts=[Verdict("openvino", 0.005, (attempt,))],
            evaluations=evaluations,
            pictures={"train": {"highway": 1730}, "val": {"highway": 258}},
            labelled={"highway": ("car", "bus"), "traffic": ("car",)},
            facts=RunFacts(
                epoch=36,
                minutes=53.2,
                whole_minutes=91.0,
                images_a_second=25.1,
                machine="2 cores of a CPU (no VNNI)",
                curve=((4, 0.031), (8, 0.103)),
            ),
            mean_f1=0.623,
        )
    )
    for one in evaluations:
        assert f"| {one.runtime} | {one.precision} | {one.origins['highway'].mean.ap:.4f} |" in text
    for fact in ("1730", "CC BY 4.0", "epoch 36", "8: 0.103", "0.623", "`a/Conv`, `b/Conv`"):
        assert fact in text
    assert "last convolutions -0.0010" in text
    assert "-0.0000" not in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 100
