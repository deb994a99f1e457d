"""Fuzzes the targets one after the other and prints what came of it.

    python -m tests.fuzz.driver [--seconds 60] [--runs 0] [--target NAME]… [--corpus build/fuzz]
                                [--keep]

Each target has a process of its own, in which libFuzzer (by way of atheris) changes inputs and
keeps those that reach something new. They stay in the corpus folder: the next run goes on with
them. A finding is whatever is not an error of the domain; an input that takes over a second of
processor time; or memory over 1.5 GiB. It is written to the corpus folder as `TARGET-crash-…`.
With --keep the smallest inputs that reach everything are written to `tests/fuzz/corpus`, which
the tests replay.

Exit code 1 where there are findings.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.catalogue import NAMES, keep, kept, load
from tests.fuzz.smallest import smallest
from tests.fuzz.watched import Watch

_MEMORY_MIB = 1536
_PATIENCE_S = 30
"""For an input that never ends: the wall's clock, on a machine that may be loaded."""
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")


@dataclass(frozen=True)
class Outcome:
    """What came of one target's run."""

    watch: Watch
    inputs: int
    seconds: int
    covered: int
    finding: str


def fuzz(name: str, folder: Path, seconds: int, runs: int) -> Outcome:
    """Fuzz one target for so many seconds, or so many runs where they are not 0."""
    target, corpus = load(name), folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for data in (*target.seeds().values(), *kept(name)):
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    report, words = folder / f"{name}.json", folder / f"{name}.words"
    report.unlink(missing_ok=True)
    hexadecimal = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    words.write_text("".join(f'"{word}"\n' for word in hexadecimal), encoding="ascii")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.worker", name, str(report)),
            str(corpus),
            f"-artifact_prefix={folder}/{name}-",
            *([f"-dict={words}"] if target.words else []),
            f"-max_len={target.longest}",
            f"-max_total_time={seconds}",
            f"-rss_limit_mb={_MEMORY_MIB}",
            f"-timeout={_PATIENCE_S}",
            *([f"-runs={runs}"] if runs else []),
        ],
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
    )
    (folder / f"{name}.log").write_text(done.stderr + done.stdout, encoding="utf-8")
    watch = Watch(**json.loads(report.read_text(encoding="ascii"))) if report.exists() else Watch()
    total = _DONE.search(done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    return Outcome(
        watch,
        int(total[1]) if total else watch.inputs,
        int(total[2]) if total else 0,
        int(covered[-1]) if covered else 0,
        "" if done.returncode == 0 else _finding(done.stderr + done.stdout),
    )


def _finding(said: str) -> str:
    """The line that says what was wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Warning)\b", line)]
    telling += [line for line in lines if "ERROR: libFuzzer" in line]
    return (telling or lines or ["it ended without a word"])[0][:200]


def main() -> int:
    """Print a table; return 1 where there are findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--runs", type=int, default=0, help="of each target at most; 0: any")
    parser.add_argument("--target", action="append", choices=NAMES)
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    print(f"{'target':<14}{'inputs':>10}{'s':>6}{'slowest s':>11}{'MiB':>14}{'cov':>7}  finding")
    findings = 0
    for name in arguments.target or NAMES:
        outcome = fuzz(name, arguments.corpus, arguments.seconds, arguments.runs)
        watch = outcome.watch
        memory = f"{watch.warm_mib:.0f} to {watch.mib:.0f}"
        print(
            f"{name:<14}{outcome.inputs:>10}{outcome.seconds:>6}{watch.slowest_s:>11.3f}"
            f"{memory:>14}{outcome.covered:>7}  {outcome.finding or 'none'}",
            flush=True,
        )
        findings += bool(outcome.finding)
        if arguments.keep and not outcome.finding:
            corpus = (path.read_bytes() for path in (arguments.corpus / name).iterdir())
            keep(name, smallest(load(name).run, corpus))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
