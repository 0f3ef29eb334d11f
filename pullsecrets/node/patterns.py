"""A provider's pattern and an image: does it match, and what keeps it from it (D7, D8).

A pattern is taken as written. What people write in it, and what a docker config's entry may have
(a scheme, ``/v1/``, Docker Hub's other names) or other globs know (``/*``), makes it match
nothing, without a word from the kubelet. `compare_pattern` takes such things out, one after the
other, until the rest matches: so it knows what is wrong, and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import takewhile
from operator import eq
from typing import Final

from attrs import frozen

from pullsecrets._go.url import glob_matches
from pullsecrets.matching import pattern_matches
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY
from pullsecrets.secrecy import EntryText
from pullsecrets.spelling import unmatchable

__all__ = [
    "Miss",
    "MissCode",
    "Patterns",
    "compare_pattern",
    "miss_of_every_image",
    "nearest_miss",
]


class MissCode(StrEnum):
    """Why a pattern does not match an image, the nearest miss first."""

    SCHEME = "scheme"
    API_PATH = "api-path"
    PATH_GLOB = "path-glob"
    TAG = "tag"
    DOCKER_HUB = "docker-hub"
    LETTER_CASE = "letter-case"
    PORT = "port"
    LABEL_COUNT = "label-count"
    PATH = "path"
    HOST = "host"
    NO_IMAGE = "no-image"


_REASONS: Final = {
    MissCode.SCHEME: "a pattern has no scheme",
    MissCode.API_PATH: "a pattern has no API path",
    MissCode.PATH_GLOB: "the path is a plain prefix, without globs",
    MissCode.TAG: "tags and digests are not compared",
    MissCode.DOCKER_HUB: "Docker Hub's images are matched as docker.io",
    MissCode.LETTER_CASE: "letter case counts",
    MissCode.PORT: "the ports are not the same",
    MissCode.LABEL_COUNT: "the hosts do not have as many labels",
    MissCode.PATH: "the path is another one",
    MissCode.HOST: "the host is another one",
    MissCode.NO_IMAGE: "no image has such a name",
}


@frozen
class Miss:
    """Why a pattern does not match.

    Attributes:
        pattern: The pattern as written.
        code: What is wrong with it first.
        instead: A pattern that matches, None where none is near.
    """

    pattern: str
    code: MissCode
    instead: str | None = None

    def __str__(self) -> str:
        text = f"'{EntryText(self.pattern)}' does not match: {_REASONS[self.code]}"
        return text if self.instead is None else f"{text} ('{EntryText(self.instead)}' would)"


def _split(pattern: str) -> tuple[str, str, str]:
    """Host, port with its colon, and path with its slash, of a pattern without a scheme."""
    authority, slash, path = pattern.partition("/")
    match = re.fullmatch(r"(.*?)(:[0-9]*)?", authority, re.DOTALL)
    host, port = match.groups("") if match else (authority, "")
    return host, port, slash + path


def _scheme(pattern: str, name: str) -> str:
    return re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*://", "", pattern)


def _api_path(pattern: str, name: str) -> str:
    host, port, path = _split(pattern)
    if not re.match(r"/v[12](?:/|\Z)", path):
        return pattern
    return host + port + ("" if path[3:] == "/" else path[3:])


def _path_glob(pattern: str, name: str) -> str:
    host, port, path = _split(pattern)
    return host + port + path.partition("*")[0]


def _tag(pattern: str, name: str) -> str:
    host, port, path = _split(pattern)
    return host + port + re.split("[:@]", path, maxsplit=1)[0]


_HUB_NAMES: Final = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


def _docker_hub(pattern: str, name: str) -> str:
    host, _, path = _split(pattern)
    if not name.startswith(f"{DOCKER_HUB}/"):
        return pattern
    if host not in (*_HUB_NAMES, "hub.docker.com", "auth.docker.io", "*.docker.io"):
        return pattern
    # `docker.io/nginx` is an image's short name: as a path it would miss `library/nginx`.
    if path.count("/") == 1 and len(path) > 1 and name.startswith(f"{DOCKER_HUB}/library{path}"):
        path = f"/library{path}"
    return DOCKER_HUB + path


def _letter_case(pattern: str, name: str) -> str:
    host, port, path = _split(pattern)
    # An image's host may have capitals, its path never does.
    name_host = _split(name)[0]
    return (name_host if host.lower() == name_host.lower() else host) + port + path.lower()


def _port(pattern: str, name: str) -> str:
    host, _, path = _split(pattern)
    return host + _split(name)[1] + path


def _label_count(pattern: str, name: str) -> str:
    """The host with the name's number of labels, where those that both have agree from the end."""
    host, port, path = _split(pattern)
    own, wanted = host.split("."), _split(name)[0].split(".")
    shared = min(len(own), len(wanted))
    ends = zip(own[-shared:], wanted[-shared:], strict=True)
    if len(own) == len(wanted) or not all(glob_matches(*pair) for pair in ends):
        return pattern
    more = ["*"] * (len(wanted) - shared)
    return ".".join(more + own[len(own) - shared :]) + port + path


def _path(pattern: str, name: str) -> str:
    host, port, _ = _split(pattern)
    return host + port


