"""`train`: from the command line to a trainer."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import TYPE_CHECKING

import torch

from models.recipe import load_recipe
from models.training.dataset import Origins, load_split, split_folder
from models.training.feeder import Feeder
from models.training.schedule import Budget
from models.training.teacher import Teacher, teach
from models.training.trainer import Trainer

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_LONGEST_PX = 448


def run(arguments: argparse.Namespace, runs: Path) -> None:
    """Train."""
    recipe = load_recipe(arguments.recipe)
    folder: Path = arguments.out or runs / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    origins = Origins.load(arguments.data, recipe.model.classes)
    train = load_split(
        split_folder(arguments.data, "train", runs / "data"), _LONGEST_PX, arguments.taught
    )
    val = load_split(split_folder(arguments.data, "val", runs / "data"))
    budget = Budget(
        deadline=_deadline(arguments.deadline) if arguments.deadline else None,
        minutes=arguments.minutes,
        epochs=arguments.epochs,
        started=time.time(),
    )
    torch.set_num_threads(arguments.threads)
    judged = recipe.train.judged
    if judged not in {sample.origin for sample in val}:
        msg = f"no val picture of the origin {judged!r}, by which the recipe picks its weights"
        raise ValueError(msg)
    trainer = Trainer(recipe, folder, budget)
    if arguments.resume:
        trainer.resume()
    feeder = Feeder(train, origins, recipe, [recipe.train.seed, trainer.images])
    feeder.start(budget.progress(trainer.images, recipe.train.epoch_images))
    trainer.journal.say(
        f"{recipe.name}: {len(train)} pictures to train on, {len(val)} to judge by, "
        f"{'bfloat16' if trainer.bfloat16 else 'float32'}"
    )
    try:
        trainer.fit(feeder, val, origins)
    finally:
        feeder.stop()


def teach_split(arguments: argparse.Namespace, runs: Path) -> None:
    """Let a teacher label the training split."""
    origins = Origins.load(arguments.data, load_recipe(arguments.recipe).model.classes)
    names = arguments.names.read_text().split("\n")
    train = split_folder(arguments.data, "train", runs / "data")
    counts = teach(Teacher(arguments.teacher), names, train, origins, arguments.out)
    sys.stdout.write("".join(f"{name} {count}\n" for name, count in counts.items()))


def _deadline(text: str) -> float:
    """Unix time of the next HH:MM UTC."""
    now = dt.datetime.now(dt.timezone.utc)
    hour, minute = (int(part) for part in text.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then += dt.timedelta(days=1)
    return then.timestamp()
