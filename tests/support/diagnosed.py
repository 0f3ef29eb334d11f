"""Short builders for the tests of diagnoses, made of the testing kit's, and what `check` finds."""

from __future__ import annotations

import base64
import json

from attrs import evolve

from pullsecrets import PullSecret, check, testing
from pullsecrets.pull_secret import DOCKERCFG_KEY, DOCKERCFG_TYPE, DOCKERCONFIGJSON_KEY

GUID = "00000000-0000-0000-0000-000000000000"


def pod(*images, secrets=("regcred",), name="api", namespace="default", account="default", **more):
    made = testing.pod(
        name, images=images, pull_secrets=secrets, service_account=account, namespace=namespace
    )
    return evolve(made, **more)


def secret(document, name="regcred", *, type=None, **more):  # noqa: A002
    """A secret with a document; a text or bytes are taken as they are."""
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    made = testing.pull_secret(name, text)
    if type is not None:
        key = DOCKERCFG_KEY if type == DOCKERCFG_TYPE else DOCKERCONFIGJSON_KEY
        made = PullSecret(name, type=type, data={key: made.data[made.key]})
    return evolve(made, **more)


def login(username="acme+deploy", password="example-password-1"):
    return {"username": username, "password": password}


def regcred(*entries, name="regcred", **more):
    """A secret with a good login for each entry."""
    return secret({"auths": {entry: login() for entry in entries}}, name, **more)


def one(credential, entry="quay.io"):
    """A secret with one entry."""
    return secret({"auths": {entry: credential}})


def account(name, *secrets, namespace="default"):
    return testing.service_account(name, pull_secrets=secrets, namespace=namespace)


def found(*objects, node=None):
    return [(each.code, each.severity) for each in check(testing.cluster(*objects, node=node))]


def messages(*objects):
    return [each.message for each in check(testing.cluster(*objects))]


def b64(text):
    return base64.b64encode(text.encode()).decode()
