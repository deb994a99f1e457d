"""What exporters write into a file, read without running any of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.errors import ConfigurationError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit
from edgeserve.tooling.importing.metadata import describe


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("names", "{0: 'person', 1: 'traffic light'}"),
        ("names", '{"1": "traffic light", "0": "person"}'),
        ("names", "['person', 'traffic light']"),
        ("classes", '["person", "traffic light"]'),
        ("labels", "person,traffic light"),
        ("class_names", "person, traffic light"),
    ],
)
def test_class_names_in_every_spelling(key: str, text: str) -> None:
    assert describe({key: text}).labels == ("person", "traffic light")


def test_names_with_blanks_between_them() -> None:
    assert describe({"labels": "person traffic_light"}).labels == ("person", "traffic_light")


def test_strides_sizes_and_channels() -> None:
    found = describe(
        {
            "stride": "32",
            "imgsz": "[480, 640]",
            "reg_max": "16",
            "color_order": "bgr",
            "fit": "top-left",
            "pad": "114",
            "mean": "123.7 116.3 103.5",
            "std": "[58.4, 57.1, 57.4]",
            "task": "detect",
        }
    )
    assert found.strides == (8, 16, 32)
    assert found.size_px == (640, 480)
    assert found.reg_max == 16
    assert found.color_order is ColorOrder.BGR
    assert found.fit is Fit.TOP_LEFT
    assert found.pad_value == 114
    assert found.mean == (123.7, 116.3, 103.5)
    assert found.std == (58.4, 57.1, 57.4)
    assert found.notes == ()
    assert describe({"stride": "[8.0, 16.0]"}).strides == (8, 16)
    assert describe({"imgsz": "320"}).size_px == (320, 320)
    assert describe({"reverse_input_channels": "True"}).color_order is ColorOrder.RGB
    assert describe({"resize_type": "standard"}).fit is Fit.STRETCH


def test_another_task_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its task is 'segment'; only detection"):
        describe({"task": "segment"})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("names", "__import__('os').system('false')"),
        ("names", "{0: 'person', 2: 'car'}"),
        ("names", "['person', '']"),
        ("names", "[" * 100_000),
        ("names", "x" * (1 << 21)),
        ("stride", "0"),
        ("imgsz", "[1, 2, 3]"),
        ("imgsz", "-1"),
        ("mean", "1,2"),
        ("std", "nan"),
        ("std", "0"),
        ("pad", "256"),
        ("pad", "many"),
        ("fit", "loose"),
        ("color_order", "CMYK"),
    ],
)
def test_what_is_not_understood_is_told_and_passed_over(key: str, text: str) -> None:
    found = describe({key: text})
    if "__import__" in text:
        assert found.labels != ()  # a text like any other: nothing was run
        return
    (note,) = found.notes
    assert note.startswith(f"metadata {key} = ")
    assert len(note) < 200
    assert found == describe({}).__class__(notes=found.notes)


KEYS = ["names", "stride", "imgsz", "reg_max", "pad", "mean", "std", "fit", "color_order"]


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=40)))
def test_any_text_is_read_or_told(metadata: dict[str, str]) -> None:
    describe(metadata)
