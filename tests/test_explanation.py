"""An explanation as a value: what of it is in JSON, and in its tables."""

from __future__ import annotations

from inspect import Parameter, signature

import pytest

from pullsecrets.explanation import Explanation, PodExplanation, SecretTrace
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.resolution import Source, SourceKind
from pullsecrets.tables import Tone
from pullsecrets.testing import cluster, pod, pull_secret
from pullsecrets.trace import explain, explain_pod

CLUSTER = cluster(
    pod("p", images=["quay.io/a", "nginx"], pull_secrets=["s", "gone", "empty"]),
    pull_secret(
        "s",
        {
            "quay.io": ("ann", "example-password"),
            "ghcr.io": ("bob\x1b", "example-password"),
            "quay.io:x": ("eve", "example-password"),
        },
    ),
    pull_secret("empty", {}),
)
FOUND = explain_pod(CLUSTER, CLUSTER.pods[0])
GONE = "is not among the manifests: if it does not exist, the pull goes on without it"
DROPPED = "dropped, as Go cannot parse it: a port that is not a number"


class TestJSON:
    def test_entries(self):
        [secret, *_] = FOUND[0].to_dict()["secrets"]
        other, serving, dropped = secret["entries"]
        assert other == {
            "entry": "ghcr.io",
            "key": "ghcr.io",
            "username": "bob\x1b",
            "candidate": None,
            "tier": None,
            "reason": "registry",
            "in_key": "ghcr.io",
            "in_image": "quay.io",
            "verdict": "no match, another registry: ghcr.io, the image has quay.io",
        }
        assert serving == {
            "entry": "quay.io",
            "key": "quay.io",
            "username": "ann",
            "candidate": 1,
            "tier": 0,
            "reason": None,
            "in_key": None,
            "in_image": None,
            "verdict": "candidate 1",
        }
        assert (dropped["key"], dropped["reason"], dropped["verdict"]) == (None, "dropped", DROPPED)

    def test_secrets(self):
        first, missing, empty = FOUND[0].to_dict()["secrets"]
        assert (first["position"], first["note"], len(first["entries"])) == (0, None, 3)
        assert first["source"] == {"kind": "secret", "namespace": "default", "name": "s"}
        assert (missing["position"], missing["entries"]) == (1, [])
        assert missing["note"]["message"] == f"secret default/gone {GONE}"
        assert (empty["position"], empty["note"], empty["entries"]) == (2, None, [])

    def test_an_image_of_a_pod_says_which_container_it_is_for(self):
        image = FOUND[0].to_dict()
        assert (image["container"], image["kind"]) == ("a", "container")
        assert image["pull_policy"] == "Always"
        assert image["image"] == "quay.io/a"

    def test_an_image_that_is_nobodys_does_not(self):
        image = explain("quay.io/a", CLUSTER.secrets).to_dict()
        assert (image["container"], image["kind"]) == (None, None)
        assert "pull_policy" not in image
        assert image["image"] == "quay.io/a"

    def test_a_pod(self):
        whole = FOUND.to_dict()
        assert whole["images"] == [each.to_dict() for each in FOUND]
        assert (whole["name"], whole["admission"]["pull_secrets"]) == ("p", ["s", "gone", "empty"])
        assert [each["name"] for each in whole["symptoms"]] == ["gone"]


