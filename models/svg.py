"""Boxes and arrows as SVG text."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INK, _FAINT = "#1f2933", "#52606d"
_LINE_PX, _FIRST_LINE_PX = 17, 21
_PADDING_PX = 12
_HEAD = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="{_FAINT}"/></marker></defs>'
)


@dataclass(frozen=True)
class Box:
    """A rectangle with lines of text, the first of them bold. Pixels from the top left."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    fill: str
    lines: Sequence[str]

    @property
    def right_px(self) -> int:
        """X of the right side."""
        return self.x_px + self.width_px

    @property
    def bottom_px(self) -> int:
        """Y of the lower side."""
        return self.y_px + self.height_px

    def svg(self) -> str:
        """As elements."""
        sides = f'width="{self.width_px}" height="{self.height_px}"'
        look = f'rx="6" fill="{self.fill}" stroke="{_FAINT}"'
        parts = [f'<rect x="{self.x_px}" y="{self.y_px}" {sides} {look}/>']
        for number, line in enumerate(self.lines):
            y = self.y_px + _FIRST_LINE_PX + number * _LINE_PX
            parts.append(text(self.x_px + _PADDING_PX, y, line, bold=number == 0))
        return "".join(parts)


def text(x_px: int, y_px: int, words: str, *, bold: bool = False, size_px: int = 12) -> str:
    """Words that begin at a point of their base line."""
    style = f'font-weight="600" fill="{_INK}"' if bold else f'fill="{_FAINT}"'
    return f'<text x="{x_px}" y="{y_px}" font-size="{size_px}" {style}>{escape(words)}</text>'


def arrow(x1_px: int, y1_px: int, x2_px: int, y2_px: int) -> str:
    """A straight arrow from the first point to the second."""
    return (
        f'<path d="M{x1_px} {y1_px} {x2_px} {y2_px}" stroke="{_FAINT}" stroke-width="1.5" '
        'fill="none" marker-end="url(#tip)"/>'
    )


def document(width_px: int, height_px: int, elements: Sequence[str]) -> str:
    """A whole file on a white ground."""
    sides = f'width="{width_px}" height="{height_px}"'
    view = f'viewBox="0 0 {width_px} {height_px}" font-family="system-ui, sans-serif"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {sides} {view}>'
    return "\n".join([start, _HEAD, f'<rect {sides} fill="#ffffff"/>', *elements, "</svg>\n"])
