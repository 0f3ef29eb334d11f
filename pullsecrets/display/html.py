"""Compact HTML tables for notebooks: escaped, readable on light and dark pages, without script.

Text takes the page's own colour; only the severities have colours, white on dark, which can be
read on any page. Where a viewer strips the style, plain tables remain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Final

from pullsecrets.diagnoses import Diagnoses
from pullsecrets.display.text import (
    attempt,
    cluster_title,
    list_used,
    pod_title,
    secret_title,
    source_title,
    verdict_mark,
)
from pullsecrets.trace import EntryTrace, Explanation, PodExplanation
from pullsecrets.keyring import Resolution
from pullsecrets.cluster import Cluster
from pullsecrets.secrecy import printable, redact_entry

__all__ = [
    "MAX_ROWS",
    "cluster_html",
    "diagnoses_html",
    "explanation_html",
    "pod_explanation_html",
    "resolution_html",
]

MAX_ROWS: Final = 60
"""Rows that a table shows at most; `to_records` has them all."""

# The doubled class outweighs the notebooks' own rules for tables and code.
_STYLE: Final = """<style>
.pullsecrets { font-size: 0.9em; line-height: 1.35; overflow-x: auto; }
.pullsecrets.pullsecrets table {
  border-collapse: collapse; font-size: inherit; margin: 0.4em 0; width: auto; }
.pullsecrets.pullsecrets th, .pullsecrets.pullsecrets td {
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35); max-width: 42em;
  padding: 0.25em 0.7em 0.25em 0; text-align: left; vertical-align: top; white-space: normal; }
.pullsecrets.pullsecrets th { font-weight: 600; opacity: 0.75; }
.pullsecrets.pullsecrets table tr, .pullsecrets.pullsecrets table tr:hover { background: none; }
.pullsecrets.pullsecrets caption {
  caption-side: top; color: inherit; font-style: normal; padding: 0.2em 0; text-align: left; }
.pullsecrets.pullsecrets caption span { font-weight: 400; opacity: 0.75; }
.pullsecrets.pullsecrets code {
  background: none; border: 0; color: inherit; font-size: 0.95em; padding: 0;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: break-word; white-space: normal; }
.pullsecrets .faint { opacity: 0.75; }
.pullsecrets .badge {
  border-radius: 0.7em; color: #fff; font-size: 0.9em; padding: 0.05em 0.6em;
  white-space: nowrap; }
