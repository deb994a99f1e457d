"""MLPerf's load generator on Triton's client, against a server of ours.

Runs in an environment of its own, with `mlcommons-loadgen` and `tritonclient[grpc]`. Each answer
is logged as rows of six float32: x_min, y_min, x_max, y_max, score, class id.
"""

from __future__ import annotations

import argparse
import array
import threading
from pathlib import Path
from typing import Any

import mlperf_loadgen as loadgen
import numpy as np
import tritonclient.grpc as triton

MODEL = "road-csp-tiny"
IN_FLIGHT = 16
"""Requests of Offline on their way: the server's queue never runs empty."""
BATCH = 8
QUERIES = {"SingleStream": 64, "MultiStream": 662, "Offline": 1}
"""What early stopping needs at least, for the percentiles that the scenarios are judged by."""


class SystemUnderTest:
    """Sends samples as requests of one stream, and completes them as answers come."""

    def __init__(self, address: str, pictures: list[bytes], parameters: dict[str, Any]) -> None:
        """Connect."""
        self._pictures = pictures
        self._parameters = parameters
        self._free = threading.Semaphore(IN_FLIGHT)
        self._asked: dict[str, list[int]] = {}
        self.failures: list[str] = []
        self._client = triton.InferenceServerClient(address)
        self._client.start_stream(callback=self._answered)

    def issue(self, samples: list[Any]) -> None:
        """Send the samples of a query."""
        for start in range(0, len(samples), BATCH):
            part = samples[start : start + BATCH]
            pictures = np.array([self._pictures[one.index] for one in part], dtype=np.object_)
            tensor = triton.InferInput("encoded_images", [len(part)], "BYTES")
            tensor.set_data_from_numpy(pictures)
            self._free.acquire()
            name = str(part[0].id)
            self._asked[name] = [one.id for one in part]
            self._client.async_stream_infer(
                MODEL, [tensor], request_id=name, parameters=self._parameters
            )

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Disconnect."""
        self._client.stop_stream()
        self._client.close()

    def _answered(self, result: Any, error: Any) -> None:  # noqa: ANN401 - has no types
        if error is not None:
            # Without an answer the query never completes: the run ends by the time-out.
            self.failures.append(str(error))
            return
        ids = self._asked.pop(result.get_response().id)
        boxes, scores, classes, count = (
            result.as_numpy(name) for name in ("boxes", "scores", "class_ids", "count")
        )
        kept = []
        for index, real in enumerate(count):
            columns = (boxes[index, :real], scores[index, :real, None], classes[index, :real, None])
            kept.append(array.array("B", np.hstack(columns).astype(np.float32).tobytes()))
        responses = []
        for one, data in zip(ids, kept, strict=True):
            address, size = data.buffer_info()
            responses.append(loadgen.QuerySampleResponse(one, address, size))
        self._free.release()
        loadgen.QuerySamplesComplete(responses)


def settings_of(arguments: argparse.Namespace) -> Any:  # noqa: ANN401 - has no types
    """The rules of a run."""
    settings = loadgen.TestSettings()
    settings.scenario = getattr(loadgen.TestScenario, arguments.scenario)
    accuracy = arguments.mode == "accuracy"
    modes = loadgen.TestMode
    settings.mode = modes.AccuracyOnly if accuracy else modes.PerformanceOnly
    settings.min_duration_ms = int(1000 * arguments.seconds)
    settings.min_query_count = QUERIES[arguments.scenario]
    if arguments.scenario == "Offline":
        settings.offline_expected_qps = arguments.qps
    return settings


def main() -> None:
    """Run a scenario; its logs are in the folder that was given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("pictures", type=Path, help="folder")
    parser.add_argument("logs", type=Path, help="folder")
    parser.add_argument("--scenario", choices=list(QUERIES), required=True)
    parser.add_argument("--mode", choices=["accuracy", "performance"], required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--qps", type=float, default=100, help="of Offline, expected")
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.iterdir())]
    accuracy = {"score_threshold": 0.001, "iou_threshold": 0.65, "max_detections": 100}
    wishes = accuracy if arguments.mode == "accuracy" else {}
    system = SystemUnderTest(arguments.address, pictures, wishes)
    under_test = loadgen.ConstructSUT(system.issue, system.flush)
    count = len(pictures)
    library = loadgen.ConstructQSL(count, count, lambda _: None, lambda _: None)
    output = loadgen.LogOutputSettings()
    output.outdir = str(arguments.logs)
    logging = loadgen.LogSettings()
    logging.log_output = output
    logging.enable_trace = False
    loadgen.StartTestWithLogSettings(under_test, library, settings_of(arguments), logging)
    loadgen.DestroyQSL(library)
    loadgen.DestroySUT(under_test)
    system.close()


if __name__ == "__main__":
    main()
