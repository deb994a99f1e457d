"""A bundle: a folder with `model.toml` and the files that it names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.catalog.manifest import Checked, Manifest, read_manifest
from edgeserve.domain.errors import ModelNotReadyError
from edgeserve.domain.model import (
    AnchorSpec,
    HeadSpec,
    InputSpec,
    ModelFile,
    ModelSpec,
    Thresholds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.manifest import Head

MANIFEST = "model.toml"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A readable manifest and where it lies. Its files may be absent or damaged: see `verify`."""

    folder: Path
    manifest: Manifest

    @classmethod
    def read(cls, folder: Path) -> Bundle:
        """Read the manifest of a bundle folder.

        Raises:
            ConfigurationError: the manifest is wrong.
        """
        return cls(folder, read_manifest(folder / MANIFEST))

    @property
    def spec(self) -> ModelSpec:
        """What the rest of the server needs to know; only files that are present."""
        manifest = self.manifest
        picture = manifest.input
        by_server = picture.normalisation.place == "server"
        return ModelSpec(
            name=manifest.name,
            version=manifest.version,
            labels=manifest.labels,
            input=InputSpec(
                width_px=picture.width_px,
                height_px=picture.height_px,
                layout=picture.layout,
                dtype=picture.dtype,
                color_order=picture.color_order,
                fit=picture.fit,
                pad_value=picture.pad_value,
                mean=picture.normalisation.mean if by_server else (0.0, 0.0, 0.0),
                std=picture.normalisation.std if by_server else (1.0, 1.0, 1.0),
            ),
            head=HeadSpec(
                layout=manifest.head.layout,
                strides=manifest.head.strides,
                outputs=manifest.head.outputs,
                anchors=_anchors(manifest.head),
                reg_max=manifest.head.reg_max,
                box_format=manifest.head.box_format or "",
                box_unit=manifest.head.box_unit or "",
                activation=manifest.head.activation or "",
                background=manifest.head.background,
            ),
            thresholds=Thresholds(
                score=manifest.thresholds.score,
                iou=manifest.thresholds.iou,
                max_detections=manifest.thresholds.max_detections,
            ),
            files=tuple(
                ModelFile(self.folder / file.path, file.runtimes, file.precision)
                for file in manifest.files
                if (self.folder / file.path).exists()
            ),
        )

    def stamp(self) -> tuple[object, ...]:
        """What changes when somebody writes to one of the bundle's files."""
        listed = [one for file in self.manifest.files for one in (file, *file.companions)]
        golden = self.manifest.golden
        names = [MANIFEST, *(one.path for one in listed), *([golden.path] if golden else [])]
        return (str(self.folder), *(_written(self.folder / name) for name in names))

    def verify(self) -> None:
        """Compare every file that is present with its checksum.

        A form of the model may be left out of an installation as a whole (the wheel carries the
        INT8 files only); at least one must be there.

        Raises:
            ModelNotReadyError: a file is damaged, half of a pair is missing, or nothing is there.
        """
        present = False
        for file in self.manifest.files:
            if not (self.folder / file.path).exists():
                continue
            present = True
            for checked in (file, *file.companions):
                self._check(checked)
        if not present:
            expected = ", ".join(file.path for file in self.manifest.files)
            text = f"{self.folder}: none of the model's files is there ({expected})"
            raise ModelNotReadyError(text)
        if self.manifest.golden is not None:
            self._check(self.manifest.golden)

    def _check(self, checked: Checked) -> None:
        path = self.folder / checked.path
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            text = f"{path}: cannot be read: {error.strerror}"
            raise ModelNotReadyError(text) from error
        if digest != checked.sha256:
            text = (
                f"{path}: sha256 is {digest} and the manifest says {checked.sha256}: "
                "the file is damaged or was changed; install the bundle again"
            )
            raise ModelNotReadyError(text)


def _written(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _anchors(head: Head) -> AnchorSpec | None:
    anchors = head.anchors
    if anchors is None:
        return None
    return AnchorSpec(
        sizes_px=anchors.sizes_px,
        scale_xy=anchors.scale_xy,
        box_sizes=anchors.box_sizes,
        class_scores=anchors.class_scores,
    )
