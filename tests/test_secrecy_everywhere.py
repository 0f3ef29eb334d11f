"""A password planted in every field and in every kind of malformed input appears nowhere."""

from __future__ import annotations

import copy
import io
import json
import logging
import warnings

import pytest
import yaml

from pullsecrets import (
    Cluster,
    Credential,
    DockerConfig,
    InvalidDockerConfig,
    Keyring,
    Password,
    PullSecret,
    explain_pod,
    load,
    resolve,
)
from pullsecrets.fields import InvalidManifest
from pullsecrets.reading import Unreadable
from pullsecrets.reading.text import yaml_loader
from pullsecrets.secrecy import HiddenBytes
from support.canary import AUTH, CANARY, b64, error_texts, leaks, texts
from support.command_line import run

TYPE = "kubernetes.io/dockerconfigjson"


def check(*values):
    for value in values:
        for text in texts(value):
            assert not leaks(text), text


def check_error(error):
    for text in error_texts(error):
        assert not leaks(text), text


# --- Every field of what is well-formed ------------------------------------------------------

USERINFO = f"https://user:{CANARY}@quay.io/acme"
FIELDS = {
    "password": {"quay.io": {"username": "user", "password": CANARY}},
    "auth": {"quay.io": {"auth": AUTH}},
    "auth next to other fields": {"quay.io": {"auth": AUTH, "username": "a", "password": CANARY}},
    "identitytoken": {"quay.io": {"auth": b64("user:"), "identitytoken": CANARY}},
    "registrytoken": {"quay.io": {"username": "user", "registryToken": CANARY}},
    "unknown field": {"quay.io": {"username": "user", "secret": CANARY, "more": {"x": CANARY}}},
    "two of a tier": {
        "quay.io": {"auth": AUTH},
        "https://quay.io": {"auth": b64(f"other:{CANARY}")},
    },
    "an entry that is dropped": {f"user:{CANARY}@quay.io/%zz": {"auth": AUTH}},
    "an entry without its host": {f"user:{CANARY}": {"auth": AUTH}},
    "a password with a slash": {f"https://user:12/{CANARY}@quay.io": {"auth": AUTH}},
}


def secret(payload, name="regcred", **more):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": TYPE,
        "data": {".dockerconfigjson": b64(text), "other": b64(CANARY)},
        **more,
    }


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "app"},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "quay.io/acme/app",
                "env": [{"name": "TOKEN", "value": CANARY}],
                "command": [CANARY],
            }
        ],
        "imagePullSecrets": [{"name": "regcred"}, {"name": "regcred"}],
    },
}


def everything_about(cluster):
    """Whatever can be had from a cluster."""
    yield from (cluster, *cluster.pods, *cluster.service_accounts, *cluster.secrets)
    for made in cluster.made:
        yield from (
            made,
            made.maker,
            made.maker.title,
            made.skipped,
            made.note,
            made.note.to_dict(),
        )
    yield from (cluster.node, *cluster.problems)
    for answer in cluster.resolve_all():
        yield from (answer, answer.admission, answer.notes, answer.failure, answer.to_dict())
        for each in answer.images:
            yield from (each, each.container, each.resolution, *each.resolution.candidates)
            yield each.resolution.to_dict()
    for pod in cluster.pods:
        explanation = explain_pod(cluster, pod)
        yield from (explanation, explanation.to_dict())
    for read in cluster.secrets:
        yield from (read.data, read.skipped)
        keyring = Keyring([read], cluster.node)
        yield from (keyring, *keyring.entries, keyring.failure, keyring.notes)
        try:
            config = read.config()
            yield from (config, config and config.auths, config and config.ignored)
        except InvalidDockerConfig as error:
            check_error(error)


