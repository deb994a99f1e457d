"""Darknet networks (a cfg file and its weights) as bundles.

::

    text        the file's lines as sections
    section     one section: its values asked for by key, refusals that name the line
    layers      what the sections mean: typed layers with shapes and counts
    network     sections to layers, one reader a kind
    weights     the numbers of each layer
    onnx_model  layers and weights to ONNX
    bundle      ONNX to a bundle

Both files are untrusted: sizes are held against limits and against the weight file's length
before anything is allocated by them. Indices of layers are Darknet's own: [net] has none, the
section behind it is layer 0.
"""

from edgeserve.tooling.darknet.bundle import import_darknet
from edgeserve.tooling.darknet.network import Network, read_network
from edgeserve.tooling.darknet.onnx_model import onnx_model

__all__ = ["Network", "import_darknet", "onnx_model", "read_network"]
