"""The assertions: when they pass, when they fail, and what a failure says."""

from __future__ import annotations

import json
import re
import traceback
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from pullsecrets import Cluster
from pullsecrets.testing import (
    assert_deterministic,
    assert_no_anonymous_pulls,
    assert_no_problems,
    assert_pulls_with,
    cluster,
    pod,
    pull_secret,
    service_account,
)

CANARY = "hunter2-canary"
REGCRED = pull_secret("regcred", {"quay.io/acme": ("puller", CANARY)})
API = pod("api", kind="Deployment", images=["quay.io/acme/api:1"], pull_secrets=["regcred"])
TWO_SPELLINGS = pull_secret(
    "regcred", {"quay.io": ("one", CANARY), "https://quay.io": ("two", CANARY)}
)


def message(error: pytest.ExceptionInfo[AssertionError]) -> str:
    assert CANARY not in str(error.value)
    return str(error.value)


def test_pulls_with() -> None:
    found = cluster(API, REGCRED)
    for workload in ("deployment/api", "Deployment/api", "api"):
        assert_pulls_with(found, workload, secret="regcred")
    assert_pulls_with(
        found,
        "deployment/api",
        secret="regcred",
        container="api",
        namespace="default",
        username="puller",
    )


def test_pulls_with_a_name_that_kustomize_has_hashed() -> None:
    hashed = pod("api", images=["quay.io/acme/api"], pull_secrets=["regcred-2bhh4b8ctb"])
    secret = pull_secret("regcred-2bhh4b8ctb", {"quay.io/acme": ("puller", CANARY)})
    assert_pulls_with(cluster(hashed, secret), "pod/api", secret="regcred-*")


def test_pulls_with_another_secret() -> None:
    found = cluster(API, REGCRED)
    with pytest.raises(AssertionError) as error:
        assert_pulls_with(found, "deployment/api", secret="quay")
    assert message(error) == (
        "1 of 1 image is not pulled with secret quay first\n"
        "\n"
        "Deployment default/api\n"
        "its own imagePullSecrets: regcred\n"
        "  api: quay.io/acme/api:1 1 candidate "
        "(IfNotPresent: pulled if the node does not have it, or has to verify it)\n"
        "    1. secret regcred\n"
        "      ✓ 1  quay.io/acme  candidate 1"
    )
    with pytest.raises(AssertionError, match="not pulled with secret regcred as ann first"):
        assert_pulls_with(found, "deployment/api", secret="regcred", username="ann")


def test_pulls_with_but_not_every_image() -> None:
    api = pod("api", images=["quay.io/acme/api", "nginx"], pull_secrets=["regcred", "missing"])
    found = cluster(api, REGCRED)
    assert_pulls_with(found, "pod/api", secret="regcred", container="api")
    with pytest.raises(AssertionError) as error:
        assert_pulls_with(found, "pod/api", secret="regcred")
    text = message(error)
    assert "1 of 2 images is not pulled" in text
    assert "nginx: nginx pulled anonymously" in text
    assert "2. secret missing  ✗ is not among the manifests" in text
    assert "quay.io/acme/api:" not in text


def test_pulls_with_one_of_two_in_no_defined_order() -> None:
    found = cluster(API, TWO_SPELLINGS)
    assert_pulls_with(found, "api", secret="regcred")
    with pytest.raises(AssertionError, match="partly in no defined order"):
        assert_pulls_with(found, "api", secret="regcred", username="one")


def test_pulls_with_a_secret_that_does_not_decode() -> None:
    found = cluster(API, pull_secret("regcred", "no JSON"))
    with pytest.raises(AssertionError, match="secret default/regcred does not decode"):
        assert_pulls_with(found, "api", secret="regcred")


def test_pulls_with_the_nodes_credential() -> None:
    found = cluster(API, node=REGCRED.config())
    with pytest.raises(AssertionError, match="the node's docker config"):
        assert_pulls_with(found, "api", secret="regcred")


def test_no_such_workload() -> None:
    found = cluster(API, pod("api", images=["nginx"], namespace="shop"))
    with pytest.raises(AssertionError) as error:
        assert_pulls_with(found, "statefulset/api", secret="regcred")
    assert message(error) == (
        "there is no statefulset/api; there is Deployment default/api, Pod shop/api"
    )
    with pytest.raises(AssertionError, match="api is several: Deployment default/api, Pod"):
        assert_pulls_with(found, "api", secret="regcred")
    with pytest.raises(AssertionError, match="no api in namespace dev"):
        assert_pulls_with(found, "api", secret="regcred", namespace="dev")
    with pytest.raises(AssertionError, match="has no container web; there is api"):
        assert_pulls_with(found, "deployment/api", secret="regcred", container="web")
    with pytest.raises(AssertionError, match="there is nothing"):
        assert_pulls_with(Cluster(), "api", secret="regcred")
    with pytest.raises(AssertionError, match="has no image; there is nothing"):
        assert_pulls_with(cluster(pod("api", images=[])), "api", secret="regcred")


