"""A whole server: built, started, drained and stopped in order."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from edgeserve.access.gate import Gate
from edgeserve.app.doors import check_doors, keep_current, warn_of_exposure
from edgeserve.app.drain import drain
from edgeserve.app.heartbeat import feed_watchdog
from edgeserve.app.model_manager import ModelManager
from edgeserve.app.model_watch import ModelWatch
from edgeserve.app.outlets import Outlets, create_event_finder, create_tracker
from edgeserve.app.reload import Reloader
from edgeserve.app.self_test import self_test
from edgeserve.app.service_manager import ServiceManager
from edgeserve.app.tasks import watched
from edgeserve.domain.errors import DeviceHungError, EdgeserveError
from edgeserve.engines.distributions import check_distributions
from edgeserve.pipeline.cameras import Cameras, add_all
from edgeserve.pipeline.watchdog import Watchdog
from edgeserve.process.imports import without_authorities
from edgeserve.process.memory import lasting
from edgeserve.telemetry.camera_metrics import CameraMetrics
from edgeserve.telemetry.certificate_metrics import CertificateMetrics
from edgeserve.telemetry.machine_metrics import MachineMetrics
from edgeserve.telemetry.metrics import Metrics
from edgeserve.telemetry.refusal_metrics import RefusalMetrics
from edgeserve.telemetry.sink_metrics import SinkMetrics
from edgeserve.telemetry.trace_metrics import TraceMetrics
from edgeserve.telemetry.traces import create_traces

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeserve.config.load import Configuration
    from edgeserve.config.settings import Settings
    from edgeserve.pipeline.served import ServedModels
    from edgeserve.serving.server import GrpcServer

_log = logging.getLogger(__name__)
_LAST_TRACES_S = 2.0
_HEAD_START = 0.3
"""Of models, to the time that the start has taken so far: that measures the machine, too."""


class Server:
    """Everything that `edgeserve serve` runs."""

    def __init__(
        self, settings: Settings, reread: Callable[[], Configuration] | None = None
    ) -> None:
        """Prepare a server; nothing is loaded and nothing listens yet.

        Args:
            settings: of the server.
            reread: composes the settings anew on SIGHUP; None where they come from no file.

        Raises:
            ConfigurationError: an address is malformed, or open without `insecure`; or a file
                is wrong that a sink needs, or that says who may do what.
        """
        check_doors(settings)
        self._gate = Gate(settings.access)
        self._settings = settings
        self._outlets = Outlets(settings)
        self._traces = create_traces(settings.telemetry)
        self._reloader = None if reread is None else Reloader(settings, reread)
        self._stop = asyncio.Event()
        self._hangup = asyncio.Event()
        self._changed = asyncio.Event()
        self._ready = False
        self._hung: DeviceHungError | None = None

    async def run(self, on_ready: Callable[[str, str], None]) -> None:
        """Serve until SIGTERM or SIGINT; a second one stops at once.

        Args:
            on_ready: called with the gRPC and the HTTP address when the server is ready; the
                HTTP address is empty where there is none.

        Raises:
            DeviceHungError: an inference hung and could not be cancelled. What could be answered
                was; the process must end without waiting for the thread that hangs.
            EdgeserveError: the server cannot start.
        """
        settings = self._settings
        check_distributions()
        warn_of_exposure(settings)
        manager = ServiceManager()
        self._handle_signals(manager)
        manager.status("loading models")
        metrics = Metrics(self._traces)
        watchdog = self._watchdog(metrics)
        loading = asyncio.get_running_loop().run_in_executor(
            None, ModelManager, settings, metrics, watchdog, self._teller(self._changed)
        )
        # A runtime compiles without Python's lock; until then each would wait for the other's turn.
        await asyncio.wait({loading}, timeout=_HEAD_START * time.process_time())
        with lasting(), without_authorities():  # and meanwhile
            from edgeserve.app.front import open_front  # noqa: PLC0415 - see there
        self._measure_more(metrics)

        try:
            control = await loading
        except EdgeserveError:
            watchdog.close()
            raise
        # What starts last stops first.
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close_models, control)
            self._start_traces(stack, metrics)
            stack.callback(watchdog.close)
            stack.callback(watched(keep_current(self._gate)).cancel)
            cameras = self._cameras(control.models, metrics)
            stack.push_async_callback(self._outlets.close)
            stack.push_async_callback(asyncio.to_thread, cameras.close)
            front = await open_front(
                stack,
                settings,
                self._gate,
                control,
                cameras,
                render_metrics=metrics.render,
                is_ready=lambda: self._ready,
            )
            self._outlets.start(cameras)
            await asyncio.to_thread(add_all, cameras, settings.camera)
            self._ready = control.models.ready
            await front.grpc.set_serving(serving=True)
            working = [
                watched(self._follow(control.models, front.grpc, metrics, manager)),
                watched(self._obey_hangups(manager, control.models, cameras)),
            ]
            self._watch_models(control, stack)
            # A signal that came while the models loaded is obeyed now.
            if not self._stop.is_set():
                on_ready(front.grpc_address, front.http_address)
                manager.ready(_summary(control.models))
            working.append(watched(self._beat(manager, control.models, metrics)))
            await self._stop.wait()
            manager.stopping()
            for task in working:
                task.cancel()
            self._ready = False
            self._stop.clear()
            await drain(front.grpc, settings.serving.drain_delay, self._stop)
        if self._hung is not None:
            raise self._hung

    def _start_traces(self, stack: AsyncExitStack, metrics: Metrics) -> None:
        if self._traces is not None:
            TraceMetrics(metrics.registry, self._traces)
            self._traces.start()
            stack.push_async_callback(asyncio.to_thread, self._traces.close, _LAST_TRACES_S)

    def _cameras(self, models: ServedModels, metrics: Metrics) -> Cameras:
        SinkMetrics(metrics.registry, self._outlets.sinks)
        return Cameras(
            models,
            CameraMetrics(metrics.registry),
            make_tracker=lambda camera: create_tracker(camera, self._in_force.tracking),
            make_event_finder=lambda camera: create_event_finder(camera, self._in_force.tracking),
        )

    @property
    def _in_force(self) -> Settings:
        return self._settings if self._reloader is None else self._reloader.settings

    def _watch_models(self, control: ModelManager, stack: AsyncExitStack) -> None:
        catalog = self._settings.catalog
        if catalog.watch:
            watch = ModelWatch(control, catalog.watch_interval)
            stack.push_async_callback(asyncio.to_thread, watch.close)

    async def _close_models(self, control: ModelManager) -> None:
        # One that hangs would hold the end up; the process ends without it.
        if self._hung is None:
            await asyncio.to_thread(control.close)

    def _measure_more(self, metrics: Metrics) -> None:
        """Add what is not of the frame path."""
        MachineMetrics(metrics.registry)
        RefusalMetrics(metrics.registry, self._gate.refusals)
        if (tls := self._gate.tls) is not None:
            CertificateMetrics(metrics.registry, lambda: tls.material.expiry_unix_s)

    def _watchdog(self, metrics: Metrics) -> Watchdog:
        stop = self._teller(self._stop)

        def on_hung(error: DeviceHungError) -> None:
            self._hung = error
            stop()

        pipeline = self._settings.pipeline
        return Watchdog(
            pipeline.inference_timeout,
            pipeline.inference_grace,
            metrics,
            on_change=self._teller(self._changed),
            on_hung=on_hung,
        )

    @staticmethod
    def _teller(event: asyncio.Event) -> Callable[[], None]:
        """What sets an event from any thread."""
        loop = asyncio.get_running_loop()

        def tell() -> None:
            # An inference that was stuck may end after the server did.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

        return tell

    async def _follow(
        self, models: ServedModels, grpc: GrpcServer, metrics: Metrics, manager: ServiceManager
    ) -> None:
        """Tell all who ask when a model goes out of service or comes back."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._ready = models.ready
            await grpc.set_serving(serving=True)
            metrics.models.tell(models.statuses())
            manager.status(_summary(models))

    async def _obey_hangups(
        self, manager: ServiceManager, models: ServedModels, cameras: Cameras
    ) -> None:
        """Open files anew that were moved away, and read the configuration anew."""
        while True:
            await self._hangup.wait()
            self._hangup.clear()
            manager.reloading()
            self._outlets.reopen_files()
            status = _summary(models)
            try:
                if self._reloader is not None:
                    said = await asyncio.to_thread(self._reloader.reload, cameras)
                    _log.info("configuration read anew: %s", said)
            except EdgeserveError as error:
                _log.error("the old configuration stays in force: %s", error)
                status += f"; the old configuration stays in force: {error}"
            finally:
                manager.ready(status)

    @staticmethod
    async def _beat(manager: ServiceManager, models: ServedModels, metrics: Metrics) -> None:
        patience_s = manager.watchdog_s / 2
        await feed_watchdog(
            manager,
            finished=lambda: metrics.frames_finished,
            self_test=lambda: self_test(models, patience_s),
        )

    def _handle_signals(self, manager: ServiceManager) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        # Otherwise it means that the terminal was closed, and ends the server.
        if self._reloader is not None or self._outlets.has_files or manager.present:
            loop.add_signal_handler(signal.SIGHUP, self._hangup.set)


def _summary(models: ServedModels) -> str:
    statuses = models.statuses()
    waiting = [status.name for status in statuses if not status.ready]
    missing = f"; not ready: {', '.join(waiting)}" if waiting else ""
    return f"{len(statuses) - len(waiting)} of {len(statuses)} models ready{missing}"
