"""What an answer says of secrets whose content is not known: in every form, and never too much."""

from __future__ import annotations

import json
import pickle

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster, Keyring, check, explain, explain_pod, resolve
from pullsecrets.changes import diff_clusters
from pullsecrets.explanation import Reason
from pullsecrets.handover import NothingToHandOver, to_docker_config
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.metadata import Place
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.present import PullOutcome, decide
from pullsecrets.resolution import Source, SourceKind, attempt_cell
from pullsecrets.secrecy import EntryText
from pullsecrets.symptoms import symptoms_of
from pullsecrets.testing import (
    assert_no_anonymous_pulls,
    assert_pulls_with,
    cluster,
    pod,
)
from pullsecrets.uses import uses
from support.effort import examples
from support.made import node_config, secret, users
from support.worlds import entries, images

JSON = "kubernetes.io/dockerconfigjson"
MAKER = Maker("SealedSecret", "default", "made")
SOURCE = Source(SourceKind.SECRET, "default", "made")
ASKING = Node(providers=Providers((Provider("ecr", ("quay.io",)),)))
HUB = "https://index.docker.io/v1/"


def made(*known, name="made", **more):
    """A secret that another program makes; its entries are known if there are any."""
    found = tuple(map(EntryText, known)) or None
    return MadeSecret(name, "default", JSON, MAKER, entries=found, **more)


def in_cluster(*secrets, image="quay.io/a/b", names=None):
    listed = [each.name for each in secrets] if names is None else names
    workload = pod("api", images=[image], pull_secrets=listed)
    known = [each for each in secrets if not isinstance(each, MadeSecret)]
    unknown = tuple(each for each in secrets if isinstance(each, MadeSecret))
    return evolve(cluster(workload, *known), made=unknown)


def test_without_a_known_candidate_it_is_not_known_whether_the_pull_is_anonymous():
    found = resolve("quay.io/a/b", [made()])
    assert found.anonymous is None
    assert found.unknown == found.unknown_secrets == (SOURCE,)
    assert found.serving == ()
    assert found.summary == "no known candidates, and what secret made gives, which is not known"
    assert found.to_dict()["anonymous"] is None
    assert found.to_dict()["unknown"] == [SOURCE.to_dict()]


def test_a_known_candidate_may_come_later():
    found = resolve("quay.io/a/b", [secret("one", "quay.io", "quay.io/a"), made()])
    assert [number for number, _ in found.attempts] == ["1+", "2+"]
    shown = [attempt_cell(number).shown for number in ("1", "2+", "2-3", "2-3+", "?")]
    assert shown == ["1", "2+ or later", "2-3 in any order", "2-3+ in any order or later", "?"]
    assert found.anonymous is False
    assert found.summary == (
        "2 candidates, and what secret made gives, which is not known and may come first"
    )


def test_a_known_entry_that_matches_is_a_candidate_for_certain():
    found = resolve("quay.io/a/b", [made("ghcr.io", "quay.io")])
    assert (found.anonymous, found.serving, found.unknown) == (False, (SOURCE,), (SOURCE,))
    assert found.candidates == ()
    assert "secret made (which has an entry for it)" in found.summary


def test_it_is_not_certain_where_the_secret_may_not_be_made():
    found = resolve("quay.io/a/b", [made("quay.io", certain=False)])
    assert (found.anonymous, found.serving, found.unknown) == (None, (), (SOURCE,))


@pytest.mark.parametrize(
    "nothing",
    [
        made("ghcr.io"),
        made("ghcr.io", certain=False),
        evolve(made(), type="Opaque"),
        evolve(made("quay.io"), type="Opaque"),
        evolve(made(), keys=("config.json",)),
        evolve(made(), type="kubernetes.io/dockercfg", keys=(".dockerconfigjson",)),
    ],
)
def test_what_gives_nothing_for_certain_leaves_the_answer_known(nothing):
    found = resolve("quay.io/a/b", [nothing])
    assert (found.anonymous, found.unknown, found.serving) == (True, (), ())
    known = secret("one", "quay.io")
    assert users(resolve("quay.io/a/b", [nothing, known])) == ["one:quay.io"]
    assert resolve("quay.io/a/b", [nothing, known]).unknown == ()


def test_a_type_that_is_not_known_may_be_a_pull_secrets():
    assert resolve("quay.io/a/b", [evolve(made(), type=None)]).anonymous is None


def test_docker_hubs_entry_may_be_hidden():
    """It serves an image only if no other entry of the secrets does (rule 14)."""
    known = secret("hub", HUB)
    found = resolve("nginx", [known, made()])
    assert found.conditional == found.candidates != ()
    assert resolve("nginx", [known]).conditional == ()
    assert resolve("quay.io/a", [secret("one", "quay.io"), made()]).conditional == ()
    # An entry that is known to match by itself hides it for certain.
    hidden = resolve("nginx", [known, made("docker.io")])
    assert (hidden.candidates, hidden.serving) == ((), (SOURCE,))
    assert resolve("nginx", [known, made("docker.io", certain=False)]).conditional != ()
    # One that serves in the same way does not.
    both = resolve("nginx", [known, made(HUB)])
    assert (users(both), both.conditional, both.serving) == ([f"hub:{HUB}"], (), (SOURCE,))


