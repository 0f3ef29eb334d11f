from __future__ import annotations

import pytest

from pullsecrets.pull_policy import PullPolicy

DIGEST = f"sha256:{'d' * 64}"


@pytest.mark.parametrize(
    "image, policy",
    [
        ("nginx", PullPolicy.ALWAYS),
        ("nginx:latest", PullPolicy.ALWAYS),
        (f"nginx:latest@{DIGEST}", PullPolicy.ALWAYS),
        ("registry.local:5000/a", PullPolicy.ALWAYS),
        ("nginx:1", PullPolicy.IF_NOT_PRESENT),
        (f"nginx@{DIGEST}", PullPolicy.IF_NOT_PRESENT),
        (f"nginx:1@{DIGEST}", PullPolicy.IF_NOT_PRESENT),
        ("Not an image", PullPolicy.IF_NOT_PRESENT),
        ("", PullPolicy.IF_NOT_PRESENT),
    ],
)
def test_the_api_servers_default(image, policy):
    assert PullPolicy.default(image) is policy