def check_everywhere(tmp_path, text, caplog, *, node=None):
    """Load a file and look at all that comes of it, in the library and on the command line."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "manifest.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cluster = load(file)
        check(*everything_about(cluster))
        try:
            load(file, strict=True)
        except Unreadable as error:
            check_error(error)
    for form in ("table", "json", "markdown", "html"):
        arguments = ["resolve", str(file), "--format", form]
        result = run(*arguments, *(["--node-config", node] if node else []))
        assert not leaks(result.out), result.out
        assert not leaks(result.err), result.err
        assert "Traceback" not in result.err
    assert not leaks(caplog.text)
    assert not leaks(" ".join(str(w.message) for w in caught))
    return cluster


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_shows_it(field, tmp_path, caplog):
    documents = [POD, secret({"auths": FIELDS[field]})]
    cluster = check_everywhere(tmp_path, yaml.safe_dump_all(documents), caplog)
    assert cluster.secrets  # it was read, and so there was something to show


@pytest.mark.parametrize(
    "where",
    [
        "userinfo",
        "stringData",
        "annotation",
        "legacy",
        "cred store",
        "other value",
        "type",
        "service account",
    ],
)
def test_no_place_shows_it(where, tmp_path, caplog):
    read = secret({"auths": FIELDS["password"]})
    match where:
        case "userinfo":
            read = secret({"auths": {USERINFO: {"auth": AUTH}}})
        case "stringData":
            read = secret({"auths": {}})
            read["stringData"] = {".dockerconfigjson": json.dumps({"auths": FIELDS["auth"]})}
            read["stringData"]["token"] = CANARY
        case "annotation":
            last = "kubectl.kubernetes.io/last-applied-configuration"
            read["metadata"]["annotations"] = {last: json.dumps(read) + CANARY}
        case "legacy":
            read["type"] = "kubernetes.io/dockercfg"
            read["data"] = {".dockercfg": b64(json.dumps(FIELDS["auth"]))}
        case "cred store":
            read = secret(
                {"auths": FIELDS["auth"], "credsStore": CANARY, "credHelpers": {"a": CANARY}}
            )
        case "other value":
            read["type"] = "Opaque"
            read["data"] = {"password": b64(CANARY)}
        case "type":
            read["data"] = {"password": b64(CANARY)}  # the key that the type asks for is missing
        case "service account":
            read = {
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "annotations": {"token": CANARY}},
                "secrets": [{"name": CANARY}],
                "imagePullSecrets": [{"name": "regcred"}],
            }
    check_everywhere(tmp_path, yaml.safe_dump_all([POD, read]), caplog)


TEMPLATES = [
    {"auths": {"quay.io": {"auth": "{{ .auth }}", "password": CANARY}}},
    {"auths": {"quay.io": {"username": "a", "password": CANARY}}},
    {"auths": {USERINFO: {"auth": "{{ .auth }}"}}},
    {"auths": {"quay.io": {"auth": CANARY}}},
    {"auths": CANARY},
    CANARY,
]


@pytest.mark.parametrize("template", TEMPLATES, ids=range(len(TEMPLATES)))
def test_no_template_shows_it(template, tmp_path, caplog):
    """A password that somebody wrote into a template, and one in other values."""
    data = {".dockerconfigjson": json.dumps(template), "token": CANARY}
    external = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "regcred", "annotations": {"token": CANARY}},
        "spec": {
            "target": {"template": {"type": "kubernetes.io/dockerconfigjson", "data": data}},
            "data": [{"secretKey": "a", "remoteRef": {"key": CANARY}}],
        },
    }
    cluster = check_everywhere(tmp_path, yaml.safe_dump_all([POD, external]), caplog)
    assert cluster.made
    for command in ("explain", "check", "uses"):
        for form in ("text" if command != "uses" else "table", "json"):
            said = run(command, str(tmp_path), "--format", form)
            assert not leaks(said.out + said.err)


def test_no_secret_that_a_program_has_yet_to_read_shows_it(tmp_path, caplog):
    """What SOPS left as it was, a secret to be filled, and kustomize's literals."""
    plain = secret({"auths": FIELDS["password"]})
    encrypted = {**plain, "sops": {"mac": "ENC[AES256_GCM,data:x]"}}
    filled = secret({})
    filled["metadata"]["annotations"] = {"replicator.v1.mittwald.de/replicate-from": "a/b"}
    filled["data"]["token"] = b64(CANARY)
    literal = f".dockerconfigjson={json.dumps({'auths': FIELDS['password']})}"
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "secretGenerator": [
            {
                "name": "regcred",
                "type": "kubernetes.io/dockerconfigjson",
                "literals": [literal, f"token={CANARY}"],
            }
        ],
    }
    for document in (encrypted, filled, kustomization):
        cluster = check_everywhere(tmp_path, yaml.safe_dump_all([POD, document]), caplog)
        assert cluster.made or cluster.secrets


