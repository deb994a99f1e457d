"""The wheel that is tested, as other versions of itself."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile

DIST = Path(__file__).resolve().parents[2] / "dist"


def bumped(wheel: Path, version: str, folder: Path) -> Path:
    """A copy of a wheel that says it is another version."""
    name, old, *rest = wheel.name.split("-")
    copy = folder / "-".join([name, version, *rest])
    with ZipFile(wheel) as source, ZipFile(copy, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            path = entry.filename.replace(f"{name}-{old}.dist-info", f"{name}-{version}.dist-info")
            if path.endswith(".dist-info/METADATA"):
                data = data.replace(
                    f"\nVersion: {old}\n".encode(), f"\nVersion: {version}\n".encode()
                )
            if path.endswith(".dist-info/RECORD"):
                lines = [line.split(",")[0] + ",," for line in data.decode().splitlines()]
                text = "\n".join(lines).replace(f"-{old}.dist-info", f"-{version}.dist-info")
                data = text.encode() + b"\n"
            target.writestr(path, data)
    return copy


def libraries(folder: Path) -> Path:
    """Links to all packages of this environment but ours, for PYTHONPATH."""
    folder.mkdir()
    for place in map(Path, sys.path):
        if place.name not in {"site-packages", "dist-packages"}:
            continue
        for package in place.iterdir():
            ours = package.name.startswith(("edgeserve", "_edgeserve", "_editable", "__editable"))
            link = folder / package.name
            if not (ours or package.name in {"pip", "setuptools"} or link.is_symlink()):
                link.symlink_to(package)
    return folder
