"""Every way to make the library raise on an input that holds a password.

Each function raises. None of them keeps the password in a local of its own: what a traceback shows
of it then comes from a frame of the library.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import yaml

from pullsecrets import (
    Cluster,
    DockerConfig,
    Image,
    Pod,
    PullSecret,
    ServiceAccount,
    load,
    load_environments,
    resolve,
)
from pullsecrets.cli._settings import Settings
from pullsecrets.diagnoses import Diagnoses
from pullsecrets.diagnoses.baseline import compare_to_baseline
from pullsecrets.handover import to_docker_config, write_docker_config
from pullsecrets.makers.reading import made_for
from pullsecrets.makers.table import MAKERS
from pullsecrets.metadata import Place
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.checks import check_config
from pullsecrets.node.images import NodeImages
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.records import Pull, PullRecords, name_in_records
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import NEWEST
from pullsecrets.reading.generators import generated
from pullsecrets.testing import cluster
from pullsecrets.testing.providers import run_credential_provider
from support.canary import AUTH, CANARY, b64

GOOD = {"quay.io": {"auth": AUTH}, f"https://user:{CANARY}@ghcr.io": {"password": CANARY}}
UNDECODABLE = json.dumps({"auths": {**GOOD, "docker.io": {"auth": CANARY}}})
UNDECODABLE_OLDER = json.dumps({**GOOD, "docker.io": {"auth": CANARY}})
NOT_JSON = json.dumps({"auths": GOOD}) + CANARY
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "regcred"},
    "type": "kubernetes.io/dockerconfigjson",
    "data": {".dockerconfigjson": b64(json.dumps({"auths": GOOD}))},
    "stringData": {"token": CANARY},
}
POD = {
    "metadata": {"name": "a"},
    "spec": {
        "containers": [{"name": "a", "image": "b", "env": [{"value": CANARY}]}, {"image": []}]
    },
}
IMAGE = f"https://user:{CANARY}@quay.io/a"
EXTERNAL = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "a"},
    "spec": {"target": {"name": [CANARY], "template": {"data": {"token": UNDECODABLE}}}},
}
KUSTOMIZATION = {"secretGenerator": [{"name": "a", "literals": {"password": CANARY}}]}
FILLED = {
    **SECRET,
    "metadata": {
        "name": "a",
        "annotations": {"reflector.v1.k8s.emberstack.com/reflects": "a/b"},
    },
    "stringData": {"token": [CANARY]},
}


def baseline_that_is_none():
    compare_to_baseline(Diagnoses(), NOT_JSON)


def baseline_of_another_form():
    compare_to_baseline(Diagnoses(), json.dumps({"version": 1, "findings": [CANARY]}))


def settings_that_are_not_toml():
    with TemporaryDirectory() as folder:
        Path(folder, "pullsecrets.toml").write_text(f'password = "{CANARY}"\n=')
        Settings.find(Path(folder))


def settings_that_are_not_utf8():
    with TemporaryDirectory() as folder:
        Path(folder, "pullsecrets.toml").write_bytes(f'password = "{CANARY}"\n'.encode() + b"\xff")
        Settings.find(Path(folder))


def config_that_is_not_json():
    DockerConfig.from_json(NOT_JSON)


def config_of_bytes():
    DockerConfig.from_json(NOT_JSON.encode())


def config_that_does_not_decode():
    DockerConfig.from_json(UNDECODABLE)


def config_of_the_older_type():
    DockerConfig.from_legacy_json(UNDECODABLE_OLDER)


def config_of_another_type():
    DockerConfig.from_json([UNDECODABLE])


def secret_that_does_not_decode():
    secret = PullSecret("a", data={".dockerconfigjson": UNDECODABLE.encode()})
    secret.config()


def secret_whose_data_is_not_base64():
    PullSecret.from_manifest({**SECRET, "data": {"a": CANARY, "b": f"{CANARY}!"}})


def secret_whose_value_is_a_list():
    PullSecret.from_manifest({**SECRET, "stringData": {"a": CANARY, "b": [CANARY]}})


def secret_with_a_number_for_a_key():
    PullSecret.from_manifest({**SECRET, "stringData": {"a": CANARY, 5: CANARY}})


def secret_that_is_too_large():
    PullSecret.from_manifest({**SECRET, "stringData": {"a": CANARY * 2**17}})


def secret_of_another_kind():
    PullSecret.from_manifest({**SECRET, "kind": "ConfigMap"})


def secret_from_too_many_values():
    PullSecret.from_credentials("a", {"quay.io": ("user", CANARY, CANARY, CANARY)})


def pod_with_a_list_for_an_image():
    Pod.from_manifest(POD)


def service_account_with_text_for_its_list():
    ServiceAccount.from_manifest({"metadata": {"name": "a"}, "imagePullSecrets": CANARY})


def image_that_is_not_a_reference():
    Image.parse(IMAGE)


def image_of_another_type():
    Image.parse([IMAGE])


def cluster_of_one_mapping():
    Cluster.from_manifests(SECRET)


def cluster_of_text():
    Cluster.from_manifests(json.dumps(SECRET))


def cluster_of_something_else():
    Cluster.from_objects(SECRET, [SECRET, [CANARY]])


def files_that_cannot_be_read():
    with TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_text(f"apiVersion: v1\nkind: Secret\nname: [{CANARY}\n")
        load(folder, strict=True)


def environments_that_cannot_be_rendered():
    with TemporaryDirectory() as folder:
        Path(folder, "kustomization.yaml").write_text(
            f"resources: [nowhere]\nsecretGenerator: [{{name: a, literals: ['p={CANARY}']}}]\n"
        )
        load_environments(folder, strict=True)


def programs_that_are_missing():
    with TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"PATH": ""}):
        Path(folder, "kustomization.yaml").write_text(
            f"secretGenerator: [{{name: a, literals: ['p={CANARY}']}}]\n"
        )
        load_environments(folder)


def yaml_without_its_library():
    from pullsecrets.reading.text import yaml_loader

    yaml_loader.cache_clear()
    with TemporaryDirectory() as folder, mock.patch.dict(sys.modules, {"yaml": None}):
        Path(folder, "a.yaml").write_text(f"kind: Secret\npassword: {CANARY}\n")
        load(folder)


def maker_with_a_list_for_a_name():
    made_for(EXTERNAL, MAKERS)


def generator_with_a_mapping_for_its_literals():
    list(generated(KUSTOMIZATION, place=Place("kustomization.yaml")))


def encrypted_secret_without_a_name():
    made_for({**SECRET, "metadata": {}, "sops": {"mac": CANARY}}, MAKERS)


def filled_secret_that_is_none():
    made_for(FILLED, MAKERS)


def text_that_cannot_be_read():
    cluster(f"kind: Secret\npassword: [{CANARY}\n")


def text_that_is_a_path():
    cluster(f"{IMAGE}.yaml")


def handing_over_a_failure():
    secret = PullSecret("a", data={".dockerconfigjson": UNDECODABLE.encode()})
    to_docker_config(resolve("quay.io/a", [secret]))


def writing_over_a_file():
    with TemporaryDirectory() as folder:
        Path(folder, "config.json").touch()
        config = DockerConfig.from_json(json.dumps({"auths": GOOD}))
        write_docker_config(Path(folder, "config.json"), config)


def writing_yaml():
    yaml.dump(resolve("quay.io/a", [PullSecret.from_manifest(SECRET)]))


PROVIDER = {
    "name": "a b",
    "matchImages": [],
    "args": [CANARY],
    "env": [{"name": "TOKEN", "value": CANARY}],
}
PROVIDERS = {
    "kind": "CredentialProviderConfig",
    "apiVersion": "kubelet.config.k8s.io/v1",
    "providers": [PROVIDER],
}


def provider_config_that_the_kubelet_refuses():
    Providers.from_config(PROVIDERS)


def provider_config_of_text():
    Providers.from_config(json.dumps(PROVIDERS))


def provider_config_that_is_not_json():
    Providers.from_config(json.dumps(PROVIDERS).encode() + CANARY.encode())


def provider_config_that_is_not_yaml():
    Providers.from_config(f"password: [{CANARY}")


def provider_config_for_an_unknown_release():
    Providers.from_config(PROVIDERS, kubernetes="1.1")


def provider_config_for_an_unknown_release_checked():
    list(check_config(PROVIDERS, kubernetes="1.1"))


def provider_config_in_a_folder():
    with TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_text(json.dumps(PROVIDERS))
        Providers.load(folder)


def provider_config_without_the_library_for_yaml():
    from pullsecrets.reading.text import yaml_loader

    yaml_loader.cache_clear()
    with mock.patch.dict(sys.modules, {"yaml": None}):
        Providers.from_config(f"password: {CANARY}")


def answer_of_a_provider_that_is_not_there():
    Node(answers={"a": ProviderAnswer.from_credentials({"quay.io": ("user", CANARY)})})


def program_of_a_provider_with_a_bad_config():
    run_credential_provider(["a"], image="quay.io/a", config=PROVIDERS, env={"TOKEN": CANARY})


def program_of_a_provider_for_no_image():
    run_credential_provider(["a"], image="A", config=PROVIDERS, env={"TOKEN": CANARY})


def images_that_are_no_list():
    NodeImages.from_crictl(NOT_JSON)


def images_of_another_type():
    NodeImages.from_crictl({"images": [{"id": [CANARY]}]})


def kubelet_config_that_is_none():
    Verification.from_kubelet_config(SECRET, NEWEST)


def kubelet_config_that_is_not_json():
    Verification.from_kubelet_config(NOT_JSON, NEWEST)


def records_in_yaml_without_its_library():
    from pullsecrets.reading.text import yaml_loader

    yaml_loader.cache_clear()
    with mock.patch.dict(sys.modules, {"yaml": None}):
        PullRecords.from_files({"sha256-a": f"kind: {CANARY}"}, {})


def records_of_a_pull_that_is_none():
    PullRecords().after(Pull(IMAGE, "sha256:1"), NEWEST, datetime.now(UTC))


def records_of_an_image_that_is_none():
    PullRecords().with_credentials(IMAGE, "sha256:1", None, NEWEST, datetime.now(UTC))


def name_in_records_of_none():
    name_in_records(IMAGE, NEWEST)


def credentials_in_bytes():
    PullSecret.from_credentials("a", {"quay.io": ("user", CANARY.encode())})


def a_credential_as_a_mapping():
    PullSecret.from_credentials("a", {"quay.io": {"username": "user", "password": CANARY}})


def an_answer_of_a_mapping():
    ProviderAnswer.from_credentials({"quay.io": {"username": "user", "password": CANARY}})


def an_answer_of_too_much():
    ProviderAnswer.from_credentials({"quay.io": ("user", CANARY, CANARY, CANARY)})


def an_answer_in_bytes():
    ProviderAnswer.from_credentials({"quay.io": ("user", CANARY.encode())})


WAYS = [
    value
    for value in list(globals().values())
    if callable(value) and getattr(value, "__module__", "") == __name__
]
