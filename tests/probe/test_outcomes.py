"""The values: what follows from a list of attempts."""

from __future__ import annotations

import json
import pickle
from itertools import product

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st
from probing import CANARY, resolution

from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import ContainerKind
from pullsecrets.probe import (
    Attempt,
    ClusterProbe,
    Finding,
    FindingKind,
    ImageProbe,
    Outcome,
    PodProbe,
    Request,
)
from pullsecrets.resolution import Source, SourceKind
from pullsecrets.secrecy import EntryText, ImageText

(CANDIDATE, OTHER, SAME) = resolution(
    "x.io/a", ("ann", CANARY), ("bob", "x"), ("ann", CANARY)
).candidates


FAILURE = Note(NoteCode.INVALID_IMAGE, image=ImageText("?"), detail="no image")
PLUGIN = Source(SourceKind.PROVIDER, name="ecr")


def attempts(*outcomes: Outcome) -> tuple[Attempt, ...]:
    """One with each outcome, of different credentials."""
    credentials = [
        evolve(CANDIDATE, credential=evolve(CANDIDATE.credential, username=f"u{number}"))
        for number in range(len(outcomes))
    ]
    return tuple(map(Attempt, credentials, outcomes))


def image(*outcomes: Outcome, **how: object) -> ImageProbe:
    return ImageProbe("c", "container", "x.io/a", attempts(*outcomes), **how)  # type: ignore[arg-type]


def test_the_names_are_those_of_the_json() -> None:
    assert [str(outcome) for outcome in Outcome] == [
        "pullable",
        "bad-credential",
        "no-permission",
        "not-found",
        "wrong-platform",
        "legacy-manifest",
        "hidden",
        "rate-limited",
        "unreachable",
        "tls-error",
        "protocol-error",
        "refused",
        "probe-error",
    ]


@given(st.lists(st.sampled_from(Outcome), min_size=1, max_size=5))
def test_a_verdict(outcomes: list[Outcome]) -> None:
    found = image(*outcomes)
    assert found.outcome in outcomes
    if Outcome.PULLABLE in outcomes:
        assert found.starts is True
    elif all(outcome.is_final for outcome in outcomes):
        assert found.starts is False
    else:
        assert found.starts is None  # whoever could not be asked might have let it in
        assert found.outcome is not None
        assert not found.outcome.is_final


def test_what_the_kubelet_does_not_try_does_not_count() -> None:
    anonymous = Attempt(None, Outcome.PULLABLE, tried_by_kubelet=False)
    found = image(Outcome.BAD_CREDENTIAL)
    found = evolve(found, attempts=(*found.attempts, anonymous))
    assert (found.outcome, found.starts) == (Outcome.BAD_CREDENTIAL, False)
    (finding,) = found.findings
    assert finding.kind == "anonymous-would-work"
    worked = evolve(
        image(Outcome.PULLABLE), attempts=(*image(Outcome.PULLABLE).attempts, anonymous)
    )
    assert worked.findings == ()
    private = evolve(found, attempts=(found.attempts[0], Attempt(None, Outcome.NO_PERMISSION)))
    assert private.findings == ()


SLOW = "fail before one works: every pull starts slower"


@pytest.mark.parametrize(
    "outcomes, message",
    [
        ((Outcome.PULLABLE,), None),
        ((Outcome.PULLABLE, Outcome.BAD_CREDENTIAL), None),
        ((Outcome.BAD_CREDENTIAL,), None),
        (
            (Outcome.BAD_CREDENTIAL, Outcome.PULLABLE),
            f"The first candidate {SLOW}, and failed log-ins can lock an account.".replace(
                "fail before", "fails before"
            ),
        ),
        (
            (Outcome.NO_PERMISSION, Outcome.HIDDEN, Outcome.PULLABLE),
            f"The first 2 candidates {SLOW}.",
        ),
    ],
)
def test_a_slow_start(outcomes: tuple[Outcome, ...], message: str | None) -> None:
    expected = () if message is None else (Finding(FindingKind.SLOW_START, message),)
    assert image(*outcomes).findings == expected


def test_tried_twice() -> None:
    tried = [Attempt(c, Outcome.NO_PERMISSION) for c in (CANDIDATE, OTHER, SAME)]
    (finding,) = ImageProbe("c", "container", "x.io/a", tuple(tried)).findings
    assert finding.kind == "tried-twice"
    assert "Candidates 1 and 3 " in finding.message