def test_long_lists_are_cut() -> None:
    found = cluster([pod(f"api-{n}", images=["nginx"]) for n in range(30)])
    with pytest.raises(AssertionError, match=r"Pod default/api-19, and 10 more$"):
        assert_pulls_with(found, "api", secret="regcred")
    with pytest.raises(AssertionError) as error:
        assert_no_anonymous_pulls(found)
    assert message(error).startswith("30 of 30 images are pulled without a known credential\n")
    assert message(error).endswith("… and 10 more")
    assert message(error).count("nginx: nginx") == 20


def test_no_anonymous_pulls() -> None:
    web = pod("web", images=["nginx:1", "registry.k8s.io/deep/er/pause"])
    found = cluster(API, REGCRED, web)
    with pytest.raises(AssertionError, match="2 of 3 images are pulled without"):
        assert_no_anonymous_pulls(found)
    with pytest.raises(AssertionError, match="1 of 3 images is pulled without"):
        assert_no_anonymous_pulls(found, allow="registry.k8s.io/*")
    assert_no_anonymous_pulls(found, allow=["docker.io/library/nginx", "registry.k8s.io/*"])


def test_a_pull_that_fails_is_no_pull_with_a_credential() -> None:
    found = cluster(API, pull_secret("regcred", "no JSON"), pod("odd", images=["NGINX"]))
    with pytest.raises(AssertionError, match="2 of 2 images are"):
        assert_no_anonymous_pulls(found, allow=["*"][1:])
    with pytest.raises(AssertionError, match="1 of 2 images is"):
        assert_no_anonymous_pulls(found, allow=["*"])  # what is no image has no name to allow


def test_deterministic() -> None:
    assert_deterministic(cluster(API, REGCRED))
    with pytest.raises(AssertionError) as error:
        assert_deterministic(cluster(API, TWO_SPELLINGS))
    assert "with credentials in no defined order" in message(error)
    assert "✓ 1  https://quay.io  candidate 1" in message(error)


@pytest.mark.parametrize("check", [assert_no_anonymous_pulls, assert_deterministic])
def test_no_image_at_all_is_no_success(check) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AssertionError, match="was anything read"):
        check(cluster(REGCRED))


def test_no_problems() -> None:
    assert_no_problems(cluster(API, REGCRED))
    with pytest.raises(AssertionError) as error:
        assert_no_problems(cluster(API, TWO_SPELLINGS))
    text = message(error)
    assert re.match("warning PS306: ", text)
    assert "Secret default/regcred, " in text
    assert "Deployment default/api\n" in text
    assert_no_problems(cluster(API, TWO_SPELLINGS), allow=["PS306"])
    assert_no_problems(cluster(API, TWO_SPELLINGS), allow="PS306")
    assert_no_problems(cluster(API, TWO_SPELLINGS), fail_on="error")


def test_notes_are_no_problems_unless_asked_for() -> None:
    twice = pod("api", images=["quay.io/acme/api"], pull_secrets=["regcred", "regcred"])
    assert_no_problems(cluster(twice, REGCRED))
    with pytest.raises(AssertionError, match="note PS105"):
        assert_no_problems(cluster(twice, REGCRED), fail_on="note")


def test_what_has_expired_is_a_problem_from_then_on() -> None:
    claims = b64encode(json.dumps({"exp": 1_700_000_000}).encode()).decode().rstrip("=")
    secret = pull_secret(
        "regcred", {"quay.io/acme": ("user", f"eyJhbGciOiJub25lIn0.{claims}.c2ln")}
    )
    end = datetime.fromtimestamp(1_700_000_000, UTC)
    found = cluster(API, secret)
    assert_no_problems(found)
    assert_no_problems(found, at=end - timedelta(seconds=1))
    with pytest.raises(AssertionError, match="PS408"):
        assert_no_problems(found, at=end + timedelta(seconds=1))


def test_problems_of_an_account_concern_its_pods() -> None:
    account = service_account("default", pull_secrets=["regcred", ""])
    found = cluster(pod("api", images=["quay.io/acme/api"]), account, REGCRED)
    with pytest.raises(AssertionError, match=r"(?s)PS104.*Pod default/api\n"):
        assert_no_problems(found)


def test_what_could_not_be_read_is_a_problem() -> None:
    broken = {"kind": "Pod", "metadata": {}}
    with pytest.raises(AssertionError, match=r"error: .*metadata\.name is missing"):
        assert_no_problems(cluster(broken, API, REGCRED, strict=False))


def test_an_unknown_code_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no diagnosis has the code PS999"):
        assert_no_problems(cluster(API, REGCRED), allow=["PS306", "PS999"])


def test_the_traceback_ends_in_the_test() -> None:
    try:
        assert_no_anonymous_pulls(Cluster())
    except AssertionError as error:
        inner = [frame for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    assert inner
    assert all(frame.f_locals["__tracebackhide__"] for frame in inner)
