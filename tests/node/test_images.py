from __future__ import annotations

import json

import pytest

from pullsecrets import Image
from pullsecrets.node.images import InvalidImageList, NodeImage, NodeImages

DIGEST = f"sha256:{'d' * 64}"
CRICTL = {
    "images": [
        {
            "id": "sha256:1",
            "repoTags": ["docker.io/library/nginx:1", "docker.io/library/nginx:latest"],
            "repoDigests": [f"docker.io/library/nginx@{DIGEST}"],
            "size": "74000000",
            "uid": None,
            "username": "",
            "spec": None,
            "pinned": False,
        },
        {"id": "sha256:2", "repoTags": ["docker.io/library/nginx:1"], "repoDigests": None},
    ]
}


def test_what_crictl_prints():
    images = NodeImages.from_crictl(json.dumps(CRICTL, indent=2))
    assert images == NodeImages.from_crictl(CRICTL)
    assert list(images) == [
        NodeImage(
            "sha256:1",
            tuple(CRICTL["images"][0]["repoTags"]),
            (f"docker.io/library/nginx@{DIGEST}",),
        ),
        NodeImage("sha256:2", ("docker.io/library/nginx:1",)),
    ]
    assert len(images) == 2
    assert len(NodeImages.from_crictl('{"images": []}')) == 0


@pytest.mark.parametrize(
    "image, found",
    [
        ("nginx", "sha256:1"),
        ("nginx:1", "sha256:1"),
        ("docker.io/library/nginx:1", "sha256:1"),
        (f"nginx:2@{DIGEST}", "sha256:1"),
        ("nginx:2", None),
        ("quay.io/library/nginx:1", None),
        (f"nginx@sha256:{'e' * 64}", None),
    ],
)
def test_an_image_is_found_by_digest_or_tag(image, found):
    assert NodeImages.from_crictl(CRICTL).id_of(Image.parse(image)) == found


@pytest.mark.parametrize(
    "document, problem",
    [
        ("{}", "images: is missing"),
        ("[]", "is a list, not an object"),
        ("{", "not JSON"),
        ('{"images": {}}', "images: is an object, not a list"),
        ('{"images": [{"id": 1}]}', r"images\[0\].id: is a number, not a string"),
        ({"images": "x"}, "images: is a string, not a list"),
    ],
)
def test_what_is_none_says_why(document, problem):
    with pytest.raises(InvalidImageList, match=problem):
        NodeImages.from_crictl(document)
