"""Exec plugins: programs that a kubeconfig names, which give the credentials for an API server.

They are run as kubectl runs them (client-go's ``plugin/pkg/client/auth/exec``), but with a limit:
Kubernetes' client for Python could not end one, and would only log that one gave nothing.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TextIO

from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import HiddenBytes

__all__ = ["PluginFailed", "asked_plugin"]

_LIMIT: Final = 60.0  # seconds
_LOGIN: Final = 600.0  # seconds, where it may ask somebody to log in
_EXTENSION: Final = "client.authentication.k8s.io/exec"
_GIVEN: Final = ("token", "clientCertificateData", "clientKeyData")
_Fields = Mapping[str, Any]


class PluginFailed(PullsecretsError):
    """An exec plugin gives no credentials."""


def asked_plugin(plugin: _Fields, cluster: _Fields, folder: Path) -> dict[str, str]:
    """Ask a plugin for credentials; what it gives, as fields of a kubeconfig's user.

    Args:
        plugin: The user's ``exec``.
        cluster: The cluster's fields.
        folder: The kubeconfig's folder, from which a command that is a relative path starts.

    Raises:
        PluginFailed: It cannot be started, fails, gives none or takes too long.
    """
    asks = _is_terminal(sys.stdin) and plugin.get("interactiveMode") != "Never"
    if plugin.get("interactiveMode") == "Always" and not asks:
        raise PluginFailed("the exec plugin has to ask somebody, and there is no terminal")
    version, program = plugin["apiVersion"], str(plugin["command"])
    spec: dict[str, Any] = {"interactive": asks}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {**cluster, **_for_plugins(cluster)}
    info = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    added = {each["name"]: each["value"] for each in plugin.get("env") or ()}
    answer = _answer(
        [str(folder / program) if os.sep in program else program, *(plugin.get("args") or ())],
        {**os.environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(info)},
        asks=asks,
    )
    fields = _as_fields(answer, version)
    if fields is None:
        raise PluginFailed(f"the exec plugin gives no credentials as {version} has them")
    return fields


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _for_plugins(cluster: _Fields) -> _Fields:
    """What a cluster has for plugins only."""
    extensions = {each["name"]: each["extension"] for each in cluster.get("extensions") or ()}
    return {"config": extensions[_EXTENSION]} if _EXTENSION in extensions else {}


def _answer(command: list[str], environment: Mapping[str, str], *, asks: bool) -> HiddenBytes:
    """What a plugin writes to standard output.

    Raises:
        PluginFailed: It cannot be started, fails or takes too long.
    """
    seen = _is_terminal(sys.stderr)
    limit = _LOGIN if asks or seen else _LIMIT
    try:
        process = subprocess.Popen(  # noqa: S603  (the kubeconfig names it)
            command,
            stdin=None if asks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if seen else subprocess.PIPE,
            env=environment,
            # In a session of its own what it started ends with it. That session has no terminal.
            start_new_session=not asks,
            shell=os.name == "nt",  # where a script is no program
        )
    except OSError as error:
        raise PluginFailed(f"the exec plugin cannot be started: {error.strerror}") from None
    written, said, status = b"", None, None
    with process, suppress(subprocess.TimeoutExpired):
        try:
            written, said = process.communicate(timeout=limit)
        finally:
            status = process.returncode
            if status is None:
                _end(process, alone=asks)
    answer = HiddenBytes(written)
    del written
    if status is None:
        raise PluginFailed(f"the exec plugin gives no credentials within {limit:.0f} seconds")
    if status != 0:
        why = (said or b"").decode(errors="replace").strip()
        raise PluginFailed(f"the exec plugin fails with status {status}: {why}")
    return answer


def _end(process: subprocess.Popen[bytes], *, alone: bool) -> None:
    """End a plugin, with what it started unless it is to end alone."""
    with suppress(ProcessLookupError):
        if alone or not hasattr(os, "killpg"):
            process.kill()
        else:
            os.killpg(process.pid, 9)


def _as_fields(answer: HiddenBytes, version: str) -> dict[str, str] | None:
    """What a user of a kubeconfig has instead of the plugin; None for no usable answer."""
    try:
        credential = json.loads(answer.reveal())
    except (ValueError, RecursionError):
        return None
    if not isinstance(credential, dict) or credential.get("apiVersion") != version:
        return None
    status = credential.get("status")
    given = status if isinstance(status, dict) else {}
    token, *pair = (given.get(name) or "" for name in _GIVEN)
    if not all(isinstance(each, str) for each in (token, *pair)):
        return None
    if all(pair):
        certificate, key = (base64.b64encode(each.encode()).decode() for each in pair)
        return {"token": token, "client-certificate-data": certificate, "client-key-data": key}
    return {"token": token} if token and not any(pair) else None
