"""Variables that a program fills in later: what has them is not known, and never taken as it is."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster
from pullsecrets.makers.variables import has_variable
from pullsecrets.reading import ProblemCode
from pullsecrets.secrecy import EntryText

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
PLAIN = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def secret(name="regcred", kind=JSON, **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind} | values


def pod(image):
    containers = [{"name": "c", "image": image}]
    return {"kind": "Pod", "metadata": {"name": "api"}, "spec": {"containers": containers}}


@pytest.mark.parametrize("image", ["a:${TAG}", "$IMAGE", "$(IMAGE)", "ko://a.io/cmd", "<path:a#b>"])
def test_an_image_with_a_variable_is_not_known(image):
    cluster = Cluster.from_manifests([pod(image)])
    assert cluster.pods == ()
    [problem] = cluster.problems
    assert (problem.code, problem.error) == (ProblemCode.TEMPLATE, True)
    assert "an image with a variable" in problem.message
    assert image not in str(problem)


@pytest.mark.parametrize("image", ["a.io/ko/b:1", "<image>", "a.io//ko://b"])
def test_an_image_that_is_only_wrong(image):
    cluster = Cluster.from_manifests([pod(image)])
    assert len(cluster.pods) == 1
    assert not has_variable(image)


CONFIG = '{"auths": {"quay.io": {"auth": "${AUTH}"}}}'


@pytest.mark.parametrize(
    "values, kind, entries",
    [
        ({"stringData": {KEY: "${CONFIG}"}}, JSON, None),
        ({"stringData": {KEY: CONFIG}}, JSON, ("quay.io",)),
        ({"stringData": {KEY: CONFIG.replace("${AUTH}", "<path:a/b#c>")}}, JSON, ("quay.io",)),
        ({"stringData": {KEY: CONFIG.replace("quay.io", "${HOST}")}}, JSON, None),
        ({"stringData": {KEY: PLAIN.replace("quay.io", "${HOST}")}}, JSON, None),
        ({"stringData": {KEY: PLAIN}, "data": {"a": "${A}"}}, JSON, ("quay.io",)),
        ({"data": {KEY: "${CONFIG}"}}, JSON, None),
        ({"data": {KEY: "<path:a/b#c | base64encode>"}}, JSON, None),
        ({"stringData": {KEY: CONFIG}, "type": "${TYPE}"}, None, ("quay.io",)),
        ({"data": {"password": "$PASSWORD"}, "type": None}, "Opaque", None),
        (
            {"stringData": {".dockercfg": '{"a.io": {"auth": "${A}"}}'}}
            | {"type": "kubernetes.io/dockercfg"},
            "kubernetes.io/dockercfg",
            ("a.io",),
        ),
    ],
)
def test_a_secret_with_variables_is_made_later(values, kind, entries):
    cluster = Cluster.from_manifests([secret(**values)])
    assert (cluster.secrets, cluster.problems) == ((), ())
    [made] = cluster.made
    known = None if entries is None else tuple(map(EntryText, entries))
    assert (made.name, made.type, made.entries, made.certain) == ("regcred", kind, known, True)
    assert made.why == "made by substitution from Secret default/regcred"


def test_its_keys_are_known():
    values = {"stringData": {KEY: "${A}", "b": "c"}, "data": {"d": "ZQ=="}}
    [made] = Cluster.from_manifests([secret(**values)]).made
    assert made.keys == ("d", KEY, "b")


@pytest.mark.parametrize(
    "values",
    [
        {"stringData": {KEY: '{"auths": {"quay.io": {"username": "u", "password": "pa$$w"}}}'}},
        # A placeholder is known as one.
        {"stringData": {KEY: '{"auths": {"quay.io": {"username": "u", "password": "${P}"}}}'}},
        {"stringData": {KEY: PLAIN, "script": "echo ${HOME}"}},
        {"stringData": {"script": "echo ${HOME}"}},
        {"stringData": {KEY: CONFIG}, "metadata": {"name": "stored", "uid": "1"}},
    ],
)
def test_a_dollar_elsewhere_is_one(values):
    cluster = Cluster.from_manifests([secret(**values)])
    assert (len(cluster.secrets), cluster.made) == (1, ())
