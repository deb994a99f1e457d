"""The lane of each device, made when its first model comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.pipeline.configuration import Configuration
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.lane import Lane, workers_for
from edgeserve.pipeline.staged import StagedLane
from edgeserve.process.cpus import available_cpus

if TYPE_CHECKING:
    from edgeserve.config.settings import Settings
    from edgeserve.domain.model import ModelSpec
    from edgeserve.engines.options import EngineOptions
    from edgeserve.engines.protocol import Engine
    from edgeserve.pipeline.feed import DeviceLane
    from edgeserve.pipeline.observer import Observer
    from edgeserve.pipeline.watchdog import Watchdog


class Lanes:
    """Joins models with devices: how an engine is used follows from where it runs."""

    def __init__(self, settings: Settings, observer: Observer, watchdog: Watchdog) -> None:
        """Begin without any."""
        self._settings = settings
        self._observer = observer
        self._watchdog = watchdog
        self._lanes: dict[str, DeviceLane] = {}

    def detector(self, spec: ModelSpec, engine: Engine, options: EngineOptions) -> Detector:
        """A detector that can be had in every configuration that its device uses.

        Args:
            spec: the model.
            engine: for the device's first configuration.
            options: that it was loaded with; the hint is that of all models.

        Raises:
            ConfigurationError: the file's input or outputs are not what the manifest says.
        """

        def compile_engine(configuration: Configuration) -> Engine:
            wanted = {"hint": configuration.value, "provider": engine.device, "strict": True}
            return load_engine(spec, options.model_copy(update=wanted), runtimes())[0]

        return Detector(
            spec,
            engine,
            max_pixels=self._settings.access.max_pixels,
            reduced_decode=self._settings.pipeline.reduced_decode,
            configuration=self._first(engine.device),
            compile_engine=compile_engine if self._switches(engine.device) else None,
        )

    def lane(self, detector: Detector) -> DeviceLane:
        """The lane of a detector's device."""
        device = detector.engine.device
        lane = self._lanes.get(device)
        if lane is None:
            lane = self._lanes[device] = self._start(device)
        lane.add(detector)
        return lane

    def _start(self, device: str) -> DeviceLane:
        options = self._settings.pipeline
        cores = self._settings.engines.threads or available_cpus()
        if self._fused(device):
            return Lane(
                device,
                options.workers or workers_for(cores),
                self._observer,
                self._watchdog,
                configuration=self._first(device),
                switches=self._switches(device),
            )
        return StagedLane(device, options.workers or cores, options, self._observer, self._watchdog)

    def _fused(self, device: str) -> bool:
        wanted = self._settings.pipeline.lane
        return wanted == "fused" or (wanted == "auto" and _kind(device) == "CPU")

    def _switches(self, device: str) -> bool:
        return self._settings.engines.hint == "auto" and self._fused(device)

    def _first(self, device: str) -> Configuration:
        return Configuration(self._settings.engines.hint_on(_kind(device)))


def _kind(device: str) -> str:
    """The word behind the runtime's name in RUNTIME:DEVICE."""
    return device.partition(":")[2]