_Change = Callable[[str, str], str]
# What is wrong with a pattern whatever the image is called, and the rest: the nearest first.
_SPELLINGS: Final[dict[MissCode, _Change]] = {
    MissCode.SCHEME: _scheme,
    MissCode.API_PATH: _api_path,
    MissCode.PATH_GLOB: _path_glob,
    MissCode.TAG: _tag,
    MissCode.DOCKER_HUB: _docker_hub,
    MissCode.LETTER_CASE: _letter_case,
}
_CHANGES: Final[dict[MissCode, _Change]] = {
    **_SPELLINGS,
    MissCode.PORT: _port,
    MissCode.LABEL_COUNT: _label_count,
    MissCode.PATH: _path,
}
_USERINFO: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)?[^/]*@")
_NEARNESS: Final = {code: rank for rank, code in enumerate(MissCode)}


def compare_pattern(pattern: str, image_name: str) -> Miss | None:
    """Whether a provider with this pattern is asked for an image; None: it is.

    Args:
        pattern: The pattern as written.
        image_name: The image's normalised name, without tag and digest.

    >>> print(compare_pattern("harbor.example.com/*", "harbor.example.com/team/app"))
    'harbor.example.com/*' does not match: the path is a plain prefix, without globs \
('harbor.example.com/' would)
    """
    miss = _compare(pattern, image_name)
    return None if miss is None else miss[1]


def _compare(pattern: str, image_name: str) -> tuple[int, Miss] | None:
    """The miss, and how far off it is: the place of the last thing that had to be taken out."""

    def matches(changed: str) -> bool:
        return pattern_matches(changed, image_name)

    if matches(pattern):
        return None
    return _change_until(matches, pattern, _CHANGES, image_name) or (
        _NEARNESS[MissCode.HOST],
        Miss(pattern, MissCode.HOST),
    )


def _change_until(
    good: Callable[[str], bool], pattern: str, changes: Mapping[MissCode, _Change], name: str
) -> tuple[int, Miss] | None:
    # Without a user and a password, which the kubelet ignores: nobody is to write them again.
    changed, first = _USERINFO.sub(r"\1", pattern), None
    for code, change in changes.items():
        after = change(changed, name)
        if after != changed:
            changed, first = after, first or code
            if good(changed):
                return _NEARNESS[code], Miss(pattern, first, changed)
    return None


def nearest_miss(patterns: tuple[str, ...], image_name: str) -> Miss | None:
    """The pattern that comes nearest to matching; None where one matches, or there is none."""
    misses = [_compare(pattern, image_name) for pattern in patterns]
    if not misses or None in misses:
        return None
    return min((miss for miss in misses if miss is not None), key=lambda miss: miss[0])[1]


_FAR: Final = frozenset({MissCode.PATH, MissCode.HOST})
_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9._*-]+")


class Patterns:
    """The patterns of a provider, for many images.

    Most patterns have nothing to do with the host of most images, whatever one takes out of them.
    That is found once for each host: to compare 200 patterns with 10,000 images of 20 hosts takes a
    second instead of two minutes.

    Args:
        patterns: The patterns as written.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple((pattern, _literal_end(pattern)) for pattern in patterns)
        self._of_host: dict[str, tuple[str, ...]] = {}

    def near_miss(self, image_name: str) -> Miss | None:
        """The pattern that was most likely meant for an image, where none matches it."""
        miss = nearest_miss(self._near(image_name), image_name)
        return None if miss is None or miss.code in _FAR else miss

    def are_meant(self, image_name: str) -> bool:
        """Whether one of them matches an image, or just misses it."""
        near = self._near(image_name)
        return bool(near) and (
            any(pattern_matches(pattern, image_name) for pattern in near)
            or self.near_miss(image_name) is not None
        )

    def _near(self, image_name: str) -> tuple[str, ...]:
        """Those whose miss is not the host (`MissCode.HOST`), which no path changes."""
        host = image_name.partition("/")[0]
        if host not in self._of_host:
            labels = _split(host.lower())[0].split(".")[::-1]
            found = (
                pattern
                for pattern, end in self._patterns
                if host == DOCKER_HUB or all(map(eq, end, labels))
            )
            near = (pattern for pattern in found if _may_be_near(pattern, f"{host}/"))
            self._of_host[host] = tuple(near)
        return self._of_host[host]


def _may_be_near(pattern: str, name: str) -> bool:
    miss = compare_pattern(pattern, name)
    return miss is None or miss.code is not MissCode.HOST


def _literal_end(pattern: str) -> list[str]:
    """The labels at the end of its host that have no glob, the last first.

    An image whose host ends in others is not near; of a host that has more to it nothing is known.
    """
    host = _split(_scheme(pattern, "").lower())[0]
    if not _PLAIN_HOST.fullmatch(host):
        return []
    return list(takewhile(lambda label: "*" not in label, host.split(".")[::-1]))


def miss_of_every_image(pattern: str) -> Miss | None:
    """What keeps a pattern from matching any image; None where it may match one.

    >>> print(miss_of_every_image("https://quay.io"))
    'https://quay.io' does not match: a pattern has no scheme ('quay.io' would)
    >>> miss_of_every_image("*.dkr.ecr.*.amazonaws.com") is None
    True
    """
    if _may_match(pattern):
        return None
    # The made-up name is of Docker Hub, for a pattern of one of its other names.
    changed = _change_until(_may_match, pattern, _SPELLINGS, f"{DOCKER_HUB}/")
    return Miss(pattern, MissCode.NO_IMAGE) if changed is None else changed[1]


def _may_match(pattern: str) -> bool:
    # A docker config's key for Docker Hub serves it by rule 14, which patterns do not have.
    return unmatchable(pattern) is None and _split(pattern)[:2] != (DOCKER_HUB_KEY, "")
