"""Validation: a network that answers with the labels is perfect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("pycocotools")

from edgeserve.geometry.letterbox import Letterbox  # noqa: E402
from models.recipe import load_recipe  # noqa: E402
from models.training.dataset import Origins, Sample  # noqa: E402
from models.training.decode import suppress  # noqa: E402
from models.training.evaluate import evaluate  # noqa: E402
from models.zoo.anchors import anchor_points  # noqa: E402

RECIPE = load_recipe(Path(__file__).parents[2] / "models" / "recipes" / "road-csp-tiny.toml")
ORIGINS = Origins(
    RECIPE.model.classes,
    {"street": np.ones(5, dtype=np.bool_), "people": np.array([True] + [False] * 4)},
)


def _sample(name: str, width: int, height: int, boxes: list[list[float]], ids: list[int]) -> Sample:
    return Sample(
        name,
        name.split("-", 1)[0],
        np.zeros((height, width, 3), dtype=np.uint8),
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(ids, dtype=np.int64),
        np.ones(len(ids), np.float32),
    )


class _Oracle(torch.nn.Module):  # type: ignore[misc,name-defined]
    """Answers with logits that encode the given samples' labels."""

    def __init__(self, samples: list[Sample], extra_class: int | None = None) -> None:
        super().__init__()
        self.samples = samples
        self.extra_class = extra_class

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        points, units = anchor_points(320, 320, RECIPE.model.strides)
        box = torch.full((len(images), 4, 16, len(points)), -30.0)
        cls = torch.full((len(images), 5, len(points)), -20.0)
        for index, sample in enumerate(self.samples):
            height, width = sample.pixels.shape[:2]
            placed = Letterbox.plan(width, height, 320, 320).to_model(sample.boxes)
            for row, label in zip(torch.from_numpy(placed), sample.classes, strict=True):
                centre = (row[:2] + row[2:]) / 2
                # The level on which the sides fit into 15 bins.
                fits = ((row[2:] - row[:2]).max() / 2 + 32) / units < 15
                anchor = int(((points - centre).abs().sum(1) + 1e6 * ~fits).argmin())
                sides = torch.cat([points[anchor] - row[:2], row[2:] - points[anchor]])
                for side, length in enumerate(sides / units[anchor]):
                    low = int(length)
                    box[index, side, low, anchor] = torch.log(1 - (length - low) + 1e-9)
                    box[index, side, low + 1, anchor] = torch.log(length - low + 1e-9)
                cls[index, int(label), anchor] = 5.0
                if self.extra_class is not None:
                    cls[index, self.extra_class, anchor] = 6.0
        return box.flatten(1, 2), cls


def test_perfect_answers_have_full_precision() -> None:
    samples = [
        _sample("street-1", 448, 252, [[10, 20, 100, 90], [200, 50, 400, 240]], [1, 4]),
        _sample("street-2", 240, 448, [[30, 100, 60, 180]], [0]),
        _sample("street-3", 300, 300, [], []),
    ]
    result = evaluate(_Oracle(samples), samples, ORIGINS, RECIPE)["street"]
    assert result.ap == pytest.approx(1, abs=1e-6)
    assert result.ap50 == pytest.approx(1, abs=1e-6)


def test_answers_of_unlabelled_classes_do_not_count() -> None:
    samples = [_sample("people-1", 320, 320, [[40, 40, 120, 200]], [0])]
    result = evaluate(_Oracle(samples, extra_class=3), samples, ORIGINS, RECIPE)["people"]
    assert result.ap == pytest.approx(1, abs=1e-6)
    assert len(result.class_ap50) == 1


def test_wrong_classes_have_none() -> None:
    truth = [_sample("street-1", 320, 320, [[40, 40, 120, 200]], [0])]
    said = [_sample("street-1", 320, 320, [[40, 40, 120, 200]], [2])]
    assert evaluate(_Oracle(said), truth, ORIGINS, RECIPE)["street"].ap50 == 0


def test_suppression_is_within_a_class() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], dtype=np.float32)
    scores = np.array([[0.9, 0.3], [0.8, 0.0], [0.0, 0.5]], dtype=np.float32)
    kept, values, classes = suppress(boxes, scores)
    assert values.tolist() == pytest.approx([0.9, 0.5, 0.3])
    assert classes.tolist() == [0, 1, 1]
    assert kept[0].tolist() == [0, 0, 10, 10]


def test_nothing_over_the_threshold() -> None:
    kept, values, classes = suppress(np.zeros((4, 4), np.float32), np.zeros((4, 5), np.float32))
    assert kept.shape == (0, 4)
    assert len(values) == len(classes) == 0
