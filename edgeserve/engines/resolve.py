"""From a list of wishes to an engine, with the reason for every wish not met."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EngineError, NotAvailableError
from edgeserve.domain.status import EngineStatus
from edgeserve.engines.wishes import read_wishes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeserve.domain.model import ModelFile, ModelSpec
    from edgeserve.engines.options import EngineOptions
    from edgeserve.engines.protocol import Engine, Runtime

_log = logging.getLogger(__name__)


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
    wishes = read_wishes(options.provider, runtimes)
    reasons: list[str] = []
    for wish in wishes[:1] if options.strict else wishes:
        for runtime in wish.runtimes:
            try:
                file = _file(spec, runtime, wish.device, options.precision)
                engine = runtime.load(file, wish.device, options, spec.input)
            except (NotAvailableError, EngineError) as error:
                reasons.append(f"{runtime.name}:{wish.device}: {error}")
                continue
            reason = "; ".join(reasons)
            if wish is not wishes[0]:
                _log.warning(
                    "model %s falls back to %s, wanted %s: %s",
                    *(spec.name, engine.device, options.provider, reason),
                )
            return engine, EngineStatus(
                runtime=runtime.name,
                requested=options.provider,
                chosen=engine.device,
                reason=reason,
                precision=engine.precision,
            )
    rule = "strict, so nothing else was tried" if options.strict else "nothing else to try"
    text = f"no device for model {spec.name} ({rule}): {'; '.join(reasons)}"
    raise NotAvailableError(text)


def confirm(engine: Engine, status: EngineStatus, *, strict: bool) -> EngineStatus:
    """What a warm engine says of itself: a runtime may have moved the model since it was loaded.

    Raises:
        NotAvailableError: strict, and it has moved.
    """
    device = engine.confirm_device()
    if device == status.chosen:
        return status
    moved = f"the runtime moved the model from {status.chosen} to {device}"
    if strict:
        text = f"no device for {status.requested} (strict): {moved}"
        raise NotAvailableError(text)
    _log.warning("%s", moved)
    reason = f"{status.reason}; {moved}" if status.reason else moved
    return replace(status, chosen=device, reason=reason, precision=engine.precision)


def _file(spec: ModelSpec, runtime: Runtime, device: str, precision: str) -> ModelFile:
    """The form of a model for a device: made for it, else by the runtime's order of precisions."""
    own = f"{runtime.name}:{device}".lower()
    wanted = runtime.precisions(device) if precision == "auto" else (precision,)

    def fitting(name: str) -> Iterator[ModelFile]:
        for one in wanted:
            for file in spec.files:
                if file.precision == one and name in {text.lower() for text in file.runtimes}:
                    yield file

    for name in (own, runtime.name.lower()):
        for file in fitting(name):
            return file
    if precision in runtime.float_precisions(device):
        wanted = ("fp32",)
        for name in (own, runtime.name.lower()):
            for file in fitting(name):
                return file
    has = ", ".join(f"{file.precision} for {'/'.join(file.runtimes)}" for file in spec.files)
    shown = "" if precision == "auto" else f"{precision} "
    text = f"model {spec.name} has no {shown}file for it, only {has or 'none'}"
    raise NotAvailableError(text)
