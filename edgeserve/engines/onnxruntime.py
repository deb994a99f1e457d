"""Microsoft's ONNX Runtime: CPU, CUDA, TensorRT, and whatever else the installed wheel brings."""

from __future__ import annotations

import contextlib
import io
import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeserve.domain.errors import (
    ConfigurationError,
    EngineError,
    NotAvailableError,
    RuntimeMissingError,
)
from edgeserve.domain.status import DeviceStatus
from edgeserve.engines import onnxruntime_providers as providers
from edgeserve.engines.cache import compile_cache
from edgeserve.engines.distributions import check_distributions
from edgeserve.engines.loading import import_runtime
from edgeserve.engines.onnxruntime_profile import profile, profiled
from edgeserve.engines.onnxruntime_session import OnnxEngine
from edgeserve.process.cpus import available_cpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.domain.model import InputSpec, ModelFile
    from edgeserve.engines.options import EngineOptions

_log = logging.getLogger(__name__)
_SILENT = 4
"""ONNX Runtime's log level for what is fatal: the rest it raises, and this program reports."""
_RELU = (
    b'\x08\x08\x12\x00:3\n\x0c\n\x01x\x12\x01y"\x04Relu\x12\x01tZ\x0f\n\x01x\x12\n\n\x08\x08\x01'
    b"\x12\x04\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)
"""An ONNX model of one Relu on one float, to see whether a provider can be loaded."""


class OnnxRuntime:
    """ONNX Runtime, loaded when first needed."""

    name = "onnxruntime"

    @cached_property
    def _module(self) -> Any:  # noqa: ANN401 - untyped library
        try:
            check_distributions()
        except ConfigurationError as error:
            raise RuntimeMissingError(str(error)) from error
        module = import_runtime(self.name, "ONNX Runtime", "get_available_providers")
        module.set_default_logger_severity(_SILENT)
        return module

    def devices(self) -> Sequence[DeviceStatus]:
        """The execution providers of the installed wheel, and those that others would have."""
        try:
            offered = self._offered()
        except RuntimeMissingError as error:
            return [DeviceStatus("onnxruntime:CPU", self.name, missing=str(error))]
        absent = [one for one in providers.EXPECTED if one not in offered]
        return [self._status(one, offered) for one in (*offered, *absent)]

    def describe(self, device: str) -> DeviceStatus | None:
        """See `Runtime`."""
        offered = self._offered()
        known = device in offered or device in providers.EXPECTED
        return self._status(device, offered) if known else None

    def _status(self, device: str, offered: Sequence[str]) -> DeviceStatus:
        missing = self._refusal(device) if device in offered else providers.missing(device)
        return DeviceStatus(
            name=f"{self.name}:{device}",
            runtime=self.name,
            runtime_version=self._module.__version__,
            description="" if missing else providers.description(device),
            available=not missing,
            missing=missing,
            precisions=() if missing else providers.provider_of(device).precisions,
        )

    def precisions(self, device: str) -> Sequence[str]:
        """INT8 first on the CPU, half floats first on CUDA and TensorRT."""
        return providers.provider_of(providers.bare(device)).forms

    def float_precisions(self, device: str) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """None: its providers compute a file in what the file says."""
        return ()

    def load(
        self,
        file: ModelFile,
        device: str,
        options: EngineOptions,
        picture: InputSpec | None = None,  # noqa: ARG002 - the server normalises for it
    ) -> OnnxEngine:
        """Open a session on a model file.

        Raises:
            NotAvailableError: ONNX Runtime or the execution provider is not here.
            EngineError: ONNX Runtime refuses the file.
        """
        module, wanted = self._module, providers.bare(device)
        name = next((one for one in self._offered() if one.lower() == wanted.lower()), None)
        if name is None:
            known = next((o for o in providers.EXPECTED if o.lower() == wanted.lower()), wanted)
            offered = ", ".join(self._offered())
            text = f"there is no {known}, only {offered}: {providers.missing(known)}"
            raise NotAvailableError(text)
        if name != "CPU" and (refusal := self._refusal(name)):
            raise NotAvailableError(refusal)
        settings = module.SessionOptions()
        settings.log_severity_level = _SILENT
        settings.intra_op_num_threads = _threads(name, options)
        if options.strict and name != "CPU":
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        with compile_cache(options, self.name) as cache, profiled(settings):
            chosen = providers.provider_options(name, file, cache)
            session = self._session(file, settings, name, chosen)
            try:
                seen = profile(session)
            except Exception as error:  # its exceptions have no common base but this
                text = f"ONNX Runtime cannot run {file.path.name} on {name}: {error}"
                raise EngineError(text) from error
        elsewhere = sum(seen.nodes.values()) - seen.nodes[name + providers.SUFFIX]
        if elsewhere:
            _log.warning(
                "%s: %d of %d nodes run beside %s (%s)",
                *(file.path.name, elsewhere, sum(seen.nodes.values()), name, ", ".join(seen.nodes)),
            )
        precision = seen.precision
        if precision == "unknown" and providers.provider_of(name).in_whole:
            precision = file.precision  # it was told to compile for it
        return OnnxEngine(session, f"{self.name}:{name}", precision, module)

    def _session(
        self,
        file: ModelFile,
        settings: Any,  # noqa: ANN401 - untyped library
        name: str,
        chosen: dict[str, Any],
    ) -> Any:  # noqa: ANN401 - as above
        full = name + providers.SUFFIX
        try:
            session = self._module.InferenceSession(
                str(file.path),
                settings,
                providers=[(full, chosen)],
                enable_fallback=0,  # its own fallback goes to the CPU and reports on stdout
            )
        except Exception as error:  # its exceptions have no common base but this
            text = f"ONNX Runtime cannot load {file.path.name} on {name}: {error}"
            raise EngineError(text) from error
        if full not in session.get_providers():
            raise NotAvailableError(providers.unloadable(name))
        inputs = [port.name for port in session.get_inputs()]
        if len(inputs) != 1:
            text = f"{file.path.name} has inputs {', '.join(inputs)}; expected one"
            raise EngineError(text)
        return session

    def _offered(self) -> list[str]:
        """What the wheel was built with, without the suffix."""
        return [
            providers.bare(one)
            for one in self._module.get_available_providers()
            if one != providers.HIDDEN
        ]

    def _refusal(self, name: str) -> str:
        """Why a listed provider cannot be used; empty when it can.

        Listed is not loaded: one whose libraries are missing is left out of a session silently.
        """
        self._prepare(name)
        folder = Path(self._module.__file__).parent
        settings = self._module.SessionOptions()
        settings.log_severity_level = _SILENT
        full = name + providers.SUFFIX
        try:
            session = self._module.InferenceSession(
                _RELU, settings, providers=[full], enable_fallback=0
            )
        except Exception as error:  # noqa: BLE001 - its exceptions have no common base but this
            return providers.unloadable(name, providers.library_fault(folder, name) or str(error))
        if full in session.get_providers():
            return ""
        return providers.unloadable(name, providers.library_fault(folder, name))

    def _prepare(self, name: str) -> None:
        """Load NVIDIA's libraries from their wheels, where the provider needs them."""
        if not providers.provider_of(name).nvidia or not hasattr(self._module, "preload_dlls"):
            return
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            self._module.preload_dlls()
        if told.getvalue():
            _log.debug("NVIDIA's libraries: %s", told.getvalue())


def _threads(provider: str, options: EngineOptions) -> int:
    """Cores of one inference."""
    cores = options.threads or available_cpus()
    if options.hint_on(provider) == "latency":
        return cores
    # For throughput each worker of the lane runs its own inference, on one core unless told.
    return max(1, cores // options.streams) if options.streams else 1
