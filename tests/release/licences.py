"""Holds the licences of all dependencies against what we allow, and prints them as a table.

Usage: python tests/release/licences.py FOLDER, with licences.json (pip-licenses) and venv/ in it.
Licences come from metadata; what wheels bundle says nothing there, so files are looked at, too.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

REFUSED = re.compile(r"(?<!L)GPL(?!.*exception)|AFFERO|GENERAL PUBLIC(?<!LESSER GENERAL PUBLIC)")
"""GPL and AGPL; not the LGPL, nor GCC's libraries with their exception."""
CODECS = re.compile(r"^lib(x264|x265|xvidcore|postproc)\b")
"""Libraries under the GPL that wheels of FFmpeg may bundle."""
ALLOWED = {"av": "bundles codecs under the GPL: an extra that nothing else brings, and says so"}


def bundled(environment: Path) -> dict[str, list[str]]:
    """GPL libraries in wheels, by the folder that holds them, which is named by the package."""
    found: dict[str, list[str]] = {}
    for path in environment.glob("lib/python3*/site-packages/*.libs/*"):
        if CODECS.match(path.name):
            found.setdefault(path.parent.name.removesuffix(".libs"), []).append(path.name)
    return found


def main() -> int:
    """Print the table: 1 if something is refused."""
    folder = Path(sys.argv[1])
    packages = json.loads((folder / "licences.json").read_text())
    codecs = bundled(folder / "venv")
    refused = []
    print("| package | version | licence | |\n|---|---|---|---|")
    for package in packages:
        name, licence = package["Name"], " ".join(package["License"].split())
        notes = [*codecs.get(name.replace("-", "_"), [])]
        wrong = REFUSED.search(licence.upper()) or notes
        if wrong and name in ALLOWED:
            notes.append(ALLOWED[name])
        elif wrong or licence.upper() in {"", "UNKNOWN"}:
            notes.append("**not allowed**")
            refused.append(name)
        print(f"| {name} | {package['Version']} | {licence} | {'; '.join(notes)} |")
    print(f"\n{len(packages)} packages, {len(refused)} not allowed", *refused)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
