"""A model's first load on a device: does it find there what its FP32 form found?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edgeserve.app.verify import detecting
from edgeserve.checks.fingerprint import fingerprint
from edgeserve.checks.golden import read_golden
from edgeserve.checks.judge import judge_quickly, limits
from edgeserve.checks.passed import PassedChecks
from edgeserve.domain.errors import ModelNotReadyError
from edgeserve.engines.registry import runtimes

if TYPE_CHECKING:
    from edgeserve.catalog.bundle import Bundle
    from edgeserve.config.settings import Settings
    from edgeserve.domain.status import EngineStatus
    from edgeserve.engines.protocol import Engine

_log = logging.getLogger(__name__)


def first_check(
    bundle: Bundle, engine: Engine, status: EngineStatus, settings: Settings, *, strict: bool
) -> str | None:
    """Compare a loaded model with its golden frames, unless it passed here before.

    Args:
        bundle: that it was loaded from.
        engine: that runs it.
        status: what is known of the engine.
        settings: of the server.
        strict: refuse what is wrong.

    Returns:
        What is wrong, for the operator; empty when nothing is; None if nothing was compared.

    Raises:
        ConfigurationError: the golden file is broken.
        ModelNotReadyError: strict, and something is wrong.
    """
    spec, golden = bundle.spec, bundle.manifest.golden
    if settings.checks.verify == "off":
        return None
    if golden is None:
        _log.info("model %s brings no golden frames: not compared with FP32", spec.name)
        return None
    passed = PassedChecks(settings.engines.cache_dir)
    precision = settings.engines.precision
    name = _fingerprint(bundle, precision, status)
    if name in passed:
        return ""
    judgement = judge_quickly(
        read_golden(bundle.folder / golden.path),
        detecting(spec, engine),
        limits(status.precision),
        spec.thresholds.score,
    )
    if not judgement.problem:
        facts = {"model": spec.name, "version": spec.version}
        figures = {"matched": judgement.matched, "score_mae": judgement.score_mae}
        passed.add(name, {**facts, "device": status.chosen, **figures})
        return ""
    text = (
        f"on {status.chosen} it does not find what its FP32 form finds: {judgement.problem}; "
        f"`edgeserve verify {spec.name}` compares every form and device"
    )
    if strict:
        raise ModelNotReadyError(text)
    _log.error("model %s: %s; it serves all the same (--strict refuses)", spec.name, text)
    return text


def _fingerprint(bundle: Bundle, precision: str, status: EngineStatus) -> str:
    device = runtimes()[status.runtime].describe(status.chosen.partition(":")[2])
    return fingerprint(bundle.manifest.model_dump_json(), precision, status, device)
