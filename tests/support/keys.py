"""Keyrings and image names that have much in common: prefixes, globs, ports, escapes.

Everything is put together by a function that picks one of several things, so that Hypothesis
(which shrinks) and a plain random generator (which is fast) draw from the same.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

from pullsecrets import DockerConfig, Image, Keyring, PullSecret
from pullsecrets.secrecy import HiddenBytes

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]

# Names. A keyring and its names are drawn around a few of these hosts.
LABELS = ("a", "b", "ab", "aab", "io", "docker", "A", "a_b", "é", "\udcff")
HOSTS = ("docker.io", "index.docker.io", "a.docker.io", "registry-1.docker.io", "localhost", "A")
HOSTS += ("[::1]", "[::a]", "[::ffff:1.2.3.4]", "[AB]", "1", ":", "a", "", "a%25", "my_reg.io", "*")
PATHS = ("/a", "/ab", "/abc", "/a/b", "/a/b/c", "/ab/c", "/b/a", "/v1/a", "/library/a", "/A/a")
PATHS += ("/", "", "/\udcff/a", "/é/a", "/a?q", "/a#f", "/%61", "/[a]/a")
PORTS = ("", "", "", ":80", ":8", ":")

# What entries have besides.
SCHEMES = ("", "", "", "https://", "http://", "https://http://", "ftp://", "u:p@")
GLOBS = (
    "*",
    "*",
    "a*",
    "*b",
    "a*b",
    "**",
    "*a*",
    "*o",
    "%c3%a9",
    "%ff",
    "a%25",
    "a%2a",
    "?",
    "[a]",
)
STRANGE_HOSTS = ("[::1%25a]", "[::", "https:", "%", "a b", "index.docker.io", "docker.io")
STRANGE_PORTS = ("", "", "", "", ":", ":080", ":x", ":80:80")
CUTS = (1, 2, 3, 4, 5, 99)
STRANGE_PATHS = ("", "", "/", "//a", "/v1", "/v1/", "/v2/a", "/v1/v1/a", "/a%62", "/a%2562")
STRANGE_PATHS += (
    "/a%252562",
    "/a%3Fq",
    "/a%23f",
    "/%ff",
    "/%25ff",
    "/%",
    "/*",
    "/%c3%a9",
    "/%25c3",
)

SIZES = (0, 1, 2, 3, 5, 8, 13, 21)


def _host(pick: Pick) -> str:
    if pick((True, False)):
        return pick(HOSTS)
    return ".".join(pick(LABELS) for _ in range(pick((1, 2, 2, 3))))


def draw_hosts(pick: Pick) -> list[str]:
    """The hosts that a keyring and the names looked up in it are about, with ports."""
    return [_host(pick) + pick(PORTS) for _ in range(pick((1, 2, 3)))]


def draw_name(pick: Pick, hosts: Sequence[str]) -> str:
    """An image's name, or something that stands in its place."""
    host = pick(hosts) if pick((True, True, True, False)) else _host(pick)
    return host + pick(PATHS)


def draw_entry(pick: Pick, hosts: Sequence[str]) -> str:
    """An entry of a docker config, well-formed or not, that is about one of the hosts mostly."""
    host, colon, port = pick(hosts).partition(":")
    change = pick(("none", "none", "glob", "glob", "globs", "port", "host"))
    labels = host.split(".")
    if change.startswith("glob"):
        labels[pick(range(len(labels)))] = pick(GLOBS)
    if change == "globs":
        labels[pick(range(len(labels)))] = pick(GLOBS)
    authority = ".".join(labels) + colon + port
    if change == "port":
        authority = host + pick(STRANGE_PORTS)
    if change == "host":
        authority = pick(STRANGE_HOSTS)
    path = pick(PATHS)[: pick(CUTS)] if pick((True, False)) else pick(STRANGE_PATHS)
    return pick(SCHEMES) + authority + path


def _document(pick: Pick, hosts: Sequence[str]) -> bytes:
    entries = {}
    for number in range(pick(SIZES)):
        auth = b64encode(f"user-{number}:pass:{number}".encode()).decode()
        fields = pick(({"auth": auth}, {"auth": auth, "email": "e"}, {"username": "u"}, {}))
        entries[draw_entry(pick, hosts)] = fields
    return json.dumps({"auths": entries}).encode()


def draw_keyring(pick: Pick, hosts: Sequence[str]) -> Keyring:
    """A keyring of some secrets, the same one twice at times, and of a node at times."""
    secrets = [
        PullSecret(
            f"secret-{number}", data={".dockerconfigjson": HiddenBytes(_document(pick, hosts))}
        )
        for number in range(pick((0, 1, 1, 2, 3)))
    ]
    if pick((False, False, True)):
        secrets += secrets[:1]
    node = DockerConfig.from_json(_document(pick, hosts)) if pick((False, True)) else None
    return Keyring(secrets, node)


def image_of(name: str) -> Image:
    """An image that has the name, be it one that no reference could have."""
    domain, slash, path = name.partition("/")
    return Image(domain, path) if slash and domain else Image("", name)
