"""What a release is made from: one version, and the same bytes from the same sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path, PurePath
from zipfile import ZipFile

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("hatchling", reason="the build backend is not installed")

ROOT = Path(__file__).resolve().parents[2]
INPUTS = ("edgeserve", "models/bundles", "protos", "deploy/systemd")
FILES = ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml")


def sources(folder: Path, umask: int) -> Path:
    """A copy of what a build reads, as somebody with another umask and another clock has it."""
    before = os.umask(umask)
    try:
        for name in INPUTS:
            shutil.copytree(
                ROOT / name,
                folder / name,
                copy_function=shutil.copyfile,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        for name in FILES:
            shutil.copyfile(ROOT / name, folder / name)
    finally:
        os.umask(before)
    return folder


def build(folder: Path) -> dict[str, bytes]:
    """Wheel and sdist of a copy: contents by name."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build"],
        check=True,
        cwd=folder,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
    )
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_builds_in_two_places_are_the_same_bytes_and_the_sdist_makes_the_wheel(
    tmp_path: Path,
) -> None:
    first = build(sources(tmp_path / "first", 0o022))
    second = build(sources(tmp_path / "second", 0o077))
    version = metadata.version("edgeserve")
    wheel, sdist = f"edgeserve-{version}-py3-none-any.whl", f"edgeserve-{version}.tar.gz"
    assert set(first) == {wheel, sdist}
    assert first == second
    (tmp_path / sdist).write_bytes(first[sdist])
    with tarfile.open(tmp_path / sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert build(tmp_path / "unpacked" / f"edgeserve-{version}")[wheel] == first[wheel]
    (tmp_path / wheel).write_bytes(first[wheel])
    with ZipFile(tmp_path / wheel) as archive:
        assert "edgeserve/bundles/road-csp-tiny/model.toml" in archive.namelist()


def test_the_version_stands_in_one_place() -> None:
    (version,) = re.findall(
        r'^version = "([^"]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert metadata.version("edgeserve") == version
    told = subprocess.run(
        [sys.executable, "-m", "edgeserve", "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == ["edgeserve", version]
    stated = [path for path in (ROOT / "edgeserve").rglob("*.py") if version in path.read_text()]
    assert not stated


def test_the_newest_part_of_the_changelog_is_unreleased_or_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in {"Unreleased", metadata.version("edgeserve")}


def test_an_image_is_built_from_all_that_goes_into_the_wheel() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wanted = [*build["targets"]["wheel"]["force-include"], *build["targets"]["wheel"]["packages"]]
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [PurePath(line.removeprefix("!")) for line in lines if line.startswith("!")]
    missing = [
        path for path in wanted if not any(PurePath(path).is_relative_to(one) for one in let_in)
    ]
    assert not missing
