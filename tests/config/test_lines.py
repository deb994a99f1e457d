"""Lines of keys, which the parser of TOML does not tell."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.config.lines import line_numbers, line_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = """\
# top
title = "[not.a.table]"
"quoted key" = 1
dotted.key = 2

[serving]  # [[camera]]
listen = '''
drain_delay = 3
[web]
'''
drain_delay = 1

[[camera]]
name = "gate"
crop = [
  0.0,
  0.5, 1.0, 1.0 ]
zones = [{ name = "a" }, { name = "b" }]

  [[camera]]
  name = "yard"
    [[camera.lines]]
    name = "kerb"
    [[camera.lines]]
    name = "lawn"
"""


def test_keys_tables_and_arrays_of_tables_are_found() -> None:
    expected: dict[tuple[str | int, ...], int] = {
        ("title",): 2,
        ("quoted key",): 3,
        ("dotted",): 4,
        ("dotted", "key"): 4,
        ("serving",): 6,
        ("serving", "listen"): 7,
        ("serving", "drain_delay"): 11,
        ("camera", 0): 13,
        ("camera", 0, "name"): 14,
        ("camera", 0, "crop"): 15,
        ("camera", 0, "crop", 0): 15,
        ("camera", 0, "crop", 1): 15,
        ("camera", 0, "crop", 2): 15,
        ("camera", 0, "crop", 3): 15,
        ("camera", 0, "zones"): 18,
        ("camera", 0, "zones", 0): 18,
        ("camera", 0, "zones", 0, "name"): 18,
        ("camera", 0, "zones", 1): 18,
        ("camera", 0, "zones", 1, "name"): 18,
        ("camera", 1): 20,
        ("camera", 1, "name"): 21,
        ("camera", 1, "lines", 0): 22,
        ("camera", 1, "lines", 0, "name"): 23,
        ("camera", 1, "lines", 1): 24,
        ("camera", 1, "lines", 1, "name"): 25,
    }
    assert line_numbers(TEXT) == expected


def test_the_nearest_table_stands_for_a_key_that_is_not_written() -> None:
    lines = line_numbers(TEXT)
    assert line_of(("camera", 1, "lines", 1, "start"), lines) == 24
    assert line_of(("camera", 0, "url"), lines) == 13
    assert line_of(("web", "http_listen"), lines) is None


_STATEMENTS = (
    "", "# comment", "[t{0}]", "[[a]]", "[[a.b]]", "k{0} = 1", 'k{0} = """', '"""', "k{0} = [",
    "1,", "]", "d.k{0} = {{ x = 1 }}", "k{0} = 'x' # y",
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(_STATEMENTS), max_size=12))
def test_every_key_is_found_on_the_line_that_has_its_name(parts: list[str]) -> None:
    text = "\n".join(part.format(number) for number, part in enumerate(parts))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = line_numbers(text)
    written = text.split("\n")
    for path in _leaves(tables):
        assert str(path[-1]) in written[lines[path] - 1]


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - TOML
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in _leaves(part, (*path, key))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for key, part in enumerate(value) for leaf in _leaves(part, (*path, key))]
    return [path] if path else []
