"""Entries that an image just misses, and such that only look like it."""

from __future__ import annotations

import pytest

from pullsecrets import check
from pullsecrets.testing import cluster
from support.diagnosed import found, messages, pod, regcred


@pytest.mark.parametrize(
    "image, entry, code, replacement",
    [
        ("r.example.com:5000/a", "r.example.com", "PS502", "r.example.com:5000"),
        ("r.example.com/a", "r.example.com:443", "PS502", "r.example.com"),
        ("r.example.com:5000/a/b", "*.example.com/a/", "PS502", "*.example.com:5000/a/"),
        ("r.example.com/a", "example.com", "PS503", "r.example.com"),
        ("r.example.com/a", "*example.com", "PS503", "r.example.com"),
        ("a.b.example.com/x", "*.example.com", "PS503", "a.b.example.com"),
        ("example.com/a", "*.example.com", "PS503", "example.com"),
        ("quay.io/acme/api", "quay.io/acme/api/", "PS504", "quay.io/acme/api"),
        ("nginx", "docker.io/nginx", "PS504", "docker.io/library/nginx"),
        ("quay.io/acme/api", "quay.io/amce/api", "PS504", "quay.io/acme/api"),
        ("quay.io/acme/api", "quay.io/acmee/", "PS504", "quay.io/acme/"),
        ("registry.example.com/a", "Registry.example.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "registry.exmaple.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "registy.example.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "rogistry.example.com", "PS505", "registry.example.com"),
    ],
)
def test_near_misses(image, entry, code, replacement):
    [diagnosis] = check(cluster(pod(image), regcred(entry)))
    assert (diagnosis.code, diagnosis.replacement) == (code, replacement)
    assert found(pod(image), regcred(replacement)) in ([], [("PS309", "note")])


@pytest.mark.parametrize(
    "image, entry",
    [
        ("ghcr.io/a/b", "gcr.io"),
        ("quay.io/team-b/api", "quay.io/team-a/"),
        ("quay.io/team2/api", "quay.io/team1/"),
        ("quay.io/other/api", "quay.io/acme/"),
        ("us-east-1.example.com/a", "us-east-2.example.com"),
        ("mirror.example.com/a", "registry.example.com"),
        ("k8s.gcr.io/pause", "gcr.io"),
        ("example.com/a", "registry.example.com"),
        ("us.gcr.io/a/b", "*.io"),
        ("quay.io/a/b", "registry.example.com:5000"),
        ("node10.example.com/a", "node1.example.com"),
        ("amce.example.net/a", "acme.example.com"),
        ("registry.example.com/a", "resigtyr.example.com"),
    ],
)
def test_what_is_no_near_miss(image, entry):
    assert found(pod(image), regcred(entry)) == [("PS506", "note")]


def test_two_ports_on_one_host_may_be_two_registries():
    assert found(pod("nexus.example.com:8082/a"), regcred("nexus.example.com:8083")) == [
        ("PS502", "note")
    ]


def test_the_label_that_differs_is_named_with_the_images():
    [message] = messages(pod("registry.example.com/a"), regcred("registry.exmaple.com"))
    assert "has 'exmaple', the image has 'example'" in message


def test_the_nearest_of_several_is_named():
    [diagnosis] = check(
        cluster(pod("r.example.com:5000/a"), regcred("example.com:5000", "r.example.com"))
    )
    assert diagnosis.code == "PS502"


def test_an_image_that_gos_url_parser_refuses_has_no_near_miss():
    assert found(pod("[:::]:5000/a"), regcred("quay.io")) == [("PS506", "note")]
