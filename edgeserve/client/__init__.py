"""The Python client: pictures out, detections back, over gRPC.

::

    with DetectionClient("127.0.0.1:8001") as client:
        for result in client.stream(pictures):
            print(result.frame_id, result.labels)
"""

from edgeserve.client.admin_client import AdminClient
from edgeserve.client.async_client import AsyncDetectionClient
from edgeserve.client.channel import DEFAULT_ADDRESS
from edgeserve.client.credentials import Credentials
from edgeserve.client.health import HealthStatus
from edgeserve.client.picture import Picture
from edgeserve.client.sync_client import DetectionClient
from edgeserve.domain.camera import CameraResult, CameraState, CameraStatus
from edgeserve.domain.detections import Detections
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.request import DetectOptions, Policy, StreamOptions
from edgeserve.domain.result import FrameResult, Status

__all__ = [
    "DEFAULT_ADDRESS",
    "AdminClient",
    "AsyncDetectionClient",
    "CameraResult",
    "CameraState",
    "CameraStatus",
    "Credentials",
    "DetectOptions",
    "DetectionClient",
    "Detections",
    "EncodedFrame",
    "Encoding",
    "FrameResult",
    "HealthStatus",
    "Picture",
    "Policy",
    "Status",
    "StreamOptions",
]
