"""Fuzzes one target until libFuzzer ends the process; started by `tests.fuzz.driver`.

python -m tests.fuzz.worker TARGET REPORT [libFuzzer's arguments]
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import atheris

from tests.fuzz.catalogue import TRACED, load
from tests.fuzz.watched import Watched

LONGEST_S = 1.0


def main() -> None:
    """Set up, and hand over to libFuzzer, which does not come back."""
    name, report, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=TRACED.get(name, ["edgeserve", "tomllib"])):
        target = load(name)
    # A warning of numpy's is a line in somebody's log for each frame.
    warnings.simplefilter("error")
    atheris.Setup([sys.argv[0], *arguments], Watched(target.run, Path(report), LONGEST_S))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
