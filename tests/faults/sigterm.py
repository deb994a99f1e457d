"""SIGTERM under full load, again and again: nothing that was read stays unanswered.

    python -m tests.faults.sigterm [--times 50] [--clients 4]

Resuming clients stream BLOCK as fast as the server takes frames, over all restarts. Beside them a
witness speaks plain gRPC to each server and does not resume: when the server drains, the witness
must have one answer for each frame up to the one that the server says it read last (trailer
`last-frame-id`). Exit code 1 if a frame was lost, doubled, out of order or not OK.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from edgeserve.domain.frame import EncodedFrame
from edgeserve.domain.request import Policy, StreamOptions
from edgeserve.domain.result import Status
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from edgeserve.wire.codec.frame import frame_to_proto
from edgeserve.wire.codec.options import stream_options_to_proto
from tests.faults.server import Server
from tests.faults.traffic import Traffic, sample
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LAST_FRAME_ID = "last-frame-id"
_RESULTS_BETWEEN = 20


class Witness:
    """Streams to one server until that ends the call."""

    def __init__(self, address: str) -> None:
        """Begin."""
        self._address = address
        self.answers: list[tuple[int, bool]] = []
        self.code = grpc.StatusCode.OK
        self.last_read = -1
        self._thread = threading.Thread(target=self._run, name="witness")
        self._thread.start()

    def faults(self) -> list[str]:
        """What contradicts the server's own word, once it has ended."""
        self._thread.join(100)
        found = []
        if self.code is not grpc.StatusCode.UNAVAILABLE:
            found.append(f"the witness' stream ended {self.code.name}")
        if self.answers != [(number, True) for number in range(self.last_read + 1)]:
            words = f"the server read up to frame {self.last_read} and answered"
            found.append(f"{words} {len(self.answers)}")
        return found

    def _run(self) -> None:
        with grpc.insecure_channel(self._address) as channel:
            call = DetectionServiceStub(channel).StreamDetect(self._messages())
            try:
                for response in call:
                    good = response.result.status == pb.RESULT_STATUS_OK
                    self.answers.append((response.result.frame_id, good))
            except grpc.RpcError as error:
                self.code = error.code()
                for item in error.trailing_metadata() or ():
                    if item.key == _LAST_FRAME_ID:
                        self.last_read = int(item.value)

    @staticmethod
    def _messages() -> Iterator[pb.StreamDetectRequest]:
        options = stream_options_to_proto(StreamOptions(policy=Policy.BLOCK))
        yield pb.StreamDetectRequest(config=options)
        pictures = sample()
        number = 0
        while True:
            frame = EncodedFrame(number, pictures[number % len(pictures)])
            yield pb.StreamDetectRequest(frame=frame_to_proto(frame))
            number += 1


def terminate_often(
    folder: Path, times: int, clients: int, *flags: str
) -> tuple[list[str], list[float], int]:
    """Restart a server under load.

    Returns:
        What went wrong, the seconds from each SIGTERM to the exit, and the frames that were
        answered.
    """
    faults: list[str] = []
    took_s: list[float] = []
    with Server(folder, "--drain-delay", "0.1", *flags) as server:
        streams = [Traffic(server.address, fps=0) for _ in range(clients)]
        try:
            for _ in range(times):
                witness = Witness(server.address)
                for stream in streams:
                    stream.wait_for(_RESULTS_BETWEEN)
                wait_until(lambda w=witness: len(w.answers) >= _RESULTS_BETWEEN, "the witness")  # type: ignore[misc]
                began_s = time.monotonic()
                code = server.terminate()
                took_s.append(time.monotonic() - began_s)
                faults += [f"exit code {code}"] if code else []
                faults += witness.faults()
                server.start()
            for stream in streams:
                stream.wait_for(_RESULTS_BETWEEN)
        finally:
            for stream in streams:
                stream.end()
        faults += [fault for stream in streams for fault in stream.faults()]
        faults += server.complaints()
    good = sum(one.status is Status.OK for stream in streams for one in stream.answers)
    return faults, took_s, good


def main(given: Sequence[str] | None = None) -> int:
    """Print what came of it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as folder:
        faults, took_s, good = terminate_often(Path(folder), arguments.times, arguments.clients)
    print(f"{arguments.times} times SIGTERM under {arguments.clients} resuming streams: {good} OK")
    print(f"SIGTERM to exit: median {statistics.median(took_s):.2f} s, longest {max(took_s):.2f} s")
    print(f"faults: {faults or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