def test_a_secret_that_does_not_decode_fails_the_lookup_for_certain():
    broken = evolve(secret("broken"), data={".dockerconfigjson": b"[]"})
    for secrets in ([made(), broken], [broken, made("quay.io")]):
        found = resolve("quay.io/a/b", secrets)
        assert found.failure is not None
        assert (found.anonymous, found.unknown) == (False, ())
        assert explain("quay.io/a/b", secrets).headline == found.summary


def test_the_nodes_credentials_come_after():
    found = resolve("quay.io/a/b", [made()], node_config("quay.io"))
    assert [(number, c.source.kind) for number, c in found.attempts] == [("1+", SourceKind.NODE)]
    found = resolve("quay.io/a/b", [made()], ASKING)
    assert [each.kind for each in found.unknown] == [SourceKind.SECRET, SourceKind.PROVIDER]


def test_a_secret_that_is_listed_twice_is_unknown_once():
    assert resolve("quay.io/a/b", [made(), made()]).unknown == (SOURCE,)
    keyring = Keyring([made("quay.io"), secret("one", "quay.io")])
    assert [entry.entry for entry in keyring.made_entries] == ["quay.io"]
    assert [entry.source.name for entry in keyring.entries] == ["one"]


@st.composite
def lists(draw, entry):
    """Secrets that are known, one that is not, where it is in their list, and what it will hold."""
    known = [
        secret(f"s{at}", *draw(st.lists(entry, max_size=2, unique=True)))
        for at in range(draw(st.integers(0, 2)))
    ]
    content = secret("made", *draw(st.lists(entry, max_size=2, unique=True)))
    config = content.config()
    unknown = made(certain=draw(st.booleans()))
    if draw(st.booleans()):
        unknown = evolve(unknown, entries=tuple(config.auths) if config else ())
    return known, draw(st.integers(0, len(known))), unknown, content


def known_answer(found):
    return found.anonymous, [(c.source, c.entry) for c in found.candidates]


# Few, so that they meet: Docker Hub's own entry, what hides it, and another.
HUBS = st.sampled_from([HUB, "docker.io", "quay.io"])


@examples(200)
@given(lists(entries()), images())
def test_an_unknown_secret_never_turns_an_answer_into_another_known_one(drawn, image):
    stays_true(drawn, image)


@examples(200)
@given(lists(HUBS))
def test_it_never_turns_one_of_docker_hub_into_another(drawn):
    stays_true(drawn, "nginx")


def stays_true(drawn, image):
    """Whatever the secret holds in the end: what was said before stays true."""
    known, at, unknown, content = drawn
    without = resolve(image, known)
    said = resolve(image, [*known[:at], unknown, *known[at:]])
    truth = resolve(image, [*known[:at], content, *known[at:]])
    if without.image is None:
        assert said.failure == without.failure
        return
    outcomes = [truth, *([] if unknown.certain else [without])]
    for outcome in outcomes:
        assert said.anonymous in (None, outcome.anonymous)
        # In their order the candidates that are known are among those that there are.
        rest = [(c.source, c.entry) for c in outcome.candidates]
        for candidate in said.candidates:
            mine = candidate.source, candidate.entry
            assert mine in rest or candidate in said.conditional
        sure = [(c.source, c.entry) for c in said.candidates if c not in said.conditional]
        assert sure == [each for each in rest if each in sure]
        if not said.unknown:
            assert known_answer(outcome) == known_answer(said) == known_answer(without)
        for source in said.serving:
            assert source in {candidate.source for candidate in outcome.candidates}
        if any(candidate.source == SOURCE for candidate in outcome.candidates):
            assert SOURCE in said.unknown


# The outputs.


def lines(value):
    return "\n".join(value.table().lines())


def test_tables_and_records_say_that_it_is_not_known():
    unknown, certain = in_cluster(made()), in_cluster(made("quay.io"))
    [answer] = unknown.resolve_all()
    assert "not known what it gives" in lines(answer)
    assert "anonymous" not in lines(answer)
    [sure] = certain.resolve_all()
    assert "has an entry, with what credential is not known" in lines(sure)
    [row] = unknown.table().records()
    assert row["anonymous"] is None
    assert "what secret made gives" in lines(unknown)
    hub = in_cluster(secret("hub", HUB), made(), image="nginx")
    assert "1+. unless another entry matches: https://index.docker.io/v1/" in lines(hub)


