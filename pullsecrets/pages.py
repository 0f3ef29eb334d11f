"""A report as one HTML file: no script, nothing to load, light and dark, and it prints.

>>> from pullsecrets.tables import Tone
>>> page("A < B", stacked_bar([("good", 3, Tone.GOOD)])).startswith("<!DOCTYPE html>")
True
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from pullsecrets.secrecy import printable
from pullsecrets.tables import Tone, html_box

__all__ = ["page", "section", "stacked_bar"]

_STYLE: Final = """
:root { color-scheme: light dark; }
body { background: Canvas; color: CanvasText; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; }
.bar { display: block; height: 1.5rem; margin: 0.5rem 0; width: 100%; }
.bar rect { stroke: Canvas; stroke-width: 1; vector-effect: non-scaling-stroke; }
.bar .error { fill: #d1392c; } .bar .warning { fill: #b97a00; }
.bar .note { fill: #4c83c4; } .bar .good { fill: #35914f; }
.legend { margin: 0 0 1rem; } .legend span { margin-right: 1rem; white-space: nowrap; }
summary { cursor: pointer; margin: 2rem 0 0.5rem; } summary h2 { display: inline; }
@media screen and (max-width: 40rem) { body { margin: 0.5rem auto; } }
@media print {
  :root { color-scheme: light; } body { font-size: 11px; margin: 0; max-width: none; }
  tr { break-inside: avoid; } .group { break-after: avoid; }
  details + details { break-before: page; }
  .bar { print-color-adjust: exact; }
}
"""


def page(title: str, *parts: str) -> str:
    """A whole document.

    Args:
        title: What it is about.
        parts: What is below the title, as HTML that is safe already.
    """
    shown = escape(printable(title))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{shown}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{shown}</h1>\n{html_box(*parts)}\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what is below it, as HTML that is safe already; nothing without parts.

    A click on the heading folds it, as what is below may be long.
    """
    if not parts:
        return ""
    head = f"<summary><h2>{escape(printable(title))}</h2></summary>"
    return f"<details open>{head}{''.join(parts)}</details>"


def stacked_bar(parts: Iterable[tuple[str, int, Tone]]) -> str:
    """A chart: one bar, each part as wide as its share, with a legend. Empty if there is nothing.

    Args:
        parts: The name, the number and the tone of each part.
    """
    those = [part for part in parts if part[1]]
    total = sum(number for _, number, _ in those)
    drawn, legend, left = [], [], 0.0
    for name, number, tone in those:
        width = 100 * number / total
        label = escape(printable(f"{number:,} {name}"))
        drawn.append(
            f'<rect class="{tone}" x="{left:.3f}" y="0" width="{width:.3f}" height="4">'
            f"<title>{label}</title></rect>"
        )
        legend.append(f'<span class="{tone}">{label}</span>')
        left += width
    if not drawn:
        return ""
    # What it shows is what the legend says.
    return (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(drawn)}</svg><p class="legend">{" ".join(legend)}</p>'
    )