class TestTables:
    def test_of_an_image(self):
        table = explain("quay.io/a", CLUSTER.secrets).table()
        assert (table.title, table.subtitle.shown) == ("quay.io/a", "1 candidate")
        assert table.subtitle.tone is Tone.PLAIN
        other, serving, dropped, empty = table.records()
        assert other == {
            "source": "default/s",
            "position": 0,
            "secret": "s",
            "number": None,
            "tier": None,
            "entry": "ghcr.io",
            "key": "ghcr.io",
            "username": "bob\\x1b",
            "reason": "registry",
            "in_key": "ghcr.io",
            "in_image": "quay.io",
            "verdict": "no match, another registry: ghcr.io, the image has quay.io",
        }
        nothing = {"reason": None, "in_key": None, "in_image": None}
        assert serving.items() >= {**nothing, "number": 1, "tier": 0, "key": "quay.io"}.items()
        assert dropped.items() >= {"key": None, "reason": "dropped", "verdict": DROPPED}.items()
        assert empty == {
            **dict.fromkeys(other),
            "source": "default/empty",
            "position": 1,
            "secret": "empty",
            "verdict": "holds no entry",
        }

    def test_of_a_pod(self):
        table = FOUND.table()
        assert table.title == "Pod default/p"
        assert table.subtitle.tone is Tone.FAINT
        first, *_ = table.records()
        assert (
            first.items()
            >= {
                "namespace": "default",
                "kind": "Pod",
                "pod": "p",
                "container": "a",
                "image": "quay.io/a",
                "pull_policy": "Always",
                "relevance": "always",
                "secret": "s",
            }.items()
        )
        assert (
            "\n".join(table.lines())
            == f"""\
Pod default/p
its own imagePullSecrets: s, gone, empty
  ! if secret default/gone does not exist, the pod gets the event FailedToRetrieveImagePullSecret \
only after a pull has failed
  a: quay.io/a 1 candidate (Always: pulled at each start)
    1. secret s
      ✗  ghcr.io  no match, another registry: ghcr.io, the image has quay.io
      ✓ 1  quay.io  candidate 1
      ✗  quay.io:********  {DROPPED}
    2. secret gone  ✗ {GONE}
    3. secret empty  ✗ holds no entry
  nginx: nginx pulled anonymously: none of 3 entries matches (Always: pulled at each start)
    1. secret s
      ✗  ghcr.io  no match, another registry: ghcr.io, the image has docker.io
      ✗  quay.io  no match, another registry: quay.io, the image has docker.io
      ✗  quay.io:********  {DROPPED}
    2. secret gone  ✗ {GONE}
    3. secret empty  ✗ holds no entry"""
        )

    def test_tones(self):
        """What works is good, what is wrong with a whole secret a warning, the rest faint."""
        columns = [column.field for column in FOUND.table().columns]
        secret, number = columns.index("secret"), columns.index("number")
        rows = FOUND.table().rows[:5]
        assert [row[secret].tone for row in rows] == [
            *[Tone.PLAIN] * 3,
            Tone.WARNING,
            Tone.PLAIN,
        ]
        assert [row[number].tone for row in rows[:3]] == [Tone.FAINT, Tone.GOOD, Tone.FAINT]

    def test_a_lookup_that_fails_is_an_error(self):
        table = explain("Bad", []).table()
        assert table.subtitle.tone is Tone.ERROR
        assert table.rows == ()

    def test_what_may_give_something_has_another_sign(self):
        node = Node("1.33", None, Providers([Provider("ecr", ("quay.io",))], "1.33"))
        table = explain("quay.io/a", [], node).table()
        [line] = [line for line in table.lines() if "ecr" in line and "asked" in line]
        assert "  ? is asked" in line

    def test_an_explanation_of_a_pod_may_lack_container_and_policy(self):
        bare = PodExplanation(FOUND.resolution, (explain("nginx", []),))
        [record] = bare.to_records()
        assert (record["container"], record["pull_policy"], record["relevance"]) == ("", None, None)
        shown = "\n".join(bare.table().lines())
        assert ": nginx pulled anonymously: there is no credential to try" in shown
        assert "(" not in shown.partition("pulled anonymously")[2]

    @pytest.mark.parametrize("cls", [Explanation, PodExplanation])
    def test_the_moment_is_given_by_name(self, cls):
        _, limit, at = signature(cls.table).parameters.values()
        assert (limit.kind, at.kind) == (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@pytest.mark.parametrize(
    "position, title", [(None, "secret s"), (0, "1. secret s"), (9, "10. secret s")]
)
def test_a_secret_has_its_number_in_the_list(position, title):
    assert SecretTrace(Source(SourceKind.SECRET, "default", "s"), position).title == title


def test_no_password_shows():
    shown = f"{FOUND.to_dict()}{FOUND.to_records()}{FOUND!r}{FOUND._repr_html_()}"
    assert "example-password" not in shown
    assert "quay.io:x" not in shown  # what follows the colon may be a password
