"""Answers for pods, in one line."""

from __future__ import annotations

from pullsecrets import Cluster
from support.made import users as users_of


def only(*manifests, **keywords):
    """The answer for the one pod."""
    cluster = Cluster.from_manifests(manifests, **keywords)
    assert cluster.problems == ()
    (answer,) = cluster.resolve_all()
    assert cluster.resolve(cluster.pods[0]) == answer
    assert all(each.resolution.notes == () for each in answer.images)  # they are said once
    return answer


def users(answer):
    """The users of the candidates for a pod's first image."""
    return users_of(answer.images[0].resolution)
