from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets.node.files import FileState, NodeFiles

AUTHS = '{"auths": {"%s": {"auth": "dTpw"}}}'
LEGACY = '{"%s": {"auth": "dTpw"}}'
CANARY = "hunter2-CANARY-9XqZ"

ORDER = [
    "/var/lib/kubelet/config.json",
    "/cwd/config.json",
    "/home/me/.docker/config.json",
    "/.docker/config.json",
    "/var/lib/kubelet/.dockercfg",
    "/cwd/.dockercfg",
    "/home/me/.dockercfg",
    "/.dockercfg",
]


def write(root, path, text):
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def find(root, **given):
    return NodeFiles.find(root, **{"home": "/home/me", "cwd": "/cwd", **given})


def states(found):
    return {file.path: file.state for file in found.files}


def document(path, entry):
    return (LEGACY if path.endswith(".dockercfg") else AUTHS) % entry


def test_eight_places_in_order():
    found = NodeFiles.find("/does/not/exist", home="/home/me", cwd="/cwd")
    assert [file.path for file in found.files] == ORDER
    assert {file.state for file in found.files} == {FileState.MISSING}
    assert found.docker_config is None


@pytest.mark.parametrize("place", range(8))
def test_each_place_counts_where_none_before_it_is_there(tmp_path, place):
    for path in ORDER[place:]:
        write(tmp_path, path, document(path, path))
    found = find(tmp_path)
    assert list(found.docker_config.auths) == [ORDER[place]]
    expected = ["missing"] * place + ["counts"] + ["shadowed"] * (7 - place)
    assert [file.state for file in found.files] == expected


@at_leisure
@given(st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_the_first_that_decodes_counts_and_nothing_is_merged(tmp_path_factory, sound, broken):
    root = tmp_path_factory.mktemp("node")
    for place in sound | broken:
        path = ORDER[place]
        write(root, path, "{" if place in broken else document(path, path))
    found = find(root)
    counting = [ORDER[place] for place in sorted(sound - broken)][:1]
    assert list(found.docker_config.auths if found.docker_config else ()) == counting
    assert [f.path for f in found.files if f.state is FileState.COUNTS] == counting
    # A broken file behind the one that counts is never looked into.
    first = ORDER.index(counting[0]) if counting else 8
    undecodable = [ORDER[place] for place in sorted(broken) if place < first]
    assert [f.path for f in found.files if f.state is FileState.UNDECODABLE] == undecodable


def test_without_home_its_places_are_in_the_working_directory(tmp_path):
    found = NodeFiles.find(tmp_path, cwd="/cwd")
    assert found.files[2].path == "/cwd/.docker/config.json"
    assert found.files[6].path == "/cwd/.dockercfg"


def test_a_working_directory_and_a_root_dir_of_the_kubelet(tmp_path):
    write(tmp_path, "/data/kubelet/config.json", AUTHS % "quay.io")
    found = NodeFiles.find(tmp_path, kubelet_root="/data/kubelet")
    assert list(found.docker_config.auths) == ["quay.io"]
    assert found.files[1].path == "/config.json"


def test_a_file_without_entries_counts_and_ends_the_search(tmp_path):
    write(tmp_path, ORDER[0], "{}")
    write(tmp_path, ORDER[1], AUTHS % "quay.io")
    found = find(tmp_path)
    assert dict(found.docker_config.auths) == {}
    assert str(found.files[0]) == (
        "/var/lib/kubelet/config.json: counts (without an entry, which ends the search)"
    )
    assert found.files[1].state is FileState.SHADOWED


def test_one_bad_auth_makes_the_next_file_count(tmp_path):
    bad = {"auths": {"quay.io": {"auth": "dTpw"}, "gcr.io": {"auth": CANARY}}}
    write(tmp_path, ORDER[0], json.dumps(bad))
    write(tmp_path, ORDER[1], AUTHS % "ghcr.io")
    found = find(tmp_path)
    assert found.files[0].state is FileState.UNDECODABLE
    assert found.files[0].reason == "auths['gcr.io'].auth is not base64"
    assert list(found.docker_config.auths) == ["ghcr.io"]
    assert CANARY not in repr(found) + str(found.files[0])


def test_the_two_formats_are_not_mixed_up(tmp_path):
    # A map of entries is a config.json without auths; a config.json is a map with a bad entry.
    write(tmp_path, ORDER[0], LEGACY % "quay.io")
    assert dict(find(tmp_path).docker_config.auths) == {}
    (tmp_path / ORDER[0][1:]).unlink()
    write(tmp_path, ORDER[4], AUTHS % "quay.io")
    assert list(find(tmp_path).docker_config.auths) == ["auths"]


def test_what_is_no_file_is_passed_over(tmp_path):
    (tmp_path / ORDER[0][1:]).mkdir(parents=True)
    os.mkfifo(write(tmp_path, ORDER[1], "").with_name("pipe"))
    (tmp_path / ORDER[1][1:]).unlink()
    (tmp_path / ORDER[1][1:]).symlink_to("pipe")
    write(tmp_path, ORDER[2], AUTHS % "quay.io")
    found = find(tmp_path)
    assert [(f.state, f.reason) for f in found.files[:2]] == [("unreadable", "not a file")] * 2
    assert list(found.docker_config.auths) == ["quay.io"]


def test_a_path_through_a_file_is_missing(tmp_path):
    write(tmp_path, "/var/lib/kubelet", "")
    assert set(states(find(tmp_path)).values()) == {FileState.MISSING}


def test_a_name_that_no_system_has(tmp_path):
    found = NodeFiles.find(tmp_path, kubelet_root="/a\0b")
    assert (found.files[0].state, found.files[0].reason) == ("unreadable", "no such name")
    assert "\0" not in str(found.files[0])


def test_a_huge_file_is_not_read(tmp_path):
    with write(tmp_path, ORDER[0], "").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    assert find(tmp_path).files[0].reason == "more than 16,777,216 bytes"


def test_links_are_followed_from_the_folder_as_root(tmp_path):
    root = tmp_path / "node"
    write(root, "/etc/pull.json", AUTHS % "on-the-node")
    write(tmp_path, "/etc/pull.json", AUTHS % "outside")
    (root / "var/lib/kubelet").mkdir(parents=True)
    for target in ("/etc/pull.json", "../../../etc/pull.json", "../../../../../etc/pull.json"):
        link = root / "var/lib/kubelet/config.json"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        assert list(find(root).docker_config.auths) == ["on-the-node"]


def test_links_in_a_circle_are_unreadable(tmp_path):
    (tmp_path / "cwd").symlink_to("/cwd")
    found = find(tmp_path)
    assert (found.files[1].state, found.files[1].reason) == ("unreadable", "too many links")
