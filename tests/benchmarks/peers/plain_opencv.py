"""The detector that a user of a general model server writes: OpenCV, OpenVINO and numpy.

Compared with ours by `tests/benchmarks/test_peers.py`, so that both servers do the same job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import openvino as ov

from edgeserve.catalog.repository import shipped_dir

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE_PX = 320
_STRIDES = (8, 16, 32)
_BINS = 16
_SCORE, _IOU = 0.3, 0.6


class PlainDetector:
    """The shipped bundle's OpenVINO form, without this project's frame path."""

    def __init__(self, model: str, *, blob: bool = False) -> None:
        """Compile it for throughput; `blob`: for floats from cv2.dnn.blobFromImage."""
        core = ov.Core()
        network = core.read_model(shipped_dir() / model / "model-int8.xml")
        if blob:
            network = _taking_blobs(network)
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
        self.create_request = compiled.create_infer_request
        self._blob = blob
        # Two threads that come first at once would hang each other (see `OpenVinoRuntime`).
        _ = ov.Tensor(ov.Type.u8, ov.Shape([1])).data
        cells = [_SIZE_PX // stride for stride in _STRIDES]
        self._centres = np.concatenate(
            [
                (np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) + 0.5)
                for n in cells
            ]
        )
        self._strides = np.repeat(_STRIDES, [n * n for n in cells])[:, None]

    def run(
        self, request: ov.InferRequest, picture: bytes
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
        """Boxes (N, 4) in pixels of the picture, scores (N,) and class ids (N,)."""
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            text = "not a picture"
            raise ValueError(text)
        height, width = image.shape[:2]
        scale = _SIZE_PX / max(height, width)
        inner = cv2.resize(image, (round(width * scale), round(height * scale)))
        top, left = (_SIZE_PX - inner.shape[0]) // 2, (_SIZE_PX - inner.shape[1]) // 2
        tensor = np.full((1, _SIZE_PX, _SIZE_PX, 3), 114, np.uint8)
        tensor[0, top : top + inner.shape[0], left : left + inner.shape[1]] = inner
        outputs = request.infer([cv2.dnn.blobFromImage(tensor[0]) if self._blob else tensor])
        scores = 1 / (1 + np.exp(-outputs["class_logits"][0].T))  # (cells, classes)
        best = scores.max(axis=1)
        keep = best > _SCORE
        distances = outputs["box_logits"][0].T[keep].reshape(-1, 4, _BINS)
        distances = np.exp(distances - distances.max(axis=2, keepdims=True))
        distances /= distances.sum(axis=2, keepdims=True)
        distances = distances @ np.arange(_BINS)
        centres, strides = self._centres[keep], self._strides[keep]
        corner_xy = (centres - distances[:, :2]) * strides
        size_wh = (distances[:, :2] + distances[:, 2:]) * strides
        boxes_xywh = (np.hstack([corner_xy - (left, top), size_wh])) / scale
        ids = scores[keep].argmax(axis=1)
        found = cv2.dnn.NMSBoxesBatched(
            boxes_xywh.tolist(), best[keep].tolist(), ids.tolist(), _SCORE, _IOU
        )
        kept = np.asarray(found, dtype=np.int64).reshape(-1)
        boxes = boxes_xywh[kept]
        boxes[:, 2:] += boxes[:, :2]
        boxes = np.clip(boxes, 0, (width, height, width, height))
        return boxes.astype(np.float32), best[keep][kept].astype(np.float32), ids[kept]


def _taking_blobs(network: ov.Model) -> ov.Model:
    """The same network for floats (1, 3, H, W) from 0 to 255, as most are that users have.

    In the shipped one the picture is made floats, quantized and transposed before the first layer.
    """
    (picture,) = network.get_parameters()
    (cast,) = picture.output(0).get_target_inputs()
    (quantized,) = cast.get_node().output(0).get_target_inputs()
    quantize = quantized.get_node()
    (transposed,) = quantize.output(0).get_target_inputs()
    blob = ov.opset13.parameter([1, 3, _SIZE_PX, _SIZE_PX], np.float32, name="blob")
    limits = [quantize.input_value(index) for index in range(1, 5)]
    levels = quantize.get_attributes()["levels"]
    steps = ov.opset13.fake_quantize(blob, *limits, levels=levels)
    for layer in transposed.get_node().output(0).get_target_inputs():
        layer.replace_source_output(steps.output(0))
    return ov.Model(network.get_results(), [blob], "blob")
