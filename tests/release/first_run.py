"""The README's commands in a bare Debian, timed and counted: see tests/clean-root.sh.

Usage: python tests/release/first_run.py ROOT package|checkout|tests

Prints a table: seconds, and MB (10^6 bytes) downloaded, as apt and pip say.
What the commands say goes to standard error.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

MB = 1_000_000
UNITS = {"": 1, "k": 1_000, "M": MB, "G": 1000 * MB}
APT = ("apt-get update", "apt-get install -y --no-install-recommends ")
WAYS = {
    "package": (
        *(APT[0], f"{APT[1]}python3-venv"),
        "python3 -m venv ~/edgeserve",
        "~/edgeserve/bin/pip install -q 'WHEEL[server]'",
        "~/edgeserve/bin/edgeserve demo --once",
    ),
    "checkout": (
        *(APT[0], f"{APT[1]}make python3-venv"),
        "cd edgeserve-checkout && make run ONCE=1",
    ),
    "tests": ("cd edgeserve-checkout && make test",),
}
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_VERBOSE": "1",  # takes back the -q of our commands: sizes are told
}
KEPT = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
"""The network as this machine reaches it."""


def downloaded_bytes(said: str) -> float:
    """What apt and pip say that they have downloaded."""
    apt = r"^Fetched ([0-9.,]+) ([kMG]?)B in"
    pip = r"^ *Downloading \S+ \(([0-9.]+) ([kMG]?)(?:B|bytes)\)"
    found = re.findall(apt, said, re.MULTILINE) + re.findall(pip, said, re.MULTILINE)
    return sum(float(number.replace(",", "")) * UNITS[unit] for number, unit in found)


def run(root: Path, command: str) -> tuple[float, float]:
    """Run a command in a root: its seconds and the bytes that it downloaded."""
    print(f"$ {command}", file=sys.stderr, flush=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    started = time.monotonic()
    said = subprocess.run(
        ["/usr/sbin/chroot", str(root), "/bin/bash", "-ec", f"cd /root && {command}"],
        env=ENVIRONMENT | kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    taken_s = time.monotonic() - started
    print(said.stdout, file=sys.stderr, flush=True)
    if said.returncode:
        sys.exit(f"{command}: ended with {said.returncode}")
    return taken_s, downloaded_bytes(said.stdout)


def main() -> None:
    """Run the commands of one way and print the table."""
    root, way = Path(sys.argv[1]), sys.argv[2]
    (wheel,) = (path.relative_to(root / "root") for path in root.glob("root/dist/*.whl"))
    commands = [command.replace("WHEEL", f"./{wheel}") for command in WAYS[way]]
    rows = [(command, *run(root, command)) for command in commands]
    if way != "tests":
        pictures = [*root.glob("root/output/demo.jpg"), *root.glob("root/*/output/demo.jpg")]
        assert any(picture.stat().st_size for picture in pictures), "no annotated picture"
    print("| command | seconds | MB |\n|---|---|---|")
    for command, taken_s, size_bytes in rows:
        print(f"| `{command}` | {taken_s:.0f} | {size_bytes / MB:.0f} |")
    total_s, total_bytes = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print(f"| {len(rows)} commands | {total_s:.0f} | {total_bytes / MB:.0f} |\n")


main()