def test_the_nodes_config_shows_nothing(tmp_path, caplog):
    node = tmp_path / "config.json"
    node.write_text(json.dumps({"auths": {**FIELDS["auth"], USERINFO: {"password": CANARY}}}))
    check_everywhere(tmp_path, yaml.safe_dump(POD), caplog, node=node)
    node.write_text(f'{{"auths": {{"quay.io": {{"auth": "{CANARY}"}}}}}}')
    check_everywhere(tmp_path, yaml.safe_dump(POD), caplog, node=node)


# --- Every kind of broken document in a secret -----------------------------------------------

BROKEN_PAYLOADS = [
    f'{{"auths": {{"quay.io": {{"password": "{CANARY}"',
    f'{{"auths": {{"quay.io": {{"password": "{CANARY}\x01"}}}}}}',
    f'{{"auths": {{"quay.io": {{"password": "{CANARY}\\x"}}}}}}',
    f'{{"auths": {{"quay.io": {{"password": {CANARY}}}}}}}',
    f'{{"auths": {{"quay.io": {{"password": ["{CANARY}"]}}}}}}',
    f'{{"auths": {{"quay.io": {{"password": {{"{CANARY}": 1}}}}}}}}',
    f'{{"auths": {{"quay.io": {{"username": true, "password": "{CANARY}"}}}}}}',
    f'{{"auths": {{"quay.io": {{"email": 5, "password": "{CANARY}"}}}}}}',
    f'{{"auths": {{"quay.io": "{CANARY}"}}}}',
    f'{{"auths": {{"quay.io": ["{CANARY}"]}}}}',
    f'{{"auths": "{CANARY}"}}',
    f'{{"auths": ["{CANARY}"]}}',
    f'["{CANARY}"]',
    f'"{CANARY}"',
    CANARY,
    f'{{"auths": {{"quay.io": {{"auth": "{CANARY}"}}}}}}',  # not base64
    f'{{"auths": {{"quay.io": {{"auth": "user:{CANARY}"}}}}}}',
    f'{{"auths": {{"quay.io": {{"auth": "{b64(CANARY)}"}}}}}}',  # without a colon
    f'{{"auths": {{"quay.io": {{"auth": "{AUTH} "}}}}}}',
    f'{{"auths": {{"quay.io": {{"auth": ["{AUTH}"]}}}}}}',
    f'{{"auths": {{"{USERINFO}": {{"auth": "{AUTH}!"}}}}}}',
    f'{{"auths": {{"user:{CANARY}": 5}}}}',
    f'{{"auths": {{}}, "HttpHeaders": {{"Authorization": ["{CANARY}"]}}}}',
    f'{{"auths": {{}}, "HttpHeaders": "{CANARY}"}}',
    f'{{"auths": {{}}, "HttpHeaders": ["{CANARY}"]}}',
    f'{{"auths": {{"quay.io": {{"password": "{CANARY}"}}}}}} {{}}',
    '{"auths": {"quay.io": {"x": ' + "[" * 20_000 + f'"{CANARY}"',
    '{"auths": {"quay.io": {"x": ' + "[" * 20_000 + f'"{CANARY}"' + "]" * 20_000 + "}}}",
    f'{{"auths": {{"quay.io": {{"password": "{CANARY}", "x": NaN}}}}}}',
    f"auths: {{quay.io: {{password: {CANARY}}}}}",
    b64(f'{{"auths": {{"quay.io": {{"password": "{CANARY}"}}}}}}'),  # encoded twice
]


