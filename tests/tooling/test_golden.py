from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.golden import write_golden

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle


def test_holds_pictures_and_what_is_in_them(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    pictures = [path.read_bytes() for path in sorted((squares / "val").glob("*.png"))]
    path = tmp_path / "golden.npz"

    count = write_golden(bundle.spec, pictures, path)

    golden = np.load(path, allow_pickle=False)
    starts = [0, *golden["picture_ends"][:-1].tolist()]
    stored = golden["picture_bytes"].tobytes()
    ends = golden["picture_ends"].tolist()
    assert [stored[a:b] for a, b in zip(starts, ends, strict=True)] == pictures
    assert golden["picture_ids"].tolist() == sorted(golden["picture_ids"].tolist())
    assert len(golden["scores"]) == len(golden["class_ids"]) == len(golden["boxes_xyxy"]) == count
    assert (golden["scores"] > 0.9).sum() == 4 * len(pictures)
    assert golden["selection"].tolist() == [0.05, 0.6, 100]
    assert int(golden["format"]) == 1


def test_is_the_same_each_time(bundle: Bundle, squares: Path, tmp_path: Path) -> None:
    pictures = [next((squares / "val").glob("*.png")).read_bytes()]
    for name in ("a.npz", "b.npz"):
        write_golden(bundle.spec, pictures, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
