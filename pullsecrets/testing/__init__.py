"""A kit for the tests of deployment code: builders, assertions, a registry (extra ``testing``).

>>> from pullsecrets.testing import assert_pulls_with, cluster, pod, pull_secret
>>> found = cluster(
...     pod("api", kind="Deployment", images=["quay.io/acme/api"], pull_secrets=["regcred"]),
...     pull_secret("regcred", {"quay.io/acme": ("user", "password")}),
... )
>>> assert_pulls_with(found, "deployment/api", secret="regcred")

pytest finds the fixtures ``pullsecrets_cluster`` and ``fake_registry`` by itself. The strategies
for hypothesis are in `pullsecrets.testing.strategies`.
"""

from __future__ import annotations

from pullsecrets.testing.assertions import (
    assert_deterministic,
    assert_no_anonymous_pulls,
    assert_no_problems,
    assert_pulls_with,
)
from pullsecrets.testing.builders import cluster, pod, pull_secret, service_account
from pullsecrets.testing.registry import FakeRegistry, RegistryRequest

__all__ = [
    "FakeRegistry",
    "RegistryRequest",
    "assert_deterministic",
    "assert_no_anonymous_pulls",
    "assert_no_problems",
    "assert_pulls_with",
    "cluster",
    "pod",
    "pull_secret",
    "service_account",
]
