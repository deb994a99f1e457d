"""From a list of wishes to an engine, with the reason for every wish not met."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError, EngineError, NotAvailableError
from edgeserve.domain.status import EngineStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeserve.domain.model import ModelFile, ModelSpec
    from edgeserve.engines.options import EngineOptions
    from edgeserve.engines.protocol import Engine, Runtime

_ALIASES = {
    "cpu": "CPU",
    "igpu": "openvino:GPU",
    "npu": "openvino:NPU",
    "cuda": "onnxruntime:CUDA",
    "tensorrt": "onnxruntime:Tensorrt",
}


def load_engine(
    spec: ModelSpec,
    options: EngineOptions,
    runtimes: Mapping[str, Runtime],
) -> tuple[Engine, EngineStatus]:
    """Load a model on the first device of the wishes that takes it.

    Raises:
        ConfigurationError: a wish names nothing that this program knows.
        NotAvailableError: no wish can be met, or, when strict, the first cannot.
    """
    wishes = [wish.strip() for wish in options.provider.split(",") if wish.strip()]
    if not wishes:
        text = f"provider is empty; expected a list of {', '.join(_ALIASES)} or RUNTIME:DEVICE"
        raise ConfigurationError(text)
    # All wishes are read before the first is tried: a typing error in a later one shows at once.
    candidates = [list(_candidates(wish, runtimes)) for wish in wishes]
    if options.strict:
        candidates = candidates[:1]
    reasons: list[str] = []
    for runtime, device in chain.from_iterable(candidates):
        try:
            engine = runtime.load(_file(spec, runtime, options), device, options)
        except (NotAvailableError, EngineError) as error:
            reasons.append(f"{runtime.name}:{device}: {error}")
            continue
        return engine, EngineStatus(
            runtime=runtime.name,
            requested=options.provider,
            chosen=engine.device,
            reason="; ".join(reasons),
            precision=engine.precision,
        )
    rule = "strict, so nothing else was tried" if options.strict else "nothing else to try"
    text = f"no device for model {spec.name} ({rule}): {'; '.join(reasons)}"
    raise NotAvailableError(text)


def _candidates(wish: str, runtimes: Mapping[str, Runtime]) -> Iterator[tuple[Runtime, str]]:
    qualified = _ALIASES.get(wish.lower(), wish)
    if qualified == "CPU":
        yield from ((runtime, "CPU") for runtime in runtimes.values())
        return
    name, colon, device = qualified.partition(":")
    if not colon or name not in runtimes or not device:
        text = (
            f"provider {wish!r} is unknown; expected one of {', '.join(_ALIASES)}, or "
            f"RUNTIME:DEVICE with a runtime of {', '.join(runtimes)}"
        )
        raise ConfigurationError(text)
    yield runtimes[name], device


def _file(spec: ModelSpec, runtime: Runtime, options: EngineOptions) -> ModelFile:
    for file in spec.files:
        if runtime.name in file.runtimes and file.precision == options.precision:
            return file
    has = ", ".join(f"{file.precision} for {'/'.join(file.runtimes)}" for file in spec.files)
    text = f"model {spec.name} has no {options.precision} file for it, only {has}"
    raise NotAvailableError(text)