def test_a_failure_does_not_start() -> None:
    found = image(failure=Note(NoteCode.UNDECODABLE_SECRET, "ns", "s", detail="not JSON"))
    assert (found.outcome, found.starts, found.findings) == (None, False, ())


@pytest.mark.parametrize("verdicts", list(product([True, False, None], repeat=2)))
def test_pods_and_clusters(verdicts: tuple[bool | None, bool | None]) -> None:
    of = {True: Outcome.PULLABLE, False: Outcome.NOT_FOUND, None: Outcome.UNREACHABLE}
    pod = PodProbe("ns", "p", "Pod", tuple(image(of[verdict]) for verdict in verdicts))
    expected = False if False in verdicts else None if None in verdicts else True
    assert pod.starts is expected
    pods = tuple(PodProbe("ns", "p", "Pod", (image(of[verdict]),)) for verdict in verdicts)
    assert ClusterProbe(pods).starts is expected
    assert tuple(ClusterProbe(pods)) == pods


def test_what_has_no_images_starts_and_ephemeral_containers_do_not_count() -> None:
    assert PodProbe("ns", "p", "Pod", ()).starts is True
    assert ClusterProbe(()).starts is True
    ephemeral = evolve(image(Outcome.NOT_FOUND), kind="ephemeral")
    assert PodProbe("ns", "p", "Pod", (image(Outcome.PULLABLE), ephemeral)).starts is True


def test_json() -> None:
    userinfo = evolve(CANDIDATE, entry=EntryText(f"https://ann:{CANARY}@x.io\x1b"))
    requests = (
        Request("GET", "https://x.io/v2/", 401, 1.5, shared=True),
        Request("HEAD", "https://x.io/v2/a/manifests/latest", None, 2.0),
    )
    found = ClusterProbe(
        (
            PodProbe(
                "ns",
                "p",
                "Deployment",
                (
                    ImageProbe(
                        "c",
                        "init",
                        "x.io/a\n",
                        (
                            Attempt(
                                userinfo,
                                Outcome.RATE_LIMITED,
                                "wait",
                                requests,
                                3.0,
                                {"ratelimit-limit": "5"},
                            ),
                            Attempt(None, Outcome.PULLABLE, tried_by_kubelet=False),
                        ),
                    ),
                    ImageProbe("d", "container", "", (), FAILURE, (PLUGIN,)),
                ),
            ),
        )
    )
    document = json.loads(json.dumps(found.to_dict()))
    assert document == {
        "complete": True,
        "pods": [
            {
                "namespace": "ns",
                "name": "p",
                "kind": "Deployment",
                "starts": False,
                "images": [
                    {
                        "container": "c",
                        "kind": "init",
                        "image": "x.io/a\\n",
                        "outcome": "rate-limited",
                        "starts": None,
                        "failure": None,
                        "unknown": [],
                        "findings": [
                            {
                                "kind": "anonymous-would-work",
                                "message": found.pods[0].images[0].findings[0].message,
                            }
                        ],
                        "attempts": [
                            {
                                "source": {"kind": "secret", "namespace": "default", "name": "s0"},
                                "entry": "https://********@x.io\\x1b",
                                "outcome": "rate-limited",
                                "detail": "wait",
                                "wait": 3.0,
                                "rate_limit": {"ratelimit-limit": "5"},
                                "tried_by_kubelet": True,
                                "requests": [
                                    {
                                        "method": "GET",
                                        "url": "https://x.io/v2/",
                                        "status": 401,
                                        "ms": 1.5,
                                        "shared": True,
                                    },
                                    {
                                        "method": "HEAD",
                                        "url": "https://x.io/v2/a/manifests/latest",
                                        "status": None,
                                        "ms": 2.0,
                                    },
                                ],
                            },
                            {
                                "source": None,
                                "entry": None,
                                "outcome": "pullable",
                                "detail": "",
                                "wait": None,
                                "rate_limit": {},
                                "tried_by_kubelet": False,
                                "requests": [],
                            },
                        ],
                    },
                    {
                        "container": "d",
                        "kind": "container",
                        "image": "",
                        "outcome": None,
                        "starts": False,
                        "failure": FAILURE.to_dict(),
                        "unknown": [PLUGIN.to_dict()],
                        "findings": [],
                        "attempts": [],
                    },
                ],
            }
        ],
    }
    assert CANARY not in f"{found!r}{found}{document}"


