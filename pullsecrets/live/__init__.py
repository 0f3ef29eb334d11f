"""Read a cluster through its API server. Needs the extra ``cluster``.

    from pullsecrets.live import read_live

    cluster = read_live(namespace="shop")

`connection` is a connection as a kubeconfig describes it, `asking` is what is asked;
`applying` is what manifests would change.
"""

from __future__ import annotations

from pullsecrets.live.applying import applied, counterparts
from pullsecrets.live.asking import Forbidden, read_live, read_objects
from pullsecrets.live.connection import Connection, Refusal, Unreachable, connect

__all__ = [
    "Connection",
    "Forbidden",
    "Refusal",
    "Unreachable",
    "applied",
    "connect",
    "counterparts",
    "read_live",
    "read_objects",
]