@pytest.mark.parametrize("payload", BROKEN_PAYLOADS, ids=range(len(BROKEN_PAYLOADS)))
def test_no_broken_docker_config_shows_it(payload, tmp_path, caplog):
    cluster = check_everywhere(tmp_path, yaml.safe_dump_all([POD, secret(payload)]), caplog)
    (answer,) = cluster.resolve_all()
    assert answer.failure is not None
    for decode in (DockerConfig.from_json, DockerConfig.from_legacy_json):
        for data in (payload, payload.encode(), payload.encode() + b"\xff\xfe"):
            try:
                check(repr(decode(data)))
            except InvalidDockerConfig as error:
                check_error(error)
    assert not leaks(repr(resolve("quay.io/a", [PullSecret.from_manifest(secret(payload))])))


# --- Every kind of broken manifest -----------------------------------------------------------

HEAD = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: regcred}}\ntype: {TYPE}\n"
BROKEN_MANIFESTS = [
    f"{HEAD}data: {{.dockerconfigjson: '{CANARY}!'}}",
    f"{HEAD}data: {{.dockerconfigjson: [{CANARY}]}}",
    f"{HEAD}data: {{.dockerconfigjson: {{password: {CANARY}}}}}",
    f"{HEAD}data: {CANARY}",
    f"{HEAD}data: [{CANARY}]",
    f"{HEAD}data: {{5: {CANARY}}}",
    f"{HEAD}data: {{'https://u:{CANARY}@quay.io': '!'}}",
    f"{HEAD}data: {{'https://u:{CANARY}@quay.io': a, 'https://u:{CANARY}@quay.io': a}}",
    f"{HEAD}stringData: {{.dockerconfigjson: {{auths: {{quay.io: {{password: {CANARY}}}}}}}}}",
    f"{HEAD}stringData: [{CANARY}]",
    f"{HEAD}stringData: {{.dockerconfigjson: 2024-01-01, b: [{CANARY}]}}",
    f"{HEAD}password: *{CANARY}",
    f"{HEAD}password: &{CANARY}",
    f"{HEAD}password: &{CANARY} *{CANARY}",
    f"{HEAD}password: !{CANARY} x",
    f"{HEAD}password: !!{CANARY} x",
    f"{HEAD}password: !<{CANARY}> x",
    f"{HEAD}password: !{CANARY}! x",
    f"{HEAD}password: !{CANARY}!x y",
    f"%TAG !x! {CANARY}\n%FOO {CANARY}\n---\n{HEAD}password: !x!y z",
    f"%YAML {CANARY}\n{HEAD}",
    f'{HEAD}password: "{CANARY}',
    f'{HEAD}password: "\\{CANARY}"',
    f'{HEAD}password: "\\x{CANARY}"',
    f'{HEAD}password: "{CANARY}" x',
    f"{HEAD}password: '{CANARY}' {CANARY}",
    f"{HEAD}password: a: {CANARY}",
    f"{HEAD}password: [{CANARY}",
    f"{HEAD}password: {{{CANARY}",
    f"{HEAD}password: [{CANARY}}}",
    f"{HEAD}\tpassword: {CANARY}",
    f"{HEAD}password: |{CANARY}",
    f"{HEAD}password: >9{CANARY}",
    f"{HEAD}password: @{CANARY}",
    f"{HEAD}password: `{CANARY}",
    f"{HEAD}password: %{CANARY}",
    f"{HEAD}password: !!int {CANARY}",
    f"{HEAD}password: !!float {CANARY}",
    f"{HEAD}password: !!bool {CANARY}",
    f"{HEAD}password: !!null {CANARY}",
    f"{HEAD}password: !!timestamp {CANARY}",
    f"{HEAD}password: !!binary '{CANARY}é'",
    f"{HEAD}password: !!binary '{CANARY}'",
    f"{HEAD}password: !!omap {CANARY}",
    f"{HEAD}password: !!omap [{CANARY}]",
    f"{HEAD}password: !!pairs [{{a: {CANARY}, b: 1}}]",
    f"{HEAD}password: !!set {CANARY}",
    f"{HEAD}password: !!map {CANARY}",
    f"{HEAD}password: !!seq {CANARY}",
    f"{HEAD}password: !!str [{CANARY}]",
    f"{HEAD}password: !!python/name:os.{CANARY}",
    f"{HEAD}<<: {CANARY}",
    f"{HEAD}<<: [{CANARY}]",
    f"{HEAD}? [{CANARY}]\n: x",
    f"{HEAD}? {{{CANARY}: x}}\n: y",
    f"{HEAD}{CANARY}",
    f"{HEAD}- {CANARY}",
    f"{HEAD}password: {CANARY}\x07",
    f"{HEAD}password: {CANARY}".encode() + b"\xff",
    f"{HEAD}password: {CANARY}".encode("utf-16"),
    f"{HEAD}...\n{CANARY}",
    f"kind: [{CANARY}]",
    f"kind: Secret\napiVersion: [{CANARY}]",
    f"kind: Secret\nmetadata: {CANARY}",
    f"kind: Secret\nmetadata: {{name: [{CANARY}]}}",
    f"kind: Secret\nmetadata: {{name: a, annotations: {CANARY}}}",
    f"kind: Secret\nmetadata: {{name: a, annotations: {{pullsecrets/ignore: [{CANARY}]}}}}",
    f"kind: Secret\nmetadata: {{name: a}}\ntype: [{CANARY}]",
    f"kind: ServiceAccount\nmetadata: {{name: a}}\nimagePullSecrets: {CANARY}",
    f"kind: ServiceAccount\nmetadata: {{name: a}}\nimagePullSecrets: [[{CANARY}]]",
    f"kind: Pod\nmetadata: {{name: a}}\nspec: {CANARY}",
    f"kind: Pod\nmetadata: {{name: a}}\nspec: {{containers: {{a: {CANARY}}}}}",
    f"kind: SecretList\nitems: {CANARY}",
    f"kind: SecretList\nitems: [{CANARY}]",
    CANARY,
    f"- {CANARY}",
    f'"{CANARY}"',
    f'{{"kind": "Secret", "password": "{CANARY}"',
    f'{{"kind": "Secret", "password": "{CANARY}" "x"}}',
    f'{{"kind": "Secret", "password": "{CANARY}\n"}}',
    f'{{"kind": "Secret", "password": "\\{CANARY}"}}',
    f'{{"kind": "Secret", "password": {CANARY}}}',
    f'{{"kind": "Secret", "password": NaN{CANARY}}}',
    f'{{"kind": "Secret", "https://u:{CANARY}@h": 1, "https://u:{CANARY}@h": 2}}',
    f'{{"kind": "Secret", "x": {"9" * 5000}, "password": "{CANARY}"}}',
    f'{{"kind": "Secret", "password": "{CANARY}"}} {CANARY}',
    '{"kind": "Secret", "x": ' + "[" * 20_000 + f'"{CANARY}"',
]


