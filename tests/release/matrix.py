"""The wheel with each extra alone, on each Python, with the oldest and newest dependencies.

Usage: python tests/release/matrix.py [--extras base,server,…] [--python 3.13 …] [--keep FOLDER]

Each cell is an environment of its own, made by uv from the wheel in dist/, in which smoke.py sends
a picture to a server: to one of the same environment where it has one, else to a reference. Oldest
is, for each of our own dependencies, the first version that we allow and that has a wheel for that
Python. Prints a table; ends with 1 when a cell failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

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


def cell(python: Path, wheel: Path, extras: str, age: str, reference: str, kept: Path) -> str:
    """Run one cell: what to write into the table."""
    with tempfile.TemporaryDirectory(prefix="edgeserve-") as name:
        folder = Path(name)
        inside = install(folder, python, wheel, extras, age)
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


def table(rows: list[str], columns: list[tuple[str, str]], told: dict[tuple[str, ...], str]) -> str:
    """The results in Markdown."""
    lines = [
        "| extra | " + " | ".join(f"{version} {age}" for version, age in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    lines += [
        f"| `{extras or 'base'}` | "
        + " | ".join(told[extras, version, age] for version, age in columns)
        + " |"
        for extras in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """Run the matrix: the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--extras", help="separated by spaces; base is none of them")
    parser.add_argument("--python", nargs="*", default=PYTHONS)
    parser.add_argument("--keep", type=Path, default=ROOT / "output" / "release-matrix")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    (wheel,) = (ROOT / "dist").glob("edgeserve-*.whl")
    pythons = {version: interpreter(version) for version in arguments.python}
    for version in (v for v, python in pythons.items() if python is None):
        print(f"no Python {version} here: left out", file=sys.stderr)
    found = {version: python for version, python in pythons.items() if python is not None}
    if not found:
        print("none of the Pythons is here", file=sys.stderr)
        return 3
    every = ["base", *(e for e in extras_of(wheel) if e not in LARGE), *ALSO]
    rows = ["" if e == "base" else e for e in (arguments.extras or " ".join(every)).split()]
    columns = [(version, age) for version in found for age in AGES]
    arguments.keep.mkdir(parents=True, exist_ok=True)
    told: dict[tuple[str, ...], str] = {}
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="edgeserve-") as name,
        ThreadPoolExecutor(arguments.jobs) as pool,
    ):
        server, address = reference_server(Path(name), next(iter(found.values())), wheel)
        with server:
            started = time.monotonic()
            running: dict[tuple[str, ...], Future[str]] = {
                (extras, version, age): pool.submit(
                    cell,
                    found[version],
                    wheel,
                    extras,
                    age,
                    address,
                    arguments.keep / f"{extras or 'base'}-{version}-{age}.txt",
                )
                for extras in rows
                for version, age in columns
            }
            for key, future in running.items():
                try:
                    told[key] = future.result()
                except (CellError, subprocess.TimeoutExpired) as error:
                    told[key], failed = "FAILED", failed + 1
                    print(f"{key}: {error}", file=sys.stderr)
                print(*key, told[key], f"{time.monotonic() - started:.0f} s", file=sys.stderr)
            server.terminate()
    print(table(rows, columns, told))
    print(f"\n{len(told)} environments, {failed} failed; their versions are in {arguments.keep}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