.pullsecrets .error { background: #b42318; }
.pullsecrets .warning { background: #8a5300; }
.pullsecrets .note { background: #2b5f9e; }
.pullsecrets .good { background: #24703a; }
</style>"""

_BREAK: Final = re.compile(r"(?<=\w)(?:[/:.@]|(?=\[))(?=[\w\[])")
_SHORT: Final = 24  # characters that stay together
_BREAKABLE: Final = r"\g<0><wbr>"


def _box(*parts: str) -> str:
    return f'<div class="pullsecrets">{_STYLE}{"".join(parts)}</div>'


def _text(text: str) -> str:
    return escape(printable(text))


def _code(text: str) -> str:
    """Monospaced; a long name may break behind the marks that it consists of."""
    shown = _text(text)
    return f"<code>{shown if len(text) <= _SHORT else _BREAK.sub(_BREAKABLE, shown)}</code>"


def _faint(text: str) -> str:
    return f'<span class="faint">{_text(text)}</span>'


def _badge(kind: str, text: str) -> str:
    return f'<span class="badge {kind}">{_text(text)}</span>'


def _table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{_text(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _more(shown: int, of: int, what: str) -> str:
    return "" if shown >= of else f"<p>{_faint(f'… and {of - shown:,} more {what}')}</p>"


def cluster_html(cluster: Cluster) -> str:
    """One row for each image, with what is tried for it."""
    rows = [
        (
            _text(pod_title(answer.pod)),
            _text(answer.container),
            _code(answer.written),
            _attempts(answer.resolution),
        )
        for answer in islice(cluster.resolve_all(), MAX_ROWS)
    ]
    caption = f"<strong>Cluster</strong> <span>{_text(cluster_title(cluster))}</span>"
    images = sum(len(pod.images) for pod in cluster.pods)
    table = _table(caption, ("pod", "container", "image", "tried, in this order"), rows)
    return _box(table, _more(len(rows), images, "images"))


def _attempts(resolution: Resolution) -> str:
    if resolution.failure is not None:
        return f"{_badge('error', 'fails')} {_text(resolution.failure)}"
    if resolution.anonymous:
        return _faint("anonymous")
    lines = [
        attempt(number, candidate) for number, candidate in enumerate(resolution.candidates, 1)
    ]
    chance = "" if resolution.is_deterministic else _badge("warning", "order left to chance")
    return "<br>".join([*map(_text, lines), *([chance] if chance else [])])


def resolution_html(resolution: Resolution) -> str:
    """One row for each candidate."""
    image = _code(str(resolution.image))
    notes = "".join(f"<p>{_faint(warning)}</p>" for warning in resolution.warnings)
    if not resolution.candidates:
        return _box(f"<p>{image} {_attempts(resolution)}</p>", notes)
    rows = [
        (
            str(number),
            _text(source_title(candidate.source)),
            _code(redact_entry(candidate.entry)),
            _code(redact_entry(candidate.key)),
            _text(candidate.credential.username),
        )
        for number, candidate in enumerate(resolution.candidates, 1)
    ]
    chance = "" if resolution.is_deterministic else _badge("warning", "order left to chance")
    caption = f"<strong>{image}</strong> <span>tried in this order</span> {chance}"
    return _box(_table(caption, ("", "from", "entry", "key", "user"), rows), notes)


def explanation_html(explanation: Explanation) -> str:
    """One row for each entry, with what does not match side by side."""
    return _box(_explained(explanation))


def pod_explanation_html(explanation: PodExplanation) -> str:
    """The tables of all images of the pod."""
    admission = explanation.admission
    used = "" if admission is None else f"<br>{_faint(list_used(admission))}"
    heading = f"<p><strong>{_text(pod_title(explanation.pod))}</strong>{used}</p>"
    return _box(heading, *map(_explained, explanation.images))


def _explained(explanation: Explanation) -> str:
    rows: list[tuple[str, ...]] = []
    for secret in explanation.secrets:
        first = _text(secret_title(secret))
        if not secret.entries:
            kind = "error" if secret.reason is not None else "note"
            mark = _badge(kind, secret.reason.value if secret.reason is not None else "empty")
            rows.append((first, "", f"{mark} {_text(secret.message)}", "", ""))
        for entry in secret.entries:
            rows.append((first, _code(redact_entry(entry.entry)), *_verdict(entry)))
            first = ""
    image = _code(explanation.written or str(explanation.image))
    caption = f"<strong>{image}</strong> <span>{_text(explanation.headline)}</span>"
    if not rows:
        return f"<p>{caption}</p>"
    headings = ("secret", "entry", "verdict", "in the key", "in the image")
    # Without anything to compare the last two would stand empty.
    used = len(headings) if any(row[-1] for row in rows) else len(headings) - 2
    return _table(caption, headings[:used], [row[:used] for row in rows])


def _verdict(entry: EntryTrace) -> tuple[str, str, str]:
    if entry.reason is None:
        return _badge("good", verdict_mark(entry)) + " candidate", "", ""
    if not entry.in_image:
        return f"✗ {_text(entry.sentence)}", "", ""
    return f"✗ {_text(entry.reason.value)} differs", _code(entry.in_key), _code(entry.in_image)


def diagnoses_html(diagnoses: Diagnoses) -> str:
    """One row for each diagnosis."""
    if not diagnoses:
        return _box(f"<p>{_badge('good', '✓')} No diagnosis.</p>")
    rows = [
        (
            _badge(each.severity.value, each.severity.value),
            _code(each.code),
            f"{_text(each.message)}<br>{_faint(each.advice)}",
            _text(f"{each.where.kind} {each.where.namespace}/{each.where.name}")
            + f"<br>{_code(each.where.field)}",
        )
        for each in diagnoses[:MAX_ROWS]
    ]
    count = len(diagnoses)
    caption = f"<strong>{count:,} diagnos{'is' if count == 1 else 'es'}</strong>"
    table = _table(caption, ("", "code", "what is wrong, what to do", "where"), rows)
    return _box(table, _more(len(rows), count, "diagnoses"))
