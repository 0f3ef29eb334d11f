"""Image references: their parts, and what is said of what is none."""

from __future__ import annotations

import pytest

from pullsecrets import Image, InvalidImage
from pullsecrets.registries import Registry


@pytest.mark.parametrize("text", ["", " nginx", "nginx ", "Nginx", "https://quay.io/a", "a//b"])
def test_a_bad_one_says_why(text):
    with pytest.raises(InvalidImage) as error:
        Image.parse(text)
    assert str(error.value).startswith(f"'{text}' is not an image reference")


@pytest.mark.parametrize(
    "text, hint",
    [
        ("", "it is empty"),
        (" nginx", "white space around it"),
        ("nginx\n", "white space around it"),
        ("Nginx", "the repository name must be lowercase"),
        ("quay.io/A:x", "the repository name must be lowercase"),
        ("https://quay.io/a", "it begins with a scheme"),
        ("a" * 64, "is an image ID"),
        ("quay.io/" + "a" * 256, "more than 255 characters"),
        ("a@sha256:" + "0" * 63, "digest"),
        ("a." * 3000 + "io/a", "more than 4,096 characters"),
    ],
)
def test_it_says_what_is_wrong(text, hint):
    with pytest.raises(InvalidImage, match=hint) as error:
        Image.parse(text)
    assert len(str(error.value)) < 250


def test_no_hint_where_there_is_none():
    with pytest.raises(InvalidImage) as error:
        Image.parse("a//b")
    assert str(error.value) == "'a//b' is not an image reference"


@pytest.mark.parametrize("value", [None, 5, b"nginx", ["nginx"]])
def test_only_text_is_one(value):
    with pytest.raises(InvalidImage, match="a string"):
        Image.parse(value)


def test_parts():
    digest = "sha256:" + "0" * 64
    image = Image.parse(f"index.docker.io/nginx:1.27@{digest}")
    assert (image.name, image.domain, image.path) == (
        "docker.io/library/nginx",
        "docker.io",
        "library/nginx",
    )
    assert (image.tag, image.digest) == ("1.27", digest)
    assert image.familiar == f"nginx:1.27@{digest}"
    assert str(image) == f"docker.io/library/nginx:1.27@{digest}"


def test_no_domain():
    image = Image.parse("my_reg.example.com/a:b")
    assert (image.domain, image.path) == ("", "my_reg.example.com/a")
    assert image.name == str(image).removesuffix(":b") == "my_reg.example.com/a"
    assert image.registry == Registry("my_reg.example.com")
