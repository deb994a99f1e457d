"""Which bundle a name means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.repository import Repository, shipped_dir
from edgeserve.domain.errors import ConfigurationError, ModelNotFoundError
from tests.catalog import bundles

if TYPE_CHECKING:
    from pathlib import Path


def add(folder: Path, name: str, version: str, *, described: str = "for tests") -> Path:
    text = bundles.manifest(name, version, (("for tests", described),))
    return bundles.write(folder / name / version, text)


def listed(repository: Repository) -> list[str]:
    return [f"{b.manifest.name}:{b.manifest.version}" for b in repository.bundles()]


def test_bundles_lie_in_a_folder_by_name_or_by_name_and_version(tmp_path: Path) -> None:
    flat = bundles.write(tmp_path / "flat", bundles.manifest("flat", "7"))
    deep = add(tmp_path, "deep", "3")
    repository = Repository(tmp_path)
    assert listed(repository) == ["deep:3", "flat:7"]
    assert repository.find("flat").folder == flat
    assert repository.find("deep", "3").folder == deep


def test_an_earlier_folder_wins_by_name_and_version(tmp_path: Path) -> None:
    add(tmp_path / "shipped", "tiny", "1", described="shipped")
    add(tmp_path / "shipped", "other", "1", described="shipped")
    add(tmp_path / "own", "tiny", "1", described="own")
    repository = Repository(tmp_path / "own", tmp_path / "shipped")
    assert repository.find("tiny").manifest.description == "own"
    assert repository.find("tiny", "1").manifest.description == "own"
    found = {b.manifest.name: b.manifest.description for b in repository.bundles()}
    assert found == {"tiny": "own", "other": "shipped"}


@pytest.mark.parametrize(
    "rising",
    [
        ("2", "10"),
        ("1.2", "1.10"),
        ("1.9.9", "2"),
        ("1", "1.1"),
        ("v2", "v10"),
        ("2025-9", "2025-10"),
    ],
)
def test_the_newest_version_serves_unless_one_is_named(
    rising: tuple[str, str],
    tmp_path: Path,
) -> None:
    older, newer = rising
    for version in rising:
        add(tmp_path, "tiny", version)
    repository = Repository(tmp_path)
    assert repository.find("tiny").manifest.version == newer
    assert repository.find("tiny", older).manifest.version == older
    assert listed(repository) == [f"tiny:{older}", f"tiny:{newer}"]


def test_a_missing_model_lists_those_that_exist(tmp_path: Path) -> None:
    add(tmp_path, "tiny", "1")
    add(tmp_path, "wide", "2")
    absent = tmp_path / "absent"
    with pytest.raises(ModelNotFoundError) as refusal:
        Repository(absent, tmp_path).find("tinny")
    text = str(refusal.value)
    assert text.startswith("there is no model 'tinny' in ")
    assert str(absent) in text
    assert text.endswith("there is: tiny:1, wide:2")


def test_a_missing_version_lists_those_that_exist(tmp_path: Path) -> None:
    add(tmp_path, "tiny", "1")
    with pytest.raises(ModelNotFoundError, match=r"no model 'tiny:2' in .*; there is: tiny:1$"):
        Repository(tmp_path).find("tiny", "2")


def test_an_empty_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="there is: none"):
        Repository(tmp_path / "absent").find("tiny")


def test_a_broken_manifest_does_not_hide_other_models(tmp_path: Path) -> None:
    add(tmp_path, "tiny", "1")
    broken = add(tmp_path, "broken", "1")
    (broken / "model.toml").write_text("labels = 3", encoding="utf-8")
    repository = Repository(tmp_path)
    assert listed(repository) == ["tiny:1"]
    assert repository.find("tiny").manifest.version == "1"
    with pytest.raises(ModelNotFoundError, match=r"there is: tiny:1$"):
        repository.find("absent")
    with pytest.raises(ConfigurationError, match=r"broken/1/model\.toml"):
        repository.find("broken")


def test_a_bundle_is_found_by_the_name_in_its_manifest(tmp_path: Path) -> None:
    folder = bundles.write(tmp_path / "downloaded (1)", bundles.manifest("tiny", "1"))
    repository = Repository(tmp_path)
    assert listed(repository) == ["tiny:1"]
    assert repository.find("tiny").folder == folder


def test_every_shipped_bundle_is_whole() -> None:
    assert shipped_dir().is_dir()
    for path in shipped_dir().glob("*/model.toml"):
        bundle = Bundle.read(path.parent)
        bundle.verify()
        assert bundle.manifest.name == path.parent.name
