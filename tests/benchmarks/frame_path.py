"""The steps from bytes to tensor beside their alternatives, in turn; look at the ratios.

python tests/benchmarks/frame_path.py [--rounds 200]
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np
import simplejpeg

from edgeserve.catalog.repository import shipped_dir
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.preparer import FramePreparer
from edgeserve.preprocess.letterbox import letterbox
from edgeserve.preprocess.tensor import TensorWriter
from edgeserve.tooling.bench.load import pictures
from edgeserve.tooling.evaluate import open_engine
from edgeserve.tooling.named_bundle import named_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


def compare(title: str, ways: Mapping[str, Callable[[], object]], rounds: int) -> None:
    """Run each way once a round; print medians, and how they compare with the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            times[name].append(1000 * (time.perf_counter() - started))
    first = median(next(iter(times.values())))
    print(title)
    for name, all_ms in times.items():
        middle = median(all_ms)
        print(f"  {name:<42} {middle:7.3f} ms  x{middle / first:.2f}")


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """At the quality of most cameras."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def decoders(data: bytes, title: str, factor: int, rounds: int) -> None:
    """Decoders of a JPEG; those that reduce, by `factor`."""
    array = np.frombuffer(data, np.uint8)
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    memory = np.empty(3 * width * height, np.uint8)
    least = {"min_width": -(-width // factor), "min_height": -(-height // factor)}
    flag = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}[factor]
    compare(
        f"decode, {title} of {len(data) // 1000} kB",
        {
            "simplejpeg": lambda: simplejpeg.decode_jpeg(data, "BGR"),
            "simplejpeg into the same memory": lambda: simplejpeg.decode_jpeg(
                data, "BGR", buffer=memory
            ),
            "simplejpeg, fast DCT and upsampling": lambda: simplejpeg.decode_jpeg(
                data, "BGR", fastdct=True, fastupsample=True, buffer=memory
            ),
            "cv2.imdecode": lambda: cv2.imdecode(array, cv2.IMREAD_COLOR),
            f"simplejpeg at 1/{factor}": lambda: simplejpeg.decode_jpeg(
                data, "BGR", buffer=memory, **least
            ),
            f"cv2.imdecode at 1/{factor}": lambda: cv2.imdecode(array, flag),
        },
        rounds,
    )


def _preparing(detector: Detector, data: bytes) -> Callable[[], object]:
    preparer, writer = FramePreparer(detector), TensorWriter(detector.spec.input)
    frame = EncodedFrame(0, data)
    return lambda: preparer.prepare(frame, writer)


def main() -> None:
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds: int = parser.parse_args().rounds
    spec = named_bundle("road-csp-tiny", shipped_dir()).spec
    small = bytes(pictures("sample")[0].data)
    pixels = simplejpeg.decode_jpeg(small, "BGR")
    full_hd = np.asarray(cv2.resize(pixels, (1920, 1080)), dtype=np.uint8)
    large = jpeg(full_hd)
    decoders(small, "640x480", 2, rounds)
    decoders(large, "1920x1080", 4, rounds)

    placement = Letterbox.plan(640, 480, spec.input.width_px, spec.input.height_px, spec.input.fit)
    out = np.empty((spec.input.height_px, spec.input.width_px, 3), np.uint8)
    size = (placement.resized_width_px, placement.resized_height_px)
    border = (placement.top_px,) * 2 + (placement.left_px,) * 2
    compare(
        "letterbox, 640x480",
        {
            "into the tensor": lambda: letterbox(pixels, placement, 114, out=out),
            "into a new array": lambda: letterbox(pixels, placement, 114),
            "cv2.resize and copyMakeBorder": lambda: cv2.copyMakeBorder(
                cv2.resize(pixels, size), *border, cv2.BORDER_CONSTANT, value=(114,) * 3
            ),
        },
        rounds,
    )
    compare(
        "tensor of the letterboxed picture",
        {
            "uint8 NHWC: the picture itself": lambda: out[np.newaxis],
            "cv2.dnn.blobFromImage": lambda: cv2.dnn.blobFromImage(out, 1 / 255),
        },
        rounds,
    )

    engine = open_engine(spec, runtime="openvino", precision="int8")
    plain = Detector(spec, engine, max_pixels=1 << 26, reduced_decode=False)
    reducing = Detector(spec, engine, max_pixels=1 << 26, reduced_decode=True)
    for title, data in (("640x480", small), ("1920x1080", large)):
        compare(
            f"bytes to tensor, {title}",
            {
                "full size": _preparing(plain, data),
                "reduced_decode": _preparing(reducing, data),
            },
            rounds,
        )
    bgr, nv12 = full_hd.tobytes(), _nv12(full_hd)
    preparer, writer = FramePreparer(plain), TensorWriter(spec.input)
    raw = {
        encoding: EncodedFrame(0, data, encoding, 1920, 1080)
        for encoding, data in ((Encoding.BGR, bgr), (Encoding.RGB, bgr), (Encoding.NV12, nv12))
    }
    compare(
        "raw 1920x1080 to tensor",
        {
            encoding.value: partial(preparer.prepare, frame, writer)
            for encoding, frame in raw.items()
        },
        rounds,
    )


def _nv12(bgr: NDArray[np.uint8]) -> bytes:
    height = bgr.shape[0]
    planes = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)
    chroma = planes[height:].reshape(2, -1)
    return planes[:height].tobytes() + np.ascontiguousarray(chroma.T).tobytes()


if __name__ == "__main__":
    main()