def test_plain_values() -> None:
    found = image(Outcome.PULLABLE)
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(image(Outcome.PULLABLE))
    with pytest.raises(FrozenInstanceError):
        found.image = "y"  # type: ignore[misc]
    assert not hasattr(found, "__dict__")


class TestWhatAnUnknownProviderMayGive:
    """Then a failure of all that is known is not the last word; a success is."""

    @pytest.mark.parametrize(
        "outcomes, starts",
        [
            ([], None),
            ([Outcome.BAD_CREDENTIAL], None),
            ([Outcome.UNREACHABLE], None),
            ([Outcome.BAD_CREDENTIAL, Outcome.PULLABLE], True),
        ],
    )
    def test_starts(self, outcomes: list[Outcome], starts: bool | None) -> None:
        assert image(*outcomes, unknown=(PLUGIN,)).starts is starts
        assert image(*outcomes, unknown=(PLUGIN,), failure=FAILURE).starts is False


class TestTables:
    POD = PodProbe(
        "ns",
        "p",
        "Pod",
        (
            evolve(image(Outcome.BAD_CREDENTIAL, Outcome.PULLABLE), container="good", kind="init"),
            evolve(image(Outcome.BAD_CREDENTIAL), container="bad|<b>"),
            ImageProbe("none", ContainerKind.CONTAINER, "?", failure=FAILURE),
            ImageProbe("cloud", ContainerKind.CONTAINER, "x.io/a", unknown=(PLUGIN,)),
            ImageProbe(
                "limited",
                ContainerKind.CONTAINER,
                "x.io/a",
                (Attempt(None, Outcome.RATE_LIMITED, "slow", wait=7.0, rate_limit={"a": "b"}),),
            ),
        ),
    )

    def test_lines(self) -> None:
        assert list(self.POD.table().lines()) == [
            "Pod ns/p: does not start",
            (
                "  good (init): x.io/a ! The first candidate fails before one works: every pull "
                "starts slower, and failed log-ins can lock an account."
            ),
            "    1  s0  x.io  bad-credential",
            "    2  s0  x.io  pullable",
            (
                "  bad|<b>: x.io/a If the image is public, a stale credential hides it: "
                "--exhaustive tells."
            ),
            "    1  s0  x.io  bad-credential",
            "  none: ?",
            f"    {FAILURE}",
            "  cloud: x.io/a",
            "    ?  credential provider ecr  not known what it gives",
            "  limited: x.io/a",
            "    1  anonymous  rate-limited  slow, wait 7 s [a: b]",
        ]

    def test_records(self) -> None:
        records = ClusterProbe((self.POD,)).to_records()
        assert [(r["pod"], r["container"], r["attempt"], r["outcome"]) for r in records] == [
            ("p", "good", 1, "bad-credential"),
            ("p", "good", 2, "pullable"),
            ("p", "bad|<b>", 1, "bad-credential"),
            ("p", "none", None, None),
            ("p", "cloud", "?", None),
            ("p", "limited", 1, "rate-limited"),
        ]
        assert len(self.POD.images[0].to_records()) == 2

    def test_html(self) -> None:
        page = self.POD._repr_html_()
        assert "bad|&lt;b&gt;: x.io/a" in page
        assert "<b>" not in page

    def test_markdown(self) -> None:
        text = self.POD.table().markdown()
        blocks = text.split("\n\n")
        assert blocks[0] == "### Pod ns/p: does not start"
        assert blocks[1] == "#### good (init): x.io/a"
        assert blocks[2].startswith("! The first candidate fails")
        assert blocks[3].splitlines() == [
            "| try | source | entry | outcome | detail |",
            "| --- | --- | --- | --- | --- |",
            "| 1 | s0 | x.io | bad-credential |  |",
            "| 2 | s0 | x.io | pullable |  |",
        ]
        assert "#### bad\\|&#60;b&#62;: x.io/a" in blocks
        assert CANARY not in text

    def test_what_an_attempt_beyond_the_kubelets_looks_like(self) -> None:
        anonymous = Attempt(None, Outcome.PULLABLE, tried_by_kubelet=False)
        found = evolve(image(), attempts=(*attempts(Outcome.NOT_FOUND), anonymous))
        assert "    -  anonymous  not tried by the kubelet  pullable" in list(
            PodProbe("ns", "p", "Pod", (found,)).table().lines()
        )
