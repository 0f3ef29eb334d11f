"""Builds programs of Kubernetes that the tests start, each once for a release."""

from __future__ import annotations

from pathlib import Path

from support import go_programs


def program(name: str, release: str = go_programs.NEWEST) -> Path:
    """Return a program of a release of Kubernetes: `kube-apiserver`, `kubelet`, `kubectl` ….

    Raises:
        go_programs.CannotBuild: There is no Go, or no module proxy.
    """
    return go_programs.build(name, release, f"k8s.io/kubernetes/cmd/{name}")
