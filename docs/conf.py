"""Sphinx: MyST pages and notebooks, furo, nothing fetched from the network."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from sphinx.domains.python import PyObject

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "pullsecrets"
author = "The pullsecrets developers"
copyright = "The pullsecrets developers, Apache-2.0"  # noqa: A001 - the name is Sphinx's

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "_comparison",
    "_pictures",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]
default_role = "code"  # `name` in a docstring

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Notebooks run in the build; one that fails is an error. Without outputs in the repository.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # the name of a table, not all that is in it
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_use_ivar = True

html_theme = "furo"
html_title = "pullsecrets"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
pygments_dark_style = "a11y-high-contrast-dark"  # furo's own underlines names
html_theme_options = {
    "navigation_with_keys": True,
    # System fonts: the site loads nothing from elsewhere.
    "light_css_variables": {
        "color-brand-primary": "#0b5cad",
        "color-brand-content": "#0b5cad",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cb7ff",
        "color-brand-content": "#7cb7ff",
    },
}

_PYPROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
_REPOSITORY = "/".join(_PYPROJECT["project"]["urls"]["Repository"].split("/")[-2:])

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"


def _keep_sentences(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from taking the words before a colon for a type: here types are annotations."""
    firsts = [at + 1 for at, line in enumerate(lines[:-1]) if line in ("Returns:", "Yields:")]
    if what == "property":
        firsts.append(0)
    for at in firsts:
        lines[at] = lines[at].replace(": ", " – ", 1)


def _with_defaults(
    app: object,
    what: str,
    name: str,
    obj: type,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Put the defaults of a class's fields in place of the code that attrs writes for them."""
    if signature is None or not attrs.has(obj):
        return signature, returns
    fields = attrs.fields_dict(obj)
    written = r"attr_dict\['(\w+)'\]\.default"
    return re.sub(written, lambda found: repr(fields[found[1]].default), signature), returns


def _name_the_repository(app: object, page: str, source: list[str]) -> None:
    """Put the repository that pyproject.toml names in place of OWNER/pullsecrets."""
    source[0] = source[0].replace("OWNER/pullsecrets", _REPOSITORY)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", _name_the_repository)
    app.connect("autodoc-process-docstring", _keep_sentences, priority=400)
    app.connect("autodoc-process-signature", _with_defaults)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
