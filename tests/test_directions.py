"""Imports go one way: from what knows more to what knows less, wherever an import is written."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pullsecrets

PACKAGE = Path(pullsecrets.__file__).parent

# Rooms from left to right: each may know those to its left. A folder is one room.
ROOMS = (
    ("errors",),
    ("_go", "secrecy", "frozen"),
    ("terminal",),
    ("tables", "notes"),
    ("registries", "pages"),
    ("images", "dockerconfig"),
    ("pull_policy", "fields", "flaws"),
    ("workloads",),
    ("metadata",),
    ("objects", "pull_secret"),
    ("makers",),
    ("reading", "names", "kinds"),
    ("matching",),
    ("spelling", "slips"),
    ("node",),
    ("resolution",),
    ("keyring",),
    ("pod_resolution",),
    ("groups", "references"),
    ("admission",),
    ("cluster",),
    ("loading", "handover", "present", "symptoms", "live"),
    ("on_node",),
    ("explanation",),
    ("trace",),
    ("changes", "uses"),
    ("diagnoses", "probe"),
    ("picture",),
    ("testing",),
    ("cli",),
    ("__main__",),
)


def name_of(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def imports_of(source, module, *, is_package=False):
    """The modules of the package that some source imports: at its top, in functions, for types."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")
                above = above[: len(above) - node.level + is_package]
                base = ".".join([*above, *([base] if base else [])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module"
        ):
            found.update(arg.value for arg in node.args if isinstance(arg, ast.Constant))
    return {name for name in found & MODULES.keys() if name != module}


GRAPH = {
    module: imports_of(file.read_text("utf-8"), module, is_package=file.name == "__init__.py")
    for module, file in MODULES.items()
}


def circle(graph):
    # A package's own names come from its modules, which do not import it.
    inner = {
        module: {known for known in knows if not module.startswith(f"{known}.")}
        for module, knows in graph.items()
    }
    try:
        TopologicalSorter(inner).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_circle():
    assert circle(GRAPH) is None


@pytest.mark.parametrize(
    "lazy",
    [
        "def f():\n    from pullsecrets.trace import explain_pod\n",
        "if TYPE_CHECKING:\n    from pullsecrets.trace import PodExplanation\n",
        "class A:\n    def f(self):\n        import pullsecrets.trace\n",
        "def f():\n    from pullsecrets import trace\n",
        "def f():\n    from . import trace\n",
        "def f():\n    return importlib.import_module('pullsecrets.trace')\n",
    ],
)
def test_one_lazy_import_is_seen(lazy):
    back = imports_of(lazy, "pullsecrets.cluster")
    assert "pullsecrets.trace" in back
    graph = {**GRAPH, "pullsecrets.cluster": GRAPH["pullsecrets.cluster"] | back}
    assert {"pullsecrets.cluster", "pullsecrets.trace"} <= set(circle(graph))


RANKS = {room: rank for rank, rooms in enumerate(ROOMS) for room in rooms}


def room_of(module):
    return [*module.split("."), "", ""][1]


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_a_room_knows_only_what_is_left_of_it(module):
    room = room_of(module)
    # The package's own names bring any module, so nothing inside uses them.
    assert "pullsecrets" not in GRAPH[module]
    others = {room_of(known) for known in GRAPH[module]} - {room}
    if not room:
        assert not others  # the package itself: its names are in the stub
        return
    assert {other for other in others if RANKS[other] >= RANKS[room]} == set()
