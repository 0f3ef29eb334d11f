from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets.node.audiences import (
    AudienceGrant,
    audience_grants,
    audience_rule,
    granted_audiences,
)

RULE = audience_rule("aud", "builder")


def role(*rules, kind="ClusterRole", name="tokens", **metadata):
    return {"kind": kind, "metadata": {"name": name, **metadata}, "rules": list(rules)}


def binding(kind="ClusterRoleBinding", to="ClusterRole", name="tokens", subject=None, **metadata):
    nodes = {"kind": "Group", "name": "system:nodes"}
    return {
        "kind": kind,
        "metadata": {"name": "b", **metadata},
        "roleRef": {"kind": to, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": "x"}, subject or nodes],
    }


def allowed(*manifests, audience="aud", namespace="ns", account="builder"):
    found = granted_audiences(audience_grants(manifests))(namespace, account)
    return not found.isdisjoint({audience, "*"})


def test_a_role_and_its_binding():
    assert audience_grants([binding(), role(RULE)]) == (AudienceGrant(("aud",), ("builder",)),)
    assert allowed(role(RULE), binding())
    assert not allowed(role(RULE))
    assert not allowed(binding())
    assert not allowed(role(RULE), binding(name="other"))


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({}, True),
        ({"resources": ["other"]}, False),
        ({"resources": ["other", "*"]}, True),
        ({"resources": None}, False),
        ({"resourceNames": ["other"]}, False),
        ({"resourceNames": []}, True),
        ({"resourceNames": None}, True),
        ({"verbs": ["get"]}, False),
        ({"verbs": ["*"]}, True),
        ({"apiGroups": ["apps"]}, False),
        ({"apiGroups": ["*"]}, True),
        ({"apiGroups": None}, False),
    ],
)
def test_each_part_of_a_rule_counts(fields, expected):
    assert allowed(role({**RULE, **fields}), binding()) is expected


@pytest.mark.parametrize(
    "subject, expected",
    [
        ({"kind": "Group", "name": "system:nodes"}, True),
        ({"kind": "Group", "name": "system:authenticated"}, True),
        ({"kind": "Group", "name": "system:masters"}, False),
        ({"kind": "User", "name": "system:node:n1"}, True),
        ({"kind": "User", "name": "system:nodes"}, False),
        ({"kind": "ServiceAccount", "name": "system:nodes"}, False),
    ],
)
def test_whom_a_binding_is_for(subject, expected):
    assert allowed(role(RULE), binding(subject=subject)) is expected


def test_a_binding_of_a_namespace_is_for_that_namespace():
    cluster_role, own = role(RULE), role(RULE, kind="Role", namespace="ns")
    in_ns = binding("RoleBinding", namespace="ns")
    assert allowed(cluster_role, in_ns)
    assert not allowed(cluster_role, in_ns, namespace="other")
    assert allowed(own, binding("RoleBinding", "Role", namespace="ns"))
    # A role of another namespace is another role.
    assert not allowed(own, binding("RoleBinding", "Role", namespace="other"), namespace="other")
    assert allowed(role(RULE, kind="Role"), binding("RoleBinding", "Role"), namespace="default")


@at_leisure
@given(
    st.lists(
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["kind", "metadata", "roleRef", "subjects", "rules", "name"]),
                    inner | st.sampled_from(["ClusterRole", "RoleBinding", "Group"]),
                )
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_nothing_malformed_allows_anything_or_raises(manifests):
    assert audience_grants(manifests) == ()
