"""Bars side by side, as SVG: a title, a group for each number of connections, a bar for each subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, log10
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 860, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 90
_LINE = 18
# Told apart with most kinds of colour vision.
_COLOURS = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#009e73", "#cc79a7")
_FONT = 'font-family="sans-serif" font-size="12"'


def bars(title: str, unit: str, groups: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """The picture. A series has a value a group; None where it was not measured."""
    top = _nice_top(max((value for values in series.values() for value in values if value is not None), default=1.0))
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def up(value: float) -> float:
        return _TOP + height * (1 - value / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="24" font-family="sans-serif" font-size="15">{escape(title)} ({escape(unit)})</text>',
    ]
    for step in range(5):
        value = top * step / 4
        y = f"{up(value):.1f}"
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end" {_FONT}>{value:,g}</text>')
    group_width = width / max(len(groups), 1)
    bar = group_width * 0.8 / max(len(series), 1)
    for place, group in enumerate(groups):
        left = _LEFT + place * group_width + group_width * 0.1
        middle = f"{left + group_width * 0.4:.1f}"
        parts.append(f'<text x="{middle}" y="{_TOP + height + 16}" text-anchor="middle" {_FONT}>{escape(group)}</text>')
        for number, (name, values) in enumerate(series.items()):
            found = values[place]
            if found is not None:
                shape = f'x="{left + number * bar:.1f}" y="{up(found):.1f}" width="{bar * 0.92:.1f}"'
                parts.append(
                    f'<rect {shape} height="{_TOP + height - up(found):.1f}" fill="{_colour(number)}">'
                    f"<title>{escape(name)}, {escape(group)}: {found:,g}</title></rect>"
                )
    parts += _legend(list(series))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(names: Sequence[str]) -> list[str]:
    parts = []
    for number, name in enumerate(names):
        x, y = _LEFT + number % 3 * 260, _HEIGHT - _BOTTOM + 44 + number // 3 * _LINE
        parts.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{_colour(number)}"/>')
        parts.append(f'<text x="{x + 18}" y="{y}" {_FONT}>{escape(name)}</text>')
    return parts


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _nice_top(value: float) -> float:
    """The end of the axis: a round number that is not below the value."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** (ceil(log10(value)) - 1)
    return next(unit * step for step in (1, 2, 4, 6, 8, 10) if unit * step >= value)
