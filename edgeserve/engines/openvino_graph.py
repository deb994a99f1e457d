"""OpenVINO's graphs: fitted to the picture before they are compiled, and read afterwards."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino

    from edgeserve.domain.model import InputSpec

_CONVOLUTIONS = {"convolution", "groupconvolution", "deconvolution"}
_NAMES = {"u8": "int8", "i8": "int8", "f32": "fp32", "f16": "fp16"}


def fitted(model: openvino.Model, picture: InputSpec) -> bool:
    """Fit a model's one input to the picture that the manifest describes.

    Open dimensions are fixed. Where the file takes float32, conversion from uint8, normalisation
    and a change of layout are put before the graph, so the letterboxed picture is the tensor.

    Returns:
        Whether the model normalises now: it then takes uint8 NHWC.
    """
    port = model.input(0)
    size = [picture.height_px, picture.width_px]
    shape = [1, *size, 3] if picture.layout == "NHWC" else [1, 3, *size]
    if port.get_partial_shape().is_dynamic:
        model.reshape(shape)
    same = list(port.get_shape()) == shape and port.get_element_type().get_type_name() == "f32"
    if picture.dtype != "float32" or not same:
        return False  # as the manifest says, or the detector will say what differs
    from openvino import Layout, Type  # noqa: PLC0415 - openvino is loaded when first needed
    from openvino.preprocess import PrePostProcessor  # noqa: PLC0415 - as above

    processor = PrePostProcessor(model)
    entry = processor.input()
    entry.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    entry.model().set_layout(Layout(picture.layout))
    steps = entry.preprocess().convert_element_type(Type.f32)
    steps.mean(list(picture.mean)).scale(list(picture.std))
    processor.build()
    return True


def executed_precision(compiled: openvino.CompiledModel) -> str:
    """The precision of most convolutions that are executed; "unknown" where it is not told."""
    counts: Counter[str] = Counter()
    try:
        for node in compiled.get_runtime_model().get_ordered_ops():
            info = node.get_rt_info()
            if info["layerType"].astype(str).lower() in _CONVOLUTIONS:
                counts[info["runtimePrecision"].astype(str).lower()] += 1
    except (RuntimeError, KeyError):
        return "unknown"  # a plug-in need not have this graph: the NPU's has not
    if not counts:
        return "unknown"
    ((most, _),) = counts.most_common(1)
    return _NAMES.get(most, most)
