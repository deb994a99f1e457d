"""The one table from RPCs to the rights that they need; any one of those named will do."""

from __future__ import annotations

from edgeserve.access.rights import Right

ADMIN = frozenset({Right.ADMIN})
INFER = frozenset({Right.INFER})
WATCH = frozenset({Right.WATCH})
EITHER = INFER | WATCH
KNOWN: frozenset[Right] = frozenset()
"""Whoever is known."""

_OPEN = None
_TABLE: dict[str, frozenset[Right] | None] = {
    "/grpc.health.v1.Health/": _OPEN,
    "/grpc.reflection.v1.ServerReflection/": KNOWN,
    "/grpc.reflection.v1alpha.ServerReflection/": KNOWN,
    "/edgeserve.v1.DetectionService/Detect": INFER,
    "/edgeserve.v1.DetectionService/StreamDetect": INFER,
    "/edgeserve.v1.DetectionService/WatchCamera": WATCH,
    "/edgeserve.v1.DetectionService/ListCameras": WATCH,
    "/edgeserve.v1.DetectionService/ListModels": EITHER,
    "/edgeserve.v1.DetectionService/ListDevices": EITHER,
    "/edgeserve.v1.AdminService/": ADMIN,
    "/inference.GRPCInferenceService/ServerLive": _OPEN,
    "/inference.GRPCInferenceService/ServerReady": _OPEN,
    "/inference.GRPCInferenceService/ServerMetadata": EITHER,
    "/inference.GRPCInferenceService/ModelReady": EITHER,
    "/inference.GRPCInferenceService/ModelMetadata": EITHER,
    "/inference.GRPCInferenceService/ModelConfig": EITHER,
    "/inference.GRPCInferenceService/ModelStatistics": EITHER,
    "/inference.GRPCInferenceService/RepositoryIndex": EITHER,
    "/inference.GRPCInferenceService/ModelInfer": INFER,
    "/inference.GRPCInferenceService/ModelStreamInfer": INFER,
}
_REFLECTION = "/grpc.reflection."


def rights_for(method: str, *, reflection_open: bool = False) -> frozenset[Right] | None:
    """What a call needs, by its full name `/PACKAGE.SERVICE/METHOD`.

    What the table does not name needs the right admin, so that a new RPC is closed until somebody
    has thought about it.

    Returns:
        The rights of which one is needed, empty where it is enough to be known; None where nobody
        is asked.
    """
    if reflection_open and method.startswith(_REFLECTION):
        return None
    service = method[: method.rfind("/") + 1]
    return _TABLE.get(method, _TABLE.get(service, ADMIN))
