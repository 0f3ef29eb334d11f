"""The answer, handed on: other tools choose the kubelet's credential."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pullsecrets import Cluster, Credential, DockerConfig, Password, Resolution, resolve
from pullsecrets.handover import NothingToHandOver, to_docker_config, write_docker_config
from pullsecrets.testing import pull_secret, strategies
from registries import Htpasswd, Registry, TokenAuth, TokenServer, require
from registries.programs import program


def resolved(image: str, auths: dict[str, tuple[str, str]]) -> Resolution:
    return resolve(image, [pull_secret("regcred", auths)])


@pytest.mark.parametrize(
    "image, key, entry",
    [
        ("quay.io/acme/api:1", "*.io/acme", "quay.io"),
        ("reg.example.com:5000/api", "https://reg.example.com:5000/v2/", "reg.example.com:5000"),
        ("nginx", "docker.io", "https://index.docker.io/v1/"),
        ("index.docker.io/acme/api", "index.docker.io", "https://index.docker.io/v1/"),
        ("my_reg/a", "index.docker.io", "https://index.docker.io/v1/"),
        ("localhost/api", "index.docker.io", "localhost"),
        ("REGISTRY.example.com/a", "REGISTRY.example.com", "REGISTRY.example.com"),
    ],
)
def test_one_entry_under_the_registrys_name(image: str, key: str, entry: str) -> None:
    resolution = resolved(image, {key: ("user", "password"), "a.io": ("other", "password")})
    expected = DockerConfig({entry: Credential("user", Password("password"))})
    assert to_docker_config(resolution) == expected


def test_the_first_candidate_is_chosen() -> None:
    config = to_docker_config(
        resolved("quay.io/acme/api", {"quay.io": ("second", "x"), "quay.io/acme": ("first", "y")})
    )
    assert config.auths["quay.io"].username == "first"
    assert config.to_json() == '{"auths":{"quay.io":{"auth":"Zmlyc3Q6eQ=="}}}'


def test_anonymous() -> None:
    assert to_docker_config(resolve("nginx", [])).to_json() == '{"auths":{}}'
    assert to_docker_config(resolved("quay.io/a/b", {"quay.io": ("", "")})) == DockerConfig()


def test_a_failure_is_no_answer() -> None:
    for resolution in (
        resolve("quay.io/acme/api", [pull_secret("regcred", "no JSON")]),
        resolve("NGINX", []),
    ):
        with pytest.raises(NothingToHandOver) as error:
            to_docker_config(resolution)
        assert str(error.value) == str(resolution.failure)


def test_a_colon_in_the_user_name() -> None:
    config = to_docker_config(resolved("quay.io/a/b", {"quay.io": ("a:b", "c")}))
    fields = json.loads(config.to_json())["auths"]["quay.io"]
    assert base64.b64decode(fields["auth"]) == b"a:b:c"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.clusters())
def test_what_is_sent_is_the_same(cluster: Cluster) -> None:
    for answer in cluster.resolve_all():
        for resolution in (image.resolution for image in answer.images):
            assert resolution.image is not None
            handed = resolve(resolution.image, [], to_docker_config(resolution))
            sent = [
                f"{c.credential.username}:{c.credential.password.reveal()}"
                for c in (*resolution.candidates[:1], *handed.candidates)
            ]
            assert sent == [] or sent == [":"] or sent[0] == sent[1]


def test_written_for_the_owner_only(tmp_path: Path) -> None:
    config = DockerConfig({"quay.io": Credential("user", Password("hunter2-canary"))})
    path = tmp_path / "config.json"
    before = os.umask(0)
    try:
        write_docker_config(path, config)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert DockerConfig.from_json(path.read_bytes()) == config
    with pytest.raises(FileExistsError):
        write_docker_config(path, DockerConfig())
    assert DockerConfig.from_json(path.read_bytes()) == config
    path.chmod(0o644)
    write_docker_config(str(path), DockerConfig(), overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == '{"auths":{}}'
    assert [found.name for found in tmp_path.iterdir()] == ["config.json"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    link = tmp_path / "config.json"
    link.symlink_to(target)
    with pytest.raises(FileExistsError):
        write_docker_config(link, DockerConfig())
    assert not target.exists()
    write_docker_config(link, DockerConfig(), overwrite=True)
    assert not target.exists()
    assert not link.is_symlink()


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_docker_config(tmp_path / "nowhere" / "config.json", DockerConfig())


TOOLS = {
    "skopeo": "skopeo inspect --raw --tls-verify=false --authfile {file} docker://{image}",
    "crane": "crane manifest --insecure {image}",
    "oras": "oras manifest fetch --plain-http --registry-config {file} {image}",
    "podman": "podman manifest inspect --tls-verify=false --authfile {file} {image}",
}


def _run(tool: str, file: Path, image: str) -> bool:
    words = [word.format(file=file, image=image) for word in TOOLS[tool].split()]
    place = str(file.parent)
    environment = {"PATH": os.environ["PATH"], "HOME": place, "DOCKER_CONFIG": place}
    done = subprocess.run(words, env=environment, capture_output=True, timeout=60)
    return done.returncode == 0


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_tools_choose_the_kubelets_credential(tool: str, kind: str, tmp_path: Path) -> None:
    """The other entry of the Secret is one that docker's own rules would prefer."""
    require("docker-registry", "htpasswd")
    if tool == "skopeo":
        assert program(tool)
    elif shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    users = {"ann": "ann-password", "bob": "bob-password"}
    tokens = TokenServer(tmp_path / "tokens", users=users, grants={"ann": ["team/a"]})
    auth = Htpasswd({"ann": "ann-password"}) if kind == "basic" else TokenAuth(tokens)
    with tokens.running(), Registry.start(tmp_path / "registry", auth=auth) as registry:
        registry.push("team/a", "1.0")
        image = registry.image("team/a", "1.0")
        entries = {registry.host: ("bob", "bob-password")}
        wrong = to_docker_config(resolved(image, entries))
        entries[f"{registry.host}/team"] = ("ann", "ann-password")
        right = to_docker_config(resolved(image, entries))
        file = tmp_path / "config.json"
        write_docker_config(file, right)
        assert _run(tool, file, image)
        write_docker_config(file, wrong, overwrite=True)
        assert not _run(tool, file, image)
        write_docker_config(file, DockerConfig(), overwrite=True)
        assert not _run(tool, file, image)


def test_docker_hub_as_the_tools_spell_it(tmp_path: Path) -> None:
    """Without asking Docker Hub: they print what they would use."""
    program("skopeo")
    config = to_docker_config(resolved("nginx", {"docker.io": ("user", "password")}))
    file = tmp_path / "config.json"
    write_docker_config(file, config)
    asked = {
        "skopeo": ["skopeo", "login", "--get-login", "--authfile", str(file), "docker.io"],
        "crane": ["crane", "auth", "get", "index.docker.io"],
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DOCKER_CONFIG": str(tmp_path),
    }
    for tool, command in asked.items():
        if shutil.which(tool):
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert "user" in done.stdout, done


def test_docker_hub_as_docker_py_finds_it(tmp_path: Path) -> None:
    auth = pytest.importorskip("docker.auth")
    file = tmp_path / "config.json"
    write_docker_config(file, to_docker_config(resolved("nginx", {"docker.io": ("user", "pw")})))
    found = auth.load_config(str(file)).resolve_authconfig("docker.io")
    assert (found["username"], found["password"]) == ("user", "pw")
