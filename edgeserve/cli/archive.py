"""`edgeserve detect --results`: an archive, a result file for each of its files."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import click

from edgeserve.app.archive.cluster import run_on_ray
from edgeserve.app.archive.file_detector import detect_in_file
from edgeserve.app.archive.inputs import tasks_of
from edgeserve.app.archive.results import claimed
from edgeserve.app.archive.task import Ending, Order, Outcome
from edgeserve.cli.json_option import JsonWriter
from edgeserve.config.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeserve.domain.request import DetectOptions


def run_archive(
    paths: Sequence[Path],
    results: Path,
    options: DetectOptions,
    *,
    ray: str | None,
    workers: int,
    json_path: str | None,
) -> bool:
    """Process every file that has no result yet, and tell of each; whether all went well.

    Args:
        paths: files and folders.
        results: folder.
        options: what to look for.
        ray: address of a cluster that does the work; None: this process does.
        workers: of the cluster, 0 for all.
        json_path: value of `--json`.
    """
    order = Order.of(options, load_settings(None, os.environ, {}))
    stdout = sys.stdout
    # Ray prints what it has to say of its workers, among what programs read.
    with claimed(results, order), JsonWriter(json_path) as out, redirect_stdout(sys.stderr):
        tasks = tasks_of(paths, results)
        left = [task for task in tasks if not task.result.exists()]
        counts: Counter[str] = Counter(there_already=len(tasks) - len(left))
        outcomes = (
            run_on_ray(ray, workers, order, left)
            if ray is not None and left
            else (detect_in_file(order, task) for task in left)
        )
        for outcome in outcomes:
            counts[outcome.ending.value] += 1
            if not out.takes_stdout:
                click.echo(_line(outcome), file=stdout)
            out.line(_record(outcome))
        summary = {ending.value: counts[ending.value] for ending in Ending}
        summary |= {"there_already": counts["there_already"]}
        if not out.takes_stdout:
            shown = ", ".join(
                f"{count} {name.replace('_', ' ')}" for name, count in summary.items()
            )
            click.echo(f"{len(tasks)} files: {shown}", file=stdout)
        out.line({"summary": {"files": len(tasks), **summary}})
    return not counts[Ending.UNREADABLE.value] and not counts[Ending.FAILED.value]


def _line(outcome: Outcome) -> str:
    figures = f"{outcome.frames} frames, {outcome.objects} objects"
    words = [str(outcome.task.source), outcome.ending.value]
    words.append(outcome.message if outcome.ending is not Ending.DONE else figures)
    return "  ".join(words)


def _record(outcome: Outcome) -> dict[str, object]:
    return {
        "path": str(outcome.task.source),
        "result": str(outcome.task.result),
        "ending": outcome.ending.value,
        "frames": outcome.frames,
        "objects": outcome.objects,
        "message": outcome.message,
    }
