"""What our inference call costs beside the bare runtime's, on the same compiled model.

Calls are interleaved in one run and the ratios of their medians printed; nothing is asserted on
time: `pytest tests/benchmarks/test_inference_call.py -s`.
"""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import shipped_dir
from edgeserve.engines.finite import check_finite
from edgeserve.engines.onnxruntime import OnnxRuntime
from edgeserve.engines.onnxruntime_session import BoundOnnxRequest
from edgeserve.engines.openvino import OpenVinoRuntime
from edgeserve.engines.options import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelFile

    Outputs = Mapping[str, NDArray[np.float32]]

SPEC = Bundle.read(shipped_dir() / "road-csp-tiny").spec
TENSOR = np.random.default_rng(0).integers(0, 256, (1, 320, 320, 3), dtype=np.uint8)
OPTIONS = EngineOptions(threads=2, max_cache_mb=0)
ROUNDS = 60
pytestmark = pytest.mark.long


def file(runtime: str) -> ModelFile:
    pytest.importorskip(runtime)
    return next(f for f in SPEC.files if runtime in f.runtimes and f.precision == "int8")


def measure(calls: Mapping[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Median wall and processor time of each call over those of the first.

    Every round makes each call once. Processor time is what a loaded machine disturbs least.
    """
    wall_s: dict[str, list[float]] = {name: [] for name in calls}
    cpu_s: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS):
        # Who comes first changes: the second finds warmer caches.
        for name in calls if number % 2 else reversed(list(calls)):
            wall, cpu = time.perf_counter(), time.process_time()
            calls[name]()
            cpu_s[name].append(time.process_time() - cpu)
            wall_s[name].append(time.perf_counter() - wall)
    first = next(iter(calls))
    walls_s, cpus_s = ({n: median(t) for n, t in times.items()} for times in (wall_s, cpu_s))
    return {name: (walls_s[name] / walls_s[first], cpus_s[name] / cpus_s[first]) for name in calls}


def report(
    capsys: pytest.CaptureFixture[str],
    runtime: str,
    calls: Mapping[str, Callable[[], object]],
) -> None:
    found = measure(calls)
    with capsys.disabled():
        print()
        for name, (wall, cpu) in found.items():
            print(f"{runtime}: {name}: wall {wall:.3f}, cpu {cpu:.3f}")


def same(mine: Outputs, bare: Outputs) -> None:
    assert set(mine) == set(bare)
    for name, values in mine.items():
        np.testing.assert_array_equal(values, bare[name])


def test_openvino(capsys: pytest.CaptureFixture[str]) -> None:
    engine = OpenVinoRuntime().load(file("openvino"), "CPU", OPTIONS, SPEC.input)
    request, bare_request = engine.create_request(), engine._compiled.create_infer_request()
    openvino = pytest.importorskip("openvino")
    bare_request.set_input_tensor(openvino.Tensor(TENSOR, shared_memory=True))
    names = [output.name for output in engine.outputs]

    def bare() -> dict[str, Any]:
        bare_request.infer()
        return {n: bare_request.get_output_tensor(i).data for i, n in enumerate(names)}

    def checked() -> None:
        check_finite(request.infer(TENSOR), engine.device)

    same(request.infer(TENSOR), bare())
    report(
        capsys,
        "openvino",
        {
            "bare, input bound once": bare,
            "ours": lambda: request.infer(TENSOR),
            "ours, outputs checked for NaN": checked,
        },
    )


def test_onnxruntime(capsys: pytest.CaptureFixture[str]) -> None:
    engine = OnnxRuntime().load(file("onnxruntime"), "CPU", OPTIONS, SPEC.input)
    session, request = engine._session, engine.create_request()
    bound = BoundOnnxRequest(session, engine._module.RunOptions(), engine)
    names, entry = [output.name for output in engine.outputs], engine.input.name

    def bare() -> dict[str, Any]:
        return dict(zip(names, session.run(names, {entry: TENSOR}), strict=True))

    def checked() -> None:
        check_finite(request.infer(TENSOR), engine.device)

    same(request.infer(TENSOR), bare())
    same(bound.infer(TENSOR), bare())
    report(
        capsys,
        "onnxruntime",
        {
            "bare": bare,
            "ours": lambda: request.infer(TENSOR),
            "ours, outputs checked for NaN": checked,
            "with IO binding": lambda: bound.infer(TENSOR),
        },
    )
