"""Cameras over HTTP: their state, their curves, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from edgeserve.domain.errors import CameraNotFoundError
from edgeserve.web.operation import Operation, Parameter
from edgeserve.web.problems import API
from edgeserve.web.records import camera_record, encode
from edgeserve.web.schemas import listed, ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeserve.pipeline.cameras import Cameras
    from edgeserve.web.figures import Figures
    from edgeserve.web.views import Views

NAME = Parameter("name", "Name of the camera.", place="path")


class CameraApi:
    """/api/cameras."""

    def __init__(self, cameras: Cameras, figures: Figures, views: Views) -> None:
        """Tell of these cameras, with these curves, and take pictures from these views."""
        self._cameras = cameras
        self._figures = figures
        self._views = views

    def operations(self) -> Iterable[Operation]:
        """See `ApiPart`."""
        one = f"{API}/cameras/{{name}}"
        return (
            Operation(
                "GET",
                f"{API}/cameras",
                "listCameras",
                "The cameras that the server reads.",
                self._list,
                schema=listed("cameras", "Camera"),
            ),
            Operation(
                "GET",
                one,
                "getCamera",
                "One camera.",
                self._get,
                schema=ref("Camera"),
                parameters=(NAME,),
                fails=(404,),
            ),
            Operation(
                "GET",
                f"{one}/history",
                "getCameraHistory",
                "Means over periods of two seconds, for the last two minutes, oldest first.",
                self._history,
                schema=listed("periods", "Figures"),
                parameters=(NAME,),
                fails=(404,),
            ),
            Operation(
                "GET",
                f"{one}/snapshot.jpg",
                "getSnapshot",
                "The camera's next picture at its full size, with or without what was found.",
                self._snapshot,
                answer="image/jpeg",
                parameters=(
                    NAME,
                    Parameter(
                        "boxes",
                        "1 draws boxes, labels, track ids, zones and lines.",
                        "integer",
                        choices=(0, 1),
                    ),
                ),
                fails=(404, 422, 503),
            ),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """See `Part`."""
        return [operation.route() for operation in self.operations()]

    async def _list(self, _request: web.Request, _given: Mapping[str, Any]) -> web.Response:
        records = self._records()
        self._figures.keep_only(records.keys())
        return web.json_response({"cameras": list(records.values())}, dumps=encode)

    async def _get(self, _request: web.Request, given: Mapping[str, Any]) -> web.Response:
        return web.json_response(self._find(given["name"]), dumps=encode)

    async def _history(self, _request: web.Request, given: Mapping[str, Any]) -> web.Response:
        self._find(given["name"])
        periods = self._figures.history(given["name"])
        return web.json_response({"periods": periods}, dumps=encode)

    async def _snapshot(self, _request: web.Request, given: Mapping[str, Any]) -> web.Response:
        jpeg = await self._views.snapshot(given["name"], boxes=given.get("boxes", 0) == 1)
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)

    def _records(self) -> dict[str, dict[str, Any]]:
        dropped = self._cameras.dropped()
        return {
            status.name: camera_record(
                status, dropped.get(status.name, 0), self._figures.latest(status.name)
            )
            for status in self._cameras.statuses()
        }

    def _find(self, name: str) -> dict[str, Any]:
        """A camera's record.

        Raises:
            CameraNotFoundError: there is none of that name.
        """
        records = self._records()
        if name not in records:
            known = ", ".join(records) or "none"
            text = f"this server has no camera {name[:100]!r}; it reads {known}"
            raise CameraNotFoundError(text)
        return records[name]
