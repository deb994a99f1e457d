"""What takes the room in an image: the files of its own layers, by the package that they came with.

Usage: python tests/release/image_size.py IMAGE BASE [--limit MB]

Sizes are those of files, uncompressed; MB are 10^6 bytes. Ends with 1 when over the limit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1_000_000
SMALL_BYTES = 5 * MB
"""Packages below share a row."""


def output(*command: str) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """An image's root."""
    container = output("buildah", "from", image)
    try:
        yield Path(output("buildah", "mount", container))
    finally:
        output("buildah", "rm", container)


def files(root: Path) -> dict[Path, tuple[int, int]]:
    """Bytes and time of all files by their path in a root; hard links once."""
    found, seen = {}, set()
    for folder, _, names in os.walk(root):
        for path in (Path(folder) / name for name in names):
            status = path.lstat()
            if status.st_ino not in seen:
                seen.add(status.st_ino)
                found[path.relative_to(root)] = (status.st_size, status.st_mtime_ns)
    return found


def owners(root: Path) -> dict[Path, str]:
    """The Python packages of the image: each file's name and, apart, what a wheel bundles."""
    found = {}
    for packages in root.glob("opt/edgeserve/lib/python3*/site-packages"):
        for distribution in metadata.distributions(path=[str(packages)]):
            for file in distribution.files or ():
                bundled = ": libraries bundled in its wheel" if ".libs" in file.parts[0] else ""
                found[packages.relative_to(root) / file] = distribution.name + bundled
    return found


def main() -> int:
    """Print the table: 1 if an image is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image")
    parser.add_argument("base")
    parser.add_argument("--limit", type=float, default=450, help="of the own layers, in MB")
    arguments = parser.parse_args()
    with mounted(arguments.base) as below, mounted(arguments.image) as root:
        base, names = files(below), owners(root)
        own = {path: size for path, size in files(root).items() if base.get(path) != size}
        room: Counter[str] = Counter()
        for path, (size_bytes, _) in own.items():
            elsewhere = "environment" if path.parts[0] == "opt" else "Python and the base's changes"
            room[names.get(path, elsewhere)] += size_bytes
        bytecode_bytes = sum(size for path, (size, _) in own.items() if path.suffix == ".pyc")
    total_bytes = room.total()
    print("| what | MB |\n|---|---|")
    for name, size_bytes in room.most_common():
        if size_bytes >= SMALL_BYTES:
            print(f"| {name} | {size_bytes / MB:.1f} |")
    small = [size_bytes for size_bytes in room.values() if size_bytes < SMALL_BYTES]
    print(f"| {len(small)} others | {sum(small) / MB:.1f} |")
    print(
        f"\nown layers: {total_bytes / MB:.0f} MB (limit {arguments.limit:.0f}), of them bytecode "
        f"{bytecode_bytes / MB:.0f}; base: {sum(size for size, _ in base.values()) / MB:.0f} MB"
    )
    return 1 if total_bytes > arguments.limit * MB else 0


if __name__ == "__main__":
    sys.exit(main())
