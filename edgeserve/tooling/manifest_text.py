"""`model.toml` from a manifest: the inverse of `catalog.manifest.read_manifest`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeserve.catalog.manifest import Manifest


def manifest_text(manifest: Manifest) -> str:
    """TOML with tables in the order of the manifest's declaration."""
    lines = _table(manifest.model_dump(mode="json", exclude_none=True), "")
    return "\n".join(lines) + "\n"


def _table(values: Mapping[str, Any], path: str) -> Iterator[str]:
    """Lines of a table: its plain keys first, as TOML wants it, then the tables inside it."""
    inner = {}
    for key, value in values.items():
        if _is_tables(value) or isinstance(value, dict):
            inner[key] = value
        elif value != []:  # what is empty is a default
            yield f"{key} = {_value(value)}"
    for key, value in inner.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield f"\n[{name}]"
            yield from _table(value, name)
        else:
            for one in value:
                yield f"\n[[{name}]]"
                yield from _table(one, name)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which no manifest holds a reason for.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    text = f"a manifest holds no {type(value).__name__}"
    raise TypeError(text)
