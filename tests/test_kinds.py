"""kubectl's names for kinds, and what people write for a pod or a workload."""

from __future__ import annotations

import pytest

from pullsecrets.kinds import KINDS, Reference
from pullsecrets.objects import Pod
from pullsecrets.workloads import POD_TEMPLATES


def test_every_kind_that_carries_pods_is_there():
    assert POD_TEMPLATES.keys() <= KINDS.keys()


@pytest.mark.parametrize(
    "text, kind",
    [
        ("po/a", "Pod"),
        ("pods/a", "Pod"),
        ("Pod/a", "Pod"),
        ("deploy/a", "Deployment"),
        ("deployments.apps/a", "Deployment"),
        ("DEPLOYMENT/a", "Deployment"),
        ("cj/a", "CronJob"),
        ("sts/a", "StatefulSet"),
    ],
)
def test_kubectls_names(text, kind):
    assert Reference.parse(text) == Reference("a", kind)
    assert str(Reference.parse(text)) == f"{kind.lower()}/a"


def test_a_namespace():
    assert Reference.parse("shop/a") == Reference("a", None, "shop")
    assert str(Reference.parse("shop/a")) == "shop/a"


def test_a_name():
    assert Reference.parse("a") == Reference("a")
    assert str(Reference.parse("a\x1b[2J")) == "a\\x1b[2J"


@pytest.mark.parametrize(
    "text, is_meant",
    [
        ("a", True),
        ("b", False),
        ("deploy/a", True),
        ("po/a", False),
        ("shop/a", True),
        ("lab/a", False),
    ],
)
def test_what_is_meant(text, is_meant):
    assert Reference.parse(text).names(Pod("a", "shop", "Deployment")) is is_meant


def test_the_full_name_of_another_kind():
    assert Reference.parse("rollout/a").names(Pod("a", "shop", "Rollout"))