def test_explain_says_what_is_known_of_each_secret():
    found = explain_pod(in_cluster(made()), in_cluster(made()).pods[0])
    assert "? is made by SealedSecret default/made: what it holds is not known" in lines(found)
    assert found[0].headline == found[0].resolution.summary
    trace = explain("quay.io/a/b", [made("ghcr.io", "quay.io"), secret("one", "quay.io")])
    assert [(entry.reason, entry.sentence) for entry in trace.entries] == [
        (Reason.REGISTRY, "no match, another registry: ghcr.io, the image has quay.io"),
        (Reason.UNKNOWN, "matches, its credential is not known"),
        (None, "candidate 1"),
    ]
    assert json.dumps(trace.to_dict())


def test_explain_says_what_may_hide_docker_hubs_entry():
    known = secret("hub", HUB)
    [entry] = explain("nginx", [known, made()]).entries
    assert entry.sentence == "candidate 1, unless an entry of secret made matches by itself"
    hidden, other = explain("nginx", [known, made("docker.io")]).entries
    assert hidden.sentence == "shadowed: an entry of secret made matches by itself"
    assert other.reason is Reason.UNKNOWN
    _, same = explain("nginx", [known, made(HUB)]).entries
    assert same.sentence == "matches, its credential is not known"


def test_uses_have_a_place_for_it():
    found = uses(in_cluster(made(), secret("one", "quay.io")))
    [unknown, known] = found.credentials
    assert (unknown.source, unknown.entry) == (SOURCE, None)
    assert [use.attempt for use in unknown.uses] == ["?"]
    assert [use.attempt for use in known.uses] == ["1+"]
    assert found.unused == ()
    assert "whatever there is of secret default/made" in lines(found)
    [use] = uses(in_cluster(made())).unknown
    assert use.container.image == "quay.io/a/b"
    unused = uses(in_cluster(made(), names=[]))
    assert len(unused.unused) == 1
    assert uses(in_cluster(evolve(made(), type="Opaque"))).credentials == ()


def test_a_change_names_the_secret():
    before, after = in_cluster(made()), in_cluster(secret("made", "quay.io"))
    for old, new in ((before, after), (after, before)):
        [change] = diff_clusters(old, new)
        [cause] = change.because
        assert str(cause) == "secret default/made changed"
    assert diff_clusters(before, before) == ()
    [change] = diff_clusters(before, in_cluster(made("quay.io")))
    assert change.because


def test_assertions_hold_only_what_is_certain():
    unknown, certain = in_cluster(made()), in_cluster(made("quay.io"))
    with pytest.raises(AssertionError, match="which is not known"):
        assert_no_anonymous_pulls(unknown)
    assert_no_anonymous_pulls(unknown, unknown=True)
    assert_no_anonymous_pulls(certain)
    with pytest.raises(AssertionError):
        assert_no_anonymous_pulls(in_cluster(made("ghcr.io")), unknown=True)
    assert_pulls_with(certain, "api", secret="made")
    for cluster_, expected in (
        (unknown, {"secret": "made"}),
        (certain, {"secret": "made", "username": "me"}),
        (certain, {"secret": "other"}),
        (in_cluster(made("quay.io"), secret("one", "quay.io")), {"secret": "made"}),
        (in_cluster(made(), secret("one", "quay.io")), {"secret": "one"}),
    ):
        with pytest.raises(AssertionError):
            assert_pulls_with(cluster_, "api", **expected)


def test_nothing_is_handed_on_that_is_not_known():
    for known in ((), ("quay.io",)):
        with pytest.raises(NothingToHandOver) as error:
            to_docker_config(resolve("quay.io/a/b", [made(*known)]))
        assert str(error.value) == (
            "secret default/made may have a credential for it, which is not known"
        )
    asked = resolve("quay.io/a/b", [], ASKING)
    with pytest.raises(NothingToHandOver, match="may give a credential for it"):
        to_docker_config(asked)


def test_a_start_on_a_node_says_what_is_not_known():
    found = decide("quay.io/a/b", secrets=[made(), secret("one", "quay.io")])
    assert (found.outcome, len(found.tries), found.unknown) == (PullOutcome.PULL, 1, (SOURCE,))
    assert decide("quay.io/a/b", secrets=[made()]).anonymous is None
    assert str(decide("quay.io/a/b", secrets=[made()])).endswith("what made gives is not known")


def test_a_secret_that_is_made_is_not_missing():
    found = in_cluster(made())
    [answer] = found.resolve_all()
    assert symptoms_of(answer) == ()
    assert list(check(found)) == []


def test_a_cluster_with_it_pickles_and_compares():
    found = in_cluster(made(), secret("one", "quay.io"))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.listed("default", "made") == made()
    assert isinstance(again, Cluster)


def test_what_its_file_makes_counts_for_nothing_where_there_is_the_secret_itself():
    place = Place("a.yaml", 1)
    known = evolve(secret("made", "quay.io"), place=place)
    other = evolve(made(), maker=evolve(MAKER, place=place))
    found = in_cluster(known, other, names=["made"])
    assert found.listed("default", "made") == known
