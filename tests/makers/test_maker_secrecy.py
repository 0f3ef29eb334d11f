"""A password in what makes a secret, or in what only looks like it, appears nowhere."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("rich")

from pullsecrets import Cluster, check
from pullsecrets.fields import InvalidManifest
from pullsecrets.makers.reading import made_for
from pullsecrets.makers.table import MAKERS
from support.canary import AUTH, CANARY, error_texts, leaks, texts
from support.command_line import run

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
CONFIG = json.dumps({"auths": {"quay.io": {"username": "{{ .user }}", "auth": AUTH}}})
BROKEN = json.dumps({"quay.io": {"password": CANARY}})
COPIED = {"replicator.v1.mittwald.de/replicate-to": ".*", "note": CANARY}


def manifest(kind, version, spec, **more):
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "regcred", "annotations": {"note": CANARY}},
        "spec": spec,
        **more,
    }


def external(template):
    target = {"template": {"type": JSON, "data": {KEY: template}}}
    return manifest("ExternalSecret", "external-secrets.io/v1", {"target": target})


def sealed(template):
    spec = {"encryptedData": {KEY: CANARY}, "template": {"type": JSON, "data": {KEY: template}}}
    return manifest("SealedSecret", "bitnami.com/v1alpha1", spec)


def vault(text):
    templates = {KEY: {"text": text}}
    destination = {"create": True, "type": JSON, "transformation": {"templates": templates}}
    spec = {"destination": destination}
    return manifest("VaultStaticSecret", "secrets.hashicorp.com/v1beta1", spec)


def sops(**members):
    # What is not to be encrypted is left as it was.
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred", "annotations": COPIED},
        "type": JSON,
        "stringData": {KEY: CONFIG, "password": CANARY},
        "sops": {"mac": CANARY},
        **members,
    }


def variables(text, **data):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred"},
        "type": JSON,
        "stringData": {KEY: text, "password": CANARY},
        "data": data,
    }


def sops_secret(data):
    spec = {"secretTemplates": [{"name": "regcred", "type": JSON, "stringData": data}]}
    return manifest("SopsSecret", "isindir.github.com/v1alpha3", spec)


def patcher(value):
    env = [
        {"name": "CONFIG_DOCKERCONFIGJSON", "value": value},
        {"name": "CONFIG_SECRETNAME", "value": "regcred"},
    ]
    containers = [{"name": "p", "image": "titansoft/imagepullsecret-patcher", "env": env}]
    return manifest("Deployment", "apps/v1", {"template": {"spec": {"containers": containers}}})


def kustomization(value):
    generator = {"name": "regcred", "type": JSON, "literals": [f"{KEY}={value}", f"a={CANARY}"]}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "secretGenerator": [generator],
    }


SOUND = {
    "external": external(CONFIG),
    "external, no docker config": external(BROKEN),
    "external, no JSON": external(f"{{{{ .a }}}}{CANARY}"),
    "sealed": sealed(CONFIG),
    "sealed, the older form": manifest("SealedSecret", "bitnami.com/v1alpha1", {"data": CANARY}),
    "vault": vault(CONFIG),
    "vault, no docker config": vault(BROKEN),
    "sops": sops(),
    "sops, all of it": {"kind": f"ENC[{CANARY}]", "apiVersion": "ENC[a]", "sops": {"mac": CANARY}},
    "sops secret": sops_secret({KEY: CANARY}),
    "patcher": patcher(CONFIG),
    "patcher, no docker config": patcher(BROKEN),
    "kustomization": kustomization(CONFIG),
    "kustomization, no docker config": kustomization(BROKEN),
    "variables": variables(f'{{"auths": {{"quay.io": {{"auth": "${{A:-{CANARY}}}"}}}}}}'),
    "variables, no docker config": variables(f"${{A}}{CANARY}", a=f"$A{CANARY}"),
    "a template": {**sops(stringData={}, data={KEY: f"{{{{ b64enc }}}}{CANARY}"}), "sops": None},
}
MALFORMED = {
    "external": external([CANARY]),
    "sealed": sealed({"a": CANARY}),
    "vault": vault([CANARY]),
    "sops": sops(stringData=[CANARY]),
    "sops secret": sops_secret([CANARY]),
    "variables": variables([CANARY]),
    "patcher": patcher([CANARY]),
    "kustomization": {**kustomization("a"), "secretGenerator": [{"name": "a", "literals": CANARY}]},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "api"},
    "spec": {
        "imagePullSecrets": [{"name": "regcred"}],
        "containers": [
            {"name": "c", "image": "quay.io/acme/api"},
            {"name": "d", "image": "a.io/b"},
        ],
    },
}


def hidden(*values):
    for value in values:
        for text in texts(value):
            assert not leaks(text), text


@pytest.mark.parametrize("each", [*SOUND.values(), *MALFORMED.values()], ids=[*SOUND, *MALFORMED])
def test_no_value_shows_it(each):
    cluster = Cluster.from_manifests([each, POD])
    answers = list(cluster.resolve_all())
    hidden(cluster, cluster.made, cluster.problems, answers, list(check(cluster)))
    hidden([answer.to_dict() for answer in answers], cluster._repr_html_())


@pytest.mark.parametrize("each", [*SOUND.values(), *MALFORMED.values()], ids=[*SOUND, *MALFORMED])
@pytest.mark.parametrize("command", ["resolve", "explain", "check"])
@pytest.mark.parametrize("form", [(), ("--format", "json"), ("--format", "html")])
def test_no_command_shows_it(tmp_path, each, command, form):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [each, POD]}))
    found = run(command, *form, file)
    assert not leaks(found.out)
    assert not leaks(found.err)


@pytest.mark.parametrize("name", sorted(MALFORMED.keys() - {"kustomization"}))
def test_no_traceback_shows_it(name):
    each = MALFORMED[name]
    with pytest.raises(InvalidManifest) as error:
        made_for(each, MAKERS)
    for text in error_texts(error.value):
        assert not leaks(text), text


@pytest.mark.parametrize("each", SOUND.values(), ids=SOUND)
def test_the_password_is_in_it(each):
    """Or these tests would show nothing."""
    assert leaks(json.dumps(each))
