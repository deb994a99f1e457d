"""The wheel with each extra alone, on each Python, with the oldest and newest dependencies.

Usage: python -m tests.release.matrix [--extras 'base server …'] [--python 3.13 …] [--keep FOLDER]

Each cell is an environment of its own, made by uv from the wheel in dist/, in which smoke.py sends
a picture to a server: to one of the same environment where it has one, else to a reference. Oldest
is, for each of our own dependencies, the first version that we allow and that has a wheel for that
Python. What passed is kept in FOLDER for this wheel (results.json, the table as results.md, the
versions of each cell) and not run again. Ends with 1 when a cell failed or was not reached.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

from tests.release.matrix_results import Cell, Results

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
AGES = {"oldest": "lowest-direct", "newest": "highest"}
ALSO = ("serving,openvino", "serving,onnxruntime")
"""Servers with one runtime; the extras alone are halves."""
LARGE = frozenset({"cuda"})
"""Gigabytes of NVIDIA's libraries: only where it is asked for."""
CELL_S = 900


class CellError(Exception):
    """A step of a cell failed; the text is what it said."""


def interpreter(version: str) -> Path | None:
    """A Python of this version that can make environments: on the path, or pyenv's."""
    candidates = [Path(found)] if (found := shutil.which(f"python{version}")) else []
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for path in candidates:
        if subprocess.run([path, "-c", "import venv"], capture_output=True, check=False).returncode:
            continue
        return path
    return None


def extras_of(wheel: Path) -> list[str]:
    """The extras that a wheel says it has."""
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return re.findall(r"^Provides-Extra: (\S+)$", archive.read(name).decode(), re.MULTILINE)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Standard output of a command.

    Raises:
        CellError: it failed.
    """
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    ended = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
        timeout=CELL_S,
    )
    if ended.returncode:
        text = f"{' '.join(map(str, command))}\n{ended.stderr.strip()}"
        raise CellError(text)
    return ended.stdout


def install(folder: Path, python: Path, wheel: Path, extras: str, age: str) -> Path:
    """Make an environment in a folder: its interpreter."""
    run("uv", "venv", "--quiet", "--python", python, folder / "venv")
    inside = folder / "venv" / "bin" / "python"
    wanted = [word for extra in extras.split(",") if extra for word in ("--extra", extra)]
    common = ("--quiet", "--no-build", "--python", inside)
    versions = folder / "versions.txt"
    resolve: list[str | Path] = ["uv", "pip", "compile", *common, "--resolution", AGES[age]]
    resolve += [*wanted, "--no-header", "--no-annotate", "--output-file", versions]
    run(*resolve, ROOT / "pyproject.toml")
    name = f"edgeserve[{extras}]" if extras else "edgeserve"
    run("uv", "pip", "install", *common, "--constraints", versions, f"{name} @ {wheel.as_uri()}")
    return inside


def try_cell(cell: Cell, python: Path, wheel: Path, reference: str, kept: Path) -> str:
    """Run one cell: which side's server detected."""
    extras = "" if cell.extras == "base" else cell.extras
    with tempfile.TemporaryDirectory(prefix="edgeserve-") as name:
        folder = Path(name)
        inside = install(folder, python, wheel, extras, cell.age)
        shutil.copy(folder / "versions.txt", kept)
        told = run(inside, ROOT / "tests" / "release" / "smoke.py", extras, reference, cwd=folder)
        return str(json.loads(told.splitlines()[-1])["by"])


def reference_server(folder: Path, python: Path, wheel: Path) -> tuple[subprocess.Popen[str], str]:
    """A server for the environments that have none: the process and its address."""
    inside = install(folder, python, wheel, "server", "newest")
    flags = ("--listen", "127.0.0.1:0", "--http-listen", "", "--json=-", "--log-level", "warning")
    process = subprocess.Popen(
        [inside, "-m", "edgeserve", "serve", "--cache-dir", folder / "cache", *flags],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["grpc"]


def every_row(wheel: Path) -> list[str]:
    """All that is tried: nothing more, each extra alone, and servers with one runtime."""
    return ["base", *(extra for extra in extras_of(wheel) if extra not in LARGE), *ALSO]


def main() -> int:
    """Run the matrix: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--extras", help="separated by spaces; base is none of them")
    parser.add_argument("--python", nargs="*", default=PYTHONS)
    parser.add_argument("--keep", type=Path, default=ROOT / "output" / "release-matrix")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="also what passed before")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin nothing after them")
    arguments = parser.parse_args()
    (wheel,) = (ROOT / "dist").glob("edgeserve-*.whl")
    pythons = {version: interpreter(version) for version in arguments.python}
    for version in (v for v, python in pythons.items() if python is None):
        print(f"no Python {version} here: left out", file=sys.stderr)
    found = {version: python for version, python in pythons.items() if python is not None}
    if not found:
        print("none of the Pythons is here", file=sys.stderr)
        return 3
    rows = arguments.extras.split() if arguments.extras else every_row(wheel)
    results = Results(arguments.keep, wheel)
    wanted = [
        Cell(row, version, age)
        for row in rows
        for version in found
        for age in AGES
        if arguments.again or not results.passed(Cell(row, version, age))
    ]
    until = time.monotonic() + arguments.seconds

    def run_cell(cell: Cell) -> None:
        if time.monotonic() > until:
            return
        started = time.monotonic()
        try:
            by = try_cell(cell, found[cell.python], wheel, address, results.versions(cell))
        except (CellError, subprocess.TimeoutExpired) as error:
            by = ""
            print(f"{cell}: {error}", file=sys.stderr)
        results.add(cell, by, time.monotonic() - started)
        print(*cell, by or "FAILED", f"{time.monotonic() - started:.0f} s", file=sys.stderr)

    if wanted:
        with tempfile.TemporaryDirectory(prefix="edgeserve-") as name:
            server, address = reference_server(Path(name), next(iter(found.values())), wheel)
            with server:
                try:
                    with ThreadPoolExecutor(arguments.jobs) as pool:
                        list(pool.map(run_cell, wanted))
                finally:
                    server.terminate()
    print(results.table())
    left = [cell for cell in wanted if not results.passed(cell)]
    for cell in left:
        print("not passed:", *cell, file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
