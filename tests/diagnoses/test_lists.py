"""Lists of secrets: what is missing, repeated or unused."""

from __future__ import annotations

import pytest

from pullsecrets import check, testing
from support.diagnosed import account, found, login, messages, pod, regcred, secret


@pytest.mark.parametrize(
    "others",
    [
        [],
        [regcred("quay.io", name="other", namespace="elsewhere")],
        [secret("x", name="password", type="Opaque")],
        [regcred("x.io", name="used"), pod("x.io/a", secrets=("used",), name="other")],
    ],
)
def test_how_bad_a_missing_secret_is_does_not_depend_on_what_has_nothing_to_do_with_it(others):
    assert found(pod("quay.io/a/b"), *others) == [("PS102", "note")]


def test_a_secret_that_is_left_over_may_be_meant():
    cluster = testing.cluster(pod("ghcr.io/a"), regcred("x.io", name="other"))
    [missing] = check(cluster)
    assert (missing.code, missing.severity) == ("PS102", "warning")
    assert missing.advice == (
        "Write 'other', which nothing lists, if that is meant; otherwise add the secret."
    )
    three = [regcred("x.io", name=name) for name in "abc"]
    [missing, left] = check(testing.cluster(pod("ghcr.io/a"), *three))
    assert "'a' or 'b', which" in missing.advice
    assert (left.code, left.where.name) == ("PS110", "c")


def test_a_missing_secret_is_reported_once_for_a_account():
    pods = [pod("quay.io/a/b", secrets=(), name=f"p{n}") for n in range(3)]
    assert found(*pods, account("default", "gone"), regcred("quay.io", name="other")) == [
        *[("PS111", "warning")] * 3,
        ("PS102", "warning"),
    ]


def test_a_secret_of_several_other_namespaces():
    elsewhere = [regcred("quay.io", namespace=ns) for ns in ("b", "a")]
    [message] = messages(pod("quay.io/a/b"), *elsewhere)
    assert message.endswith("; there is one in namespace a, b")


def test_secrets_by_themselves_are_not_unused():
    assert found(regcred("quay.io")) == []
    assert found(regcred("quay.io"), account("default")) == []
    assert found(regcred("quay.io"), pod("nginx", secrets=(), namespace="other")) == []


def test_other_kinds_of_secrets_are_not_unused():
    assert found(pod("nginx", secrets=()), secret("x", "db", type="Opaque")) == []


def test_a_secret_that_a_service_account_lists_is_not_unused():
    assert found(pod("nginx", secrets=()), account("robot", "regcred"), regcred("quay.io")) == []


def test_an_unlisted_secret_is_not_blamed_for_images_it_does_not_serve():
    assert found(pod("ghcr.io/a/b", secrets=()), regcred("quay.io")) == [("PS110", "note")]
    hub = regcred("https://index.docker.io/v1/")
    assert found(pod("nginx", secrets=()), hub) == [("PS110", "note")]
    assert found(pod("acme/api", secrets=()), hub) == [("PS111", "warning")]


def test_several_secrets_for_one_key_but_one_credential():
    assert (
        found(
            pod("quay.io/a/b", secrets=("a", "b")),
            regcred("quay.io", name="a"),
            regcred("quay.io", name="b"),
        )
        == []
    )


def test_several_secrets_for_one_key_are_named_in_their_order():
    names = ("c", "a", "b")
    secrets = [secret({"auths": {"quay.io": login(name)}}, name) for name in names]
    [shared] = check(testing.cluster(pod("quay.io/a/b", secrets=names), *secrets))
    assert (shared.code, shared.where.field) == ("PS308", ("spec", "imagePullSecrets", 2))
    assert shared.message.endswith("all are tried: 'c', then 'a', then 'b'")
