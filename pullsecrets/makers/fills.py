"""Secrets that another program fills: what they will hold is not what their files say."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from pullsecrets.makers.made import MadeSecret
from pullsecrets.pull_secret import CONFIG_KEYS, PullSecret

__all__ = ["filled"]


def filled(
    secrets: Iterable[PullSecret], made: Iterable[MadeSecret]
) -> tuple[tuple[PullSecret, ...], tuple[MadeSecret, ...]]:
    """The Secrets that hold what their files say; and what programs make, or fill.

    A Secret that was read from a cluster is filled already. One whose type the kubelet skips, and
    one to which no docker config is added, stays what it is. A program that fills a Secret which is
    not here makes none.

    Args:
        secrets: The Secrets.
        made: What programs make and fill.
    """
    made = tuple(made)
    fillers = {(each.namespace, each.name): each for each in made if each.fills}
    kept: list[PullSecret] = []
    found: list[MadeSecret] = [each for each in made if not each.fills]
    for secret in secrets:
        by = fillers.get((secret.namespace, secret.name)) or fillers.get((None, secret.name))
        if by is None or secret.uid or not _holds_config(secret, by):
            kept.append(secret)
        else:
            found.append(evolve(by, namespace=secret.namespace, type=secret.type, keys=None))
    return tuple(kept), tuple(found)


def _holds_config(secret: PullSecret, filler: MadeSecret) -> bool:
    """Whether a docker config that the kubelet reads may be added to a Secret."""
    added = filler.keys is None or secret.key in filler.keys
    return added and secret.type in CONFIG_KEYS
