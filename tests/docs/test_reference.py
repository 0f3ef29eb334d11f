"""The reference names everything that is public."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pullsecrets

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DIRECTIVE = re.compile(
    r"^\.\. auto(?:class|function|exception|data):: (?:pullsecrets\.)?(\S+)", re.MULTILINE
)


@pytest.mark.parametrize("name", pullsecrets.__all__)
def test_public_name_is_in_the_reference(name):
    pages = "\n".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
    assert name in DIRECTIVE.findall(pages)
