"""The pictures in the docs, drawn from the package's real answers.

- The directive `order-picture` draws how a list of secrets becomes an order of attempts.
- `python docs/_pictures.py` writes `_static/resolve.svg`, the output of the README's command. A
  test makes sure that it is up to date.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pullsecrets import PullSecret, resolve

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
RESOLVE = ["resolve", "examples/good/overlapping"]

IMAGE = "quay.io/team-a/portal:2.0"
SECRETS = [
    ("quay-everything", "quay.io"),
    ("ghcr", "ghcr.io"),
    ("quay-team-a", "quay.io/team-a/"),
    ("wildcard", "*.io"),
]


def _text(x: float, y: float, text: str, css: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" class="{css}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, css: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="50" rx="6" class="{css}"/>'


def order_picture() -> str:
    """Draw the pod's list on the left, the order in which the kubelet tries on the right."""
    secrets = [
        PullSecret.from_credentials(name, {entry: ("user", "password")}) for name, entry in SECRETS
    ]
    candidates = resolve(IMAGE, secrets).candidates
    order = [candidate.source.name for candidate in candidates]
    left, right, width, top, step = 1, 299, 220, 74, 64
    parts = [
        _text(left, 18, "imagePullSecrets of the pod,", "head"),
        _text(left, 38, "as listed", "head"),
        _text(right, 18, "tried in this order for", "head"),
        _text(right, 38, IMAGE, "key"),
    ]
    for at, (name, entry) in enumerate(SECRETS):
        y = top + at * step
        used = name in order
        parts += [
            _box(left, y, width, "box" if used else "box out"),
            _text(left + 12, y + 21, name, "name" if used else "name faint"),
            _text(left + 12, y + 40, entry, "key" if used else "key faint"),
        ]
        if used:
            to = top + order.index(name) * step + 25
            start, end = left + width, right - 7
            parts.append(
                f'<path d="M{start} {y + 25} C{start + 40} {y + 25} {end - 40} {to} {end} {to}"'
                ' class="line" marker-end="url(#order-tip)"/>'
            )
        else:
            parts.append(_text(left + width - 12, y + 30, "no match", "note", "end"))
    for at, candidate in enumerate(candidates):
        y = top + at * step
        parts += [
            _box(right, y, width, "box chosen"),
            _text(right + 12, y + 21, f"{at + 1}.", "number"),
            _text(right + 36, y + 21, str(candidate.key), "key strong"),
            _text(right + 36, y + 40, f"from {candidate.source.name}", "from"),
        ]
    y = top + len(candidates) * step
    parts += [
        _text(right + 12, y + 20, "until one pull succeeds;", "note"),
        _text(right + 12, y + 38, "never anonymously", "note"),
    ]
    height = top + len(SECRETS) * step
    return f"""<figure class="order">
<svg viewBox="0 0 520 {height}" role="img" aria-labelledby="order-title order-text">
<title id="order-title">From the list of secrets to the order of attempts</title>
<desc id="order-text">The pod lists {escape(", ".join(name for name, _ in SECRETS))}.
For {IMAGE} the kubelet tries {escape(", then ".join(map(str, order)))}.</desc>
<defs><marker id="order-tip" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7"
orient="auto"><path d="M0 0 L8 4 L0 8 z" class="tip"/></marker></defs>
{chr(10).join(parts)}
</svg>
</figure>"""


# rich's own template loads fonts from a server; this one uses the reader's fonts.
SVG_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-title {{ font: 18px system-ui, sans-serif; }}
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def terminal_picture(arguments: list[str], width: int = 72) -> str:
    """Run the command as in a terminal and draw what it prints."""
    from rich.console import Console
    from rich.text import Text

    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {
        "COLUMNS": str(width),
        "FORCE_COLOR": "1",
        "COLORTERM": "truecolor",
        "TERM": "xterm-256color",
    }
    result = subprocess.run(
        [sys.executable, "-m", "pullsecrets", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ pullsecrets " + " ".join(arguments), style="bold"))
    console.print(Text.from_ansi(result.stdout.rstrip()))
    svg = console.export_svg(title="pullsecrets", code_format=SVG_FORMAT, unique_id="resolve")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this: it adds the directive `order-picture`."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class OrderPicture(Directive):
        def run(self) -> list[nodes.Node]:
            return [nodes.raw("", order_picture(), format="html")]

    app.add_directive("order-picture", OrderPicture)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    picture = ROOT / "docs" / "_static" / "resolve.svg"
    picture.write_text(terminal_picture(RESOLVE), encoding="utf-8")
