"""Batches, made by a process beside the trainer."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.training.augment import Example, mosaic, single
from models.training.label_mask import label_mask

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from numpy.typing import NDArray

    from models.recipe import Recipe
    from models.training.dataset import Origins, Sample

_DEPTH = 4
_PATIENCE_S = 5.0
_SURE = 0.5
"""A teacher's finding that scores less is neither an object nor background."""


@dataclass(frozen=True)
class Batch:
    """What one step learns from; coordinates in pixels of the training pictures."""

    images: NDArray[np.uint8]
    """(B, S, S, 3) uint8 BGR."""
    picture: NDArray[np.int64]
    """(G,) int64: which of the B pictures an object is in."""
    boxes: NDArray[np.float32]
    """(G, 4) float32 xyxy."""
    classes: NDArray[np.int64]
    """(G,) int64."""
    labelled: NDArray[np.bool_]
    """(B, N, classes) bool: what counts in the class loss."""


class Sampler:
    """Draws origins by weight, and each origin's pictures in shuffled turns."""

    def __init__(
        self, samples: list[Sample], weights: dict[str, float], rng: np.random.Generator
    ) -> None:
        """Turn shares of origins into chances."""
        self._rng = rng
        self._turns: list[list[int]] = []
        self._members: list[list[Sample]] = []
        chances = []
        for origin in sorted({sample.origin for sample in samples}):
            self._members.append([sample for sample in samples if sample.origin == origin])
            self._turns.append([])
            chances.append(weights.get(origin, 0.0))
        self._chances = np.array(chances) / sum(chances)

    def draw(self) -> Sample:
        """Return the next picture."""
        index = int(self._rng.choice(len(self._chances), p=self._chances))
        if not self._turns[index]:
            self._turns[index] = self._rng.permutation(len(self._members[index])).tolist()
        return self._members[index][self._turns[index].pop()]


def collate(examples: list[Example], origins: Origins, strides: list[int]) -> Batch:
    """Join examples of one size."""
    size = examples[0].pixels.shape[0]
    sure = [e.scores >= _SURE for e in examples]
    picture = [np.full(int(s.sum()), i, dtype=np.int64) for i, s in enumerate(sure)]
    pairs = list(zip(examples, sure, strict=True))
    masks = [
        label_mask(
            size,
            strides,
            e.tiles,
            origins.labelled,
            [(*box, int(c)) for box, c in zip(e.boxes[~s].tolist(), e.classes[~s], strict=True)],
        )
        for e, s in pairs
    ]
    return Batch(
        images=np.stack([e.pixels for e in examples]),
        picture=np.concatenate(picture),
        boxes=np.concatenate([e.boxes[s] for e, s in pairs]),
        classes=np.concatenate([e.classes[s] for e, s in pairs]),
        labelled=np.stack(masks),
    )


class Feeder:
    """A forked process that shares the decoded pictures and makes batches ahead of time."""

    def __init__(
        self, samples: list[Sample], origins: Origins, recipe: Recipe, seed: list[int]
    ) -> None:
        """Prepare; `start` forks."""
        context = multiprocessing.get_context("fork")
        self._queue: multiprocessing.Queue[Batch] = context.Queue(_DEPTH)
        self._progress = context.Value("d", 0.0)
        self._arguments = (samples, origins, recipe, seed)
        self._process: BaseProcess = context.Process(target=self._make, daemon=True)

    def start(self, progress: float) -> None:
        """Fork. Before any work of the trainer's threads: a fork copies no threads."""
        self._progress.value = progress
        self._process.start()

    def next(self, progress: float) -> Batch:
        """Take a batch; batches made from now on are of this share of the run."""
        self._progress.value = progress
        while True:
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=_PATIENCE_S)
            if not self._process.is_alive():
                msg = "the process that makes batches has died"
                raise RuntimeError(msg)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def _make(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        cv2.setNumThreads(0)
        parent = os.getppid()
        samples, origins, recipe, seed = self._arguments
        pad = recipe.input.pad
        rng = np.random.default_rng(seed)
        sampler = Sampler(samples, recipe.train.origin_weights, rng)
        while True:
            progress = self._progress.value
            size, chance = recipe.train.size_at(progress), recipe.train.mosaic_at(progress)
            examples = [
                mosaic(sampler.draw, size, pad, rng)
                if rng.random() < chance
                else single(sampler.draw(), size, pad, rng)
                for _ in range(recipe.train.batch)
            ]
            batch = collate(examples, origins, recipe.model.strides)
            while True:
                with contextlib.suppress(queue.Full):
                    self._queue.put(batch, timeout=_PATIENCE_S)
                    break
                if os.getppid() != parent:
                    return
