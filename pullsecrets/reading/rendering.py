"""Rendering: what kustomize and Helm make of a root.

The programs are those on the PATH, and they get a time limit, no input, no plugins and no network:
kustomize runs without ``--enable-helm`` and ``--enable-alpha-plugins``, Helm without its plugins.
Both have a proxy that is not there, and git may not use any transport. What the programs say about
a failure is not shown, as they repeat parts of the manifests: the command is named instead.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from attrs import frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.metadata import Place
from pullsecrets.reading.problems import Problem, ProblemCode
from pullsecrets.reading.roots import Renderer, Root
from pullsecrets.secrecy import HiddenBytes, printable

__all__ = ["MissingProgram", "Rendered", "render"]

# The commands that render a folder, the first whose program is there counts.
_COMMANDS: Final[Mapping[Renderer, tuple[tuple[str, ...], ...]]] = {
    Renderer.KUSTOMIZE: (("kustomize", "build"), ("kubectl", "kustomize")),
    Renderer.HELM: (("helm", "template"),),
}
_NOWHERE: Final = "http://127.0.0.1:9"  # the port of the discard protocol
_CLOSED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), _NOWHERE),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "HELM_NO_PLUGINS": "1",
    "KUBECONFIG": os.devnull,
}
_RELEASE: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,51}[a-z0-9])?")


class MissingProgram(PullsecretsError, FileNotFoundError):
    """Something is to be rendered, and the program for it is not there."""


@frozen
class Rendered:
    """What became of a root.

    Attributes:
        root: The root.
        documents: What the program has written; None if it was not rendered.
        problem: Why it was not, or None.
    """

    root: Root
    documents: HiddenBytes | None = None
    problem: Problem | None = None


def render(
    roots: Iterable[Root], *, values: Iterable[Path] = (), namespace: str, limit: float
) -> tuple[Rendered, ...]:
    """Render some roots, several at a time.

    Args:
        roots: The roots.
        values: Files of values, for all of the charts.
        namespace: The namespace that charts are rendered for.
        limit: The seconds that a root may take.

    Raises:
        MissingProgram: There is no program for one of them.
    """
    wanted = tuple(roots)
    programs = {each.renderer: _program(each) for each in wanted if each.refusal is None}
    charts = [f"--namespace={namespace}", *(f"--values={file}" for file in values)]

    def outcome(root: Root) -> Rendered:
        if root.refusal is not None:
            return Rendered(root, problem=_not_rendered(root, root.refusal))
        command = [*programs[root.renderer], *_arguments(root)]
        return _run(root, command + charts if root.renderer is Renderer.HELM else command, limit)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(pool.map(outcome, wanted))


def _program(root: Root) -> tuple[str, ...]:
    """The command that renders a root, the program's whole path first."""
    commands = _COMMANDS[root.renderer]
    for program, *rest in commands:
        path = shutil.which(program)
        if path is not None:
            return path, *rest
    names = " or ".join(program for program, *_ in commands)
    raise MissingProgram(f"{printable(str(root.folder))}: rendering it needs {names} on the PATH")


def _arguments(root: Root) -> list[str]:
    # A folder whose name begins with a dash is no option.
    folder = str(root.folder) if root.folder.is_absolute() else f"./{root.folder}"
    if root.renderer is Renderer.KUSTOMIZE:
        return [folder]
    # A chart does not know what its release is called: what it is called itself, as a rule.
    name = root.folder.resolve().name
    return [name, folder] if _RELEASE.fullmatch(name) else [folder]


def _run(root: Root, command: list[str], limit: float) -> Rendered:
    try:
        status, documents = _outcome(command, limit)
    except subprocess.TimeoutExpired:
        status, documents = None, HiddenBytes(b"")
        why = f"takes longer than {limit:g} seconds"
    except OSError as error:
        status, documents = None, HiddenBytes(b"")
        why = f"cannot be started: {error.strerror}"
    else:
        why = f"fails with exit status {status}; run it to see why"
    if status == 0:
        return Rendered(root, documents)
    shown = shlex.join([Path(command[0]).name, *command[1:]])
    return Rendered(root, problem=_not_rendered(root, printable(f"'{shown}' {why}")))


def _outcome(command: list[str], limit: float) -> tuple[int, HiddenBytes]:
    done = subprocess.run(  # noqa: S603  (no shell; the program is kustomize, kubectl or helm)
        command,
        env={**os.environ, **_CLOSED},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=limit,
        check=False,
    )
    return done.returncode, HiddenBytes(done.stdout)


def _not_rendered(root: Root, why: str) -> Problem:
    return Problem(ProblemCode.NOT_RENDERED, f"is not rendered: {why}", Place(str(root.file)))
