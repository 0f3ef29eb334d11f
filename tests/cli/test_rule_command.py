"""``pullsecrets rule``, as somebody types it."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

from click.testing import CliRunner
from rich.console import Console

from pullsecrets.cli import cli
from pullsecrets.cli._report import linked
from pullsecrets.diagnoses import CATALOGUE
from pullsecrets.diagnoses.model import help_uri


def rule(*codes, status=0):
    result = CliRunner().invoke(cli, ["rule", *codes])
    assert result.exit_code == status, result.output
    return result


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_each_code_has_a_page(kind):
    first, *rest = rule(kind.code.lower()).stdout.splitlines()
    assert first == f"{kind.code} {kind.name}  {kind.severity}"
    assert max(map(len, rest[:-1])) <= 96
    words = " ".join(" ".join(rest).split())
    for text in (kind.title, kind.why, kind.advice):
        assert " ".join(kind.plain(text).split()) in words
    assert help_uri(kind) in (None, rest[-1])


def test_the_page_names_its_address(monkeypatch):
    address = "https://docs.example.com/diagnoses/ps502.html"
    monkeypatch.setattr("pullsecrets.cli.rule.help_uri", lambda kind: address)
    assert rule("PS502").stdout.endswith(f"\n\n{address}\n")


def test_several_pages():
    shown = rule("PS502", "PS101").stdout
    assert shown.startswith("PS502 port-differs  warning\n")
    assert "\nPS101 secret-in-another-namespace  error\n" in shown


def test_codes_are_listed():
    lines = rule().stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    assert [line[:5] for line in rule("PS70").stdout.splitlines()] == [
        "PS701",
        "PS702",
        "PS703",
        "PS704",
    ]
    listed = [line[:5] for line in rule("PS70", "PS502").stdout.splitlines()]
    assert listed == ["PS502", "PS701", "PS702", "PS703", "PS704"]


def test_there_is_no_such_code():
    assert "PS999, and there is no such code" in rule("PS502", "PS999", status=2).stderr


def test_a_code_is_a_link_where_the_terminal_can_show_one(monkeypatch):
    address = "https://docs.example.com/diagnoses/ps502.html"
    monkeypatch.setattr("pullsecrets.cli._report.help_uri", lambda kind: address)
    shown = {}
    for terminal, colors in ((True, "standard"), (False, "auto")):
        out = Console(file=io.StringIO(), force_terminal=terminal, color_system=colors)
        out.print(linked(CATALOGUE["PS502"]))
        shown[terminal] = out.file.getvalue()
    assert address in shown[True]
    assert "\x1b]8;" in shown[True]
    assert shown[False] == "PS502\n"


def test_a_page_without_an_address(monkeypatch):
    monkeypatch.setattr("pullsecrets.cli.rule.help_uri", lambda kind: None)
    assert "http" not in rule("ps502").stdout.splitlines()[-1]