@pytest.mark.parametrize("text", BROKEN_MANIFESTS, ids=range(len(BROKEN_MANIFESTS)))
def test_no_broken_manifest_shows_it(text, tmp_path, caplog):
    check_everywhere(tmp_path, text, caplog)


@pytest.mark.parametrize("text", BROKEN_MANIFESTS, ids=range(len(BROKEN_MANIFESTS)))
def test_no_broken_manifest_shows_it_without_the_c_loader(text, tmp_path, caplog, monkeypatch):
    """PyYAML's own parser words its errors differently."""
    monkeypatch.delattr(yaml, "CSafeLoader")
    yaml_loader.cache_clear()
    try:
        check_everywhere(tmp_path, text, caplog)
    finally:
        monkeypatch.undo()
        yaml_loader.cache_clear()


@pytest.mark.parametrize(
    "manifest",
    [
        {"data": {".dockerconfigjson": CANARY}},
        {"data": {".dockerconfigjson": [CANARY]}},
        {"data": CANARY},
        {"data": [CANARY]},
        {"data": {5: CANARY}},
        {"stringData": {".dockerconfigjson": CANARY.encode()}},
        {"stringData": CANARY},
        {"type": [CANARY]},
        {"metadata": CANARY},
        {"metadata": {"name": [CANARY]}},
        {"metadata": {"annotations": {"pullsecrets/ignore": [CANARY]}}},
    ],
)
def test_no_bad_mapping_shows_it(manifest):
    with pytest.raises(InvalidManifest) as error:
        PullSecret.from_manifest({"metadata": {"name": "a"}, **manifest})
    check_error(error.value)
    cluster = Cluster.from_manifests([{"kind": "Secret", "metadata": {"name": "a"}, **manifest}])
    assert len(cluster.problems) == 1
    check(*cluster.problems)


