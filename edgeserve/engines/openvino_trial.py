"""Whether OpenVINO can run a network on this chip without ending the process."""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
from pathlib import Path

_IDENTITY = Path("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1")
_TRIAL = """
from edgeserve.engines.loading import refuse_reports

refuse_reports()
import numpy
import openvino
from openvino import opset8

picture = opset8.parameter([1, 3, 8, 8], numpy.float32)
weights = opset8.constant(numpy.ones([4, 3, 3, 3], numpy.float32))
maps = opset8.convolution(picture, weights, [1, 1], [0, 0], [0, 0], [1, 1])
compiled = openvino.Core().compile_model(openvino.Model([maps], [picture], "trial"), "CPU")
compiled([numpy.zeros([1, 3, 8, 8], numpy.float32)])
"""
_TRIAL_S = 300


def abort_reason(
    identity: Path = _IDENTITY,
    trial: str = _TRIAL,
    machine: str | None = None,
) -> str:
    """Why OpenVINO would end the process that runs a network with it; empty where it does not.

    On ARM its CPU plug-in wants to know the chip, from a file that emulated CPUs and some
    containers lack. Without it, it ends by a signal, at its start or when it compiles: no exception
    can be caught. Where the file is not there, another process tries it first.

    Args:
        identity: the file of the chip's identity.
        trial: the Python program of the other process.
        machine: the processor's architecture. None: this one's.
    """
    if (machine or platform.machine()) != "aarch64" or _is_told(identity):
        return ""
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", trial],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_TRIAL_S,
        )
    except subprocess.TimeoutExpired:
        how = f"does not answer in {_TRIAL_S} s"
    else:
        if ended.returncode >= 0:
            return ""  # it lives, or fails with an exception that says more than we could
        how = f"dies of {signal.Signals(-ended.returncode).name}"
    return (
        f"OpenVINO {how} when it runs a network here, as the chip's identity cannot be read from "
        f"{identity} (an emulated CPU, or a container without /sys): ONNX Runtime runs models here"
    )


def _is_told(identity: Path) -> bool:
    try:
        return bool(identity.read_bytes())
    except OSError:
        return False
