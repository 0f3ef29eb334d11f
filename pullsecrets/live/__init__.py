"""Read a cluster through its API server. Needs the extra ``cluster``.

    from pullsecrets.live import read_live

    cluster = read_live(namespace="shop")

`connection` is a connection as a kubeconfig describes it, `asking` is what is asked.
"""

from __future__ import annotations

from pullsecrets.live.asking import Forbidden, read_live, read_objects
from pullsecrets.live.connection import Connection, Refusal, Unreachable, connect

__all__ = [
    "Connection",
    "Forbidden",
    "Refusal",
    "Unreachable",
    "connect",
    "read_live",
    "read_objects",
]
