"""What `edgeserve tune` chose for a model on this machine, kept where a server finds it.

`CACHE_DIR/tuned/MODEL/NAME.json`, a file for each machine, cap and set of versions it was made on.
A convenience: to lose it costs a measurement, no more.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
_FOLDER = "tuned"
_MOST_FILES = 16
"""Of one model."""


class Choice(BaseModel):
    """How to run a model.

    Attributes:
        model: NAME:VERSION.
        device: RUNTIME:DEVICE.
        precision: as of `--precision`.
        hint: as of `--hint`.
        threads: as of `--threads`.
        streams: as of `--streams`.
        workers: as of `--workers`.
        single: frames a second one at a time, as a multiple of what the defaults reach.
        saturated: frames a second under as many as it takes, likewise.
        made: the day, as 2026-01-31.
        facts: of the machine, by name; see `machine.facts`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    device: str
    precision: Literal["int8", "fp16", "bf16", "fp32"]
    hint: Literal["auto", "throughput", "latency"]
    threads: int = Field(ge=0)
    streams: int = Field(ge=0)
    workers: int = Field(ge=0)
    single: float = Field(gt=0)
    saturated: float = Field(gt=0)
    made: str
    facts: dict[str, str]

    def __str__(self) -> str:
        """In a few words."""
        counts = {"threads": self.threads, "streams": self.streams, "workers": self.workers}
        parts = [f"{self.device} {self.precision}", f"hint {self.hint}"]
        parts += [f"{name} {count}" for name, count in counts.items() if count]
        return (
            f"{', '.join(parts)} ({self.single:.2f} of the default's speed one frame at a time, "
            f"{self.saturated:.2f} saturated, {self.made})"
        )


class Choices:
    """The choices in a cache directory."""

    def __init__(self, cache_dir: Path) -> None:
        """Use a folder inside the cache directory; it is made when it is needed."""
        self._folder = cache_dir / _FOLDER

    def find(self, model: str, facts_now: Callable[[], Mapping[str, str]]) -> Choice | None:
        """The choice for a model that was made under the facts of now.

        What was chosen under others is ignored, and the log says what differs.

        Args:
            model: NAME:VERSION.
            facts_now: of this machine and model; asked only if there is something to compare.
        """
        folder = self._folder / _file_name(model)
        try:
            paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        except OSError:
            return None
        found = [choice for path in reversed(paths) if (choice := _read(path)) is not None]
        if not found:
            return None
        facts = facts_now()
        for choice in found:
            if choice.model == model and choice.facts == facts:
                return choice
        _log.warning(
            "model %s: what `edgeserve tune` chose is ignored, it was made under other "
            "circumstances (%s); run it again",
            *(model, _differences(found[0].facts, facts)),
        )
        return None

    def prepare(self, model: str) -> Path:
        """Make the folder of a model, so that a long measurement is not for nothing.

        Raises:
            OSError: the disk refuses.
        """
        folder = self._folder / _file_name(model)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder

    def write(self, choice: Choice) -> Path:
        """Keep a choice, in the place of an earlier one under the same facts.

        Returns:
            The file.

        Raises:
            OSError: the disk refuses.
        """
        folder = self.prepare(choice.model)
        facts = json.dumps(choice.facts, sort_keys=True)
        path = folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:16]}.json"
        handle, scratch = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(choice.model_dump_json(indent=2) + "\n")
            # A server may run as another user than who tunes; there is nothing secret in it.
            Path(scratch).chmod(0o644)
            Path(scratch).replace(path)
        except OSError:
            Path(scratch).unlink(missing_ok=True)
            raise
        files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        for old in files[:-_MOST_FILES]:
            old.unlink(missing_ok=True)
        return path


def _file_name(model: str) -> str:
    return model.replace(":", "-")


def _read(path: Path) -> Choice | None:
    try:
        return Choice.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        words = " ".join(str(error).split())
        _log.warning("%s is ignored, it is no choice of `edgeserve tune`: %.200s", path, words)
        return None


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    return "; ".join(
        f"{name} was {then.get(name, 'unknown')}, is {now.get(name, 'unknown')}"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    )