@pytest.mark.parametrize("password", [Password(CANARY), CANARY])
@pytest.mark.parametrize("value", [HiddenBytes(CANARY.encode()), CANARY.encode()])
def test_values_made_by_hand_hide_it(password, value):
    config = DockerConfig({USERINFO: Credential("user", password)})
    kept = PullSecret("a", data={".dockerconfigjson": value})
    assert config.auths[USERINFO].password == Password(CANARY)
    assert kept.data[".dockerconfigjson"] == HiddenBytes(CANARY.encode())
    check(config.auths[USERINFO], config, config.auths, kept)
    check(Cluster(secrets=(kept,), node=config), Keyring([kept], config))
    resolution = resolve("quay.io/acme/app", [], config)
    assert resolution.candidates[0].entry.reveal() == USERINFO
    check(resolution, *resolution.candidates)


# --- All of it at once, in every form that there is ------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Every broken manifest as a file of its own, every payload in a namespace of its own."""
    folder = tmp_path_factory.mktemp("canaries")
    for number, text in enumerate(BROKEN_MANIFESTS):
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"manifest-{number}.yaml").write_bytes(data)
    payloads = [*BROKEN_PAYLOADS, *({"auths": auths} for auths in FIELDS.values())]
    payloads += [{"auths": {USERINFO: {"auth": AUTH}}}]
    for number, payload in enumerate(payloads):
        documents = copy.deepcopy([POD, secret(payload)])
        # Of what matches nothing it is told why, and so perhaps with what.
        documents[0]["spec"]["containers"].append({"name": "other", "image": "user:12/app"})
        for document in documents:
            document["metadata"]["namespace"] = f"ns-{number}"
        (folder / f"secret-{number}.yaml").write_text(yaml.safe_dump_all(documents))
    return folder


@pytest.mark.parametrize(
    "command, form",
    [
        ("resolve", "table"),
        ("resolve", "json"),
        ("resolve", "markdown"),
        ("resolve", "html"),
        ("explain", "text"),
        ("explain", "json"),
        ("explain", "html"),
        ("check", "text"),
        ("check", "json"),
        ("check", "markdown"),
        ("check", "html"),
        ("check", "sarif"),
        ("check", "github"),
    ],
)
def test_no_command_shows_it(command, form, folder):
    result = run(command, folder, "--format", form)
    assert result.status == 2
    assert len(result.out) > 1000
    assert not leaks(result.out), [line for line in result.out.splitlines() if leaks(line)]
    assert not leaks(result.err), [line for line in result.err.splitlines() if leaks(line)]
    assert "Traceback" not in result.err


def test_no_picture_and_no_record_shows_it(folder):
    from rich.console import Console

    console = Console(width=200, record=True, file=io.StringIO())
    cluster = load(folder)
    shown = [cluster, *cluster.resolve_all()]
    shown += [each.resolution for answer in cluster.resolve_all() for each in answer.images]
    shown += [explain_pod(cluster, pod) for pod in cluster.pods]
    for value in shown:
        assert not leaks(value._repr_html_())
        assert not leaks(repr(value))
        assert not leaks(repr(value.to_records()))
        console.print(value)
    assert not leaks(console.export_svg(clear=False))
    assert not leaks(console.export_html(clear=False))
    assert not leaks(console.export_text())
