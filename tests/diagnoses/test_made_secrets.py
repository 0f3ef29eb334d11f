"""What is wrong with secrets that other programs make: PS112, PS209, PS210, PS507, and what is not.

The examples of the catalogue are in `test_catalogue.py`.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from pullsecrets import check
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.secrecy import EntryText
from pullsecrets.testing import cluster
from support.diagnosed import account, pod, regcred

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
MAKER = Maker("SealedSecret", "default", "regcred")
IMAGE = "quay.io/acme/api"


def made(*entries, name="regcred", namespace="default", kind=JSON, **more):
    known = tuple(map(EntryText, entries)) or None
    return MadeSecret(name, namespace, kind, MAKER, entries=known, **more)


def found(*objects):
    return [(each.code, str(each.severity), each.message) for each in check(cluster(*objects))]


def codes(*objects):
    return [code for code, _, _ in found(*objects)]


def test_the_advice_for_a_wrong_type_is_one_that_can_be_followed():
    """A Bitwarden's secret is Opaque, whatever is written."""
    typed = evolve(MAKER, type_field=("spec", "template", "type"))
    secret = made(kind="Opaque")
    advice = [
        each.advice
        for maker in (typed, evolve(MAKER, kind="BitwardenSecret"))
        for each in check(cluster(pod(IMAGE), evolve(secret, maker=maker)))
    ]
    assert advice[0].startswith("Write the type kubernetes.io/dockerconfigjson there.")
    assert advice[1:] == [
        "No field of a BitwardenSecret says the type: let another program make the secret."
    ]


@pytest.mark.parametrize(
    "secret",
    [
        made(),
        made("quay.io"),
        made("quay.io", "ghcr.io"),
        made(certain=False),
        made(kind=None),
        made(namespace=None),
        made(namespace=None, certain=False),
    ],
)
def test_what_is_only_unknown_is_not_reported(secret):
    assert codes(pod(IMAGE), secret) == []
    assert codes(pod(IMAGE, secrets=()), account("default", "regcred"), secret) == []


def test_a_wrong_type_counts_where_the_secret_is_listed_or_holds_a_docker_config():
    message = (
        "SealedSecret default/regcred makes secret 'regcred' with the type 'Opaque', which the "
        "kubelet skips"
    )
    wrong = made(kind="Opaque")
    assert found(pod(IMAGE), wrong) == [("PS209", "error", message)]
    assert codes(pod(IMAGE, secrets=()), account("default", "regcred"), wrong) == ["PS209"]
    assert codes(pod(IMAGE, secrets=()), wrong) == []
    assert codes(pod(IMAGE, secrets=()), evolve(wrong, keys=("password",))) == []
    assert codes(pod(IMAGE, secrets=()), evolve(wrong, keys=(KEY,))) == ["PS209"]
    assert codes(pod(IMAGE), evolve(wrong, namespace=None)) == ["PS209"]
    assert codes(pod(IMAGE, secrets=()), evolve(wrong, namespace=None)) == []


def test_a_pull_secret_without_its_value():
    message = (
        "SealedSecret default/regcred makes secret 'regcred' without a value .dockerconfigjson, "
        "which its type asks for"
    )
    assert found(pod(IMAGE), made(keys=("config.json",))) == [("PS210", "error", message)]


def test_a_template_that_gives_no_docker_config():
    message = "the docker config that SealedSecret default/regcred makes has no 'auths'"
    assert found(pod(IMAGE), made(fault="has no 'auths'")) == [("PS210", "error", message)]


def test_entries_that_serve_no_image():
    assert codes(pod(IMAGE), made("ghcr.io")) == ["PS507"]
    # One image of one pod is enough.
    other = pod("ghcr.io/a/b", name="other")
    assert codes(pod(IMAGE), other, made("ghcr.io")) == []
    assert codes(other, pod(IMAGE), made("ghcr.io")) == []
    # Where it is not listed, or where there is no image, nothing can be told.
    assert codes(pod(IMAGE, secrets=()), made("ghcr.io")) == []
    assert codes(pod("", name="empty"), made("ghcr.io")) == ["PS501"]


def test_another_namespace():
    [(code, severity, message)] = found(pod(IMAGE), made(namespace="flux-system"))
    assert (code, severity) == ("PS112", "error")
    assert message == (
        "SealedSecret default/regcred makes secret 'regcred' in namespace 'flux-system' alone"
    )
    # A Secret in another namespace is another diagnosis, whoever makes one in a third.
    elsewhere = regcred("quay.io", namespace="other")
    assert codes(pod(IMAGE), made(namespace="flux-system"), elsewhere) == ["PS101"]


def test_an_original_is_reported_and_its_copies_are_not():
    copy = made(kind=None, namespace="shop", origin=("default", "regcred"))
    objects = pod(IMAGE, namespace="shop"), copy, made(kind="Opaque", keys=(KEY,))
    assert codes(*objects) == ["PS209"]


def test_one_object_is_reported_once():
    same = made(kind="Opaque"), made(kind="Opaque", namespace=None)
    assert codes(pod(IMAGE), *same) == ["PS209"]


def test_the_glob_of_another_secret_is_not_all_there_is():
    globbed = regcred("*.io", name="globbed")
    listed = pod(IMAGE, secrets=("globbed", "regcred"))
    assert codes(pod(IMAGE, secrets=("globbed",)), globbed) == ["PS309"]
    assert codes(listed, globbed, made()) == []


def test_the_makers_annotation_counts():
    asked = evolve(MAKER, ignore=("PS209",))
    assert codes(pod(IMAGE), evolve(made(kind="Opaque"), maker=asked)) == []
