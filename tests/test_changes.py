"""What differs between two clusters and between two releases, and because of what."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster, Credential, DockerConfig, PullSecret
from pullsecrets.changes import (
    Action,
    Cause,
    CauseKind,
    Setting,
    Upgrade,
    changes_table,
    diff,
    diff_clusters,
    diff_releases,
    group_changes,
)
from pullsecrets.changes.comparison import answers_of, by_identity
from pullsecrets.changes.releases import CONFIG_ROWS, DECISION_ROWS, LOOKUP_ROWS
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.images import NodeImage, NodeImages
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.versions import FACTS, RELEASES, Release
from pullsecrets.objects import Container, ContainerKind, Owner, Pod, ServiceAccount
from pullsecrets.on_node import NodeState
from pullsecrets.testing import pod, pull_secret, service_account
from pullsecrets.testing.strategies import BROKEN, clusters
from support.canary import CANARY, leaks, texts
from support.effort import examples

IMAGE = "quay.io/acme/api:1"


def regcred(user="bot", password="one", name="regcred", entry="quay.io"):
    return pull_secret(name, {entry: (user, password)})


def api(*secrets, image=IMAGE, **more):
    return pod("api", images={"api": image}, pull_secrets=secrets, **more)


def cluster(*objects, node=None):
    found = {Pod: [], ServiceAccount: [], PullSecret: []}
    for each in objects:
        found[type(each)].append(each)
    return Cluster(*map(tuple, found.values()), node)


def causes(old, new):
    """The causes of the only change."""
    (change,) = diff_clusters(old, new)
    return list(change.because)


OLD = cluster(api("regcred"), regcred())


# --- Drawn clusters ---------------------------------------------------------------------------


def plain(resolution):
    """What a kubelet does, written down in another way than the comparison's own."""
    tiers = [
        sorted(
            (str(c.source), str(c.entry), str(c.key), c.credential.username,
             c.credential.password.reveal())
            for c in tier
        )
        for tier in resolution.tiers
    ]  # fmt: skip
    return tiers, resolution.anonymous, resolution.failure, resolution.unknown


def named(cluster):
    """The plain answers by what people call an image."""
    return {
        (a.pod.namespace, a.pod.kind, a.pod.name, a.container.kind, a.container.name): plain(
            a.resolution
        )
        for a in answers_of(cluster.resolve_all())
    }


@examples(100)
@given(clusters())
def test_nothing_differs_from_itself(cluster):
    again = Cluster(cluster.pods, cluster.service_accounts, cluster.secrets, cluster.node)
    assert diff(cluster.resolve_all(), again.resolve_all()) == ()
    assert diff_clusters(cluster, again) == ()


@st.composite
def pairs(draw):
    """Two clusters of which some parts are the same."""
    old, other = draw(clusters()), draw(clusters())
    kept = draw(st.sets(st.sampled_from(["pods", "service_accounts", "secrets", "node"])))
    return old, evolve(other, **{name: getattr(old, name) for name in kept})


@examples(100)
@given(pairs())
def test_exactly_what_differs(pair):
    old, new = pair
    found = {
        (c.subject.pod.namespace, c.subject.pod.kind, c.subject.pod.name, c.subject.container.kind,
         c.subject.container.name): (c.before, c.after)
        for c in diff(old.resolve_all(), new.resolve_all())
    }  # fmt: skip
    was, now = named(old), named(new)
    assert set(found) == {key for key in was | now if was.get(key) != now.get(key)}
    for key, sides in found.items():
        for side, answers in zip(sides, (was, now), strict=True):
            assert (None if side is None else plain(side.resolution)) == answers.get(key)


def replaced(old, new, cause, before, after):
    """The old cluster with what a cause names as it is in the new one; and the old pod likewise."""
    changed = before.pod
    if cause.kind is CauseKind.SECRET:
        secret = new.secret(cause.namespace, cause.name)
        old = old.without(cause.namespace, cause.name)
        old = evolve(old, secrets=(*old.secrets, *([secret] if secret else [])))
    elif cause.kind is CauseKind.SERVICE_ACCOUNT:
        where = cause.namespace, cause.name
        left = [a for a in old.service_accounts if (a.namespace, a.name) != where]
        account = new.service_account(*where)
        old = evolve(old, service_accounts=(*left, *([account] if account else [])))
    elif cause.kind is CauseKind.NODE_CONFIG:
        old = evolve(old, node=new.node)
    elif cause.kind is CauseKind.PULL_SECRETS:
        changed = evolve(changed, pull_secrets=after.pod.pull_secrets)
    elif cause.kind is CauseKind.ACCOUNT_NAME:
        changed = evolve(changed, service_account=after.pod.service_account)
    elif cause.kind is CauseKind.POD:
        changed = evolve(changed, stored=after.pod.stored, mirror=after.pod.mirror)
    else:
        assert cause.kind is CauseKind.IMAGE
        container = evolve(before.container, image=after.container.image)
        return old, changed, container
    return old, changed, before.container


@examples(100)
@given(pairs())
def test_a_single_cause_gives_the_new_answer(pair):
    """Put into the old manifests alone, as an author would, it makes the answer the new one."""
    old, new = pair
    for change in diff_clusters(old, new):
        assert change.because
        if change.before is None or change.after is None or len(change.because) > 1:
            continue
        (cause,) = change.because
        world, changed, container = replaced(old, new, cause, change.before, change.after)
        alone = evolve(
            changed,
            containers=(container,),
            init_containers=(),
            ephemeral_containers=(),
            image_volumes=(),
        )
        (answer,) = world.resolve(alone).images
        assert plain(answer.resolution) == plain(change.after.resolution)


@examples(100)
@given(pairs())
def test_several_causes_together_give_the_new_answer(pair):
    old, new = pair
    for change in diff_clusters(old, new):
        before, after = change.before, change.after
        if before is None or after is None or len(change.because) == 1:
            continue
        world, mixed = old, before
        for cause in change.because:
            world, changed, container = replaced(world, new, cause, mixed, after)
            mixed = evolve(mixed, pod=changed, container=container)
        alone = evolve(mixed.pod, containers=(mixed.container,))
        alone = evolve(alone, init_containers=(), ephemeral_containers=(), image_volumes=())
        (answer,) = world.resolve(alone).images
        assert plain(answer.resolution) == plain(after.resolution)


# --- Causes -----------------------------------------------------------------------------------


def cause(kind, action=Action.CHANGED, name=None, before="", after=""):
    return Cause(kind, action, None if name is None else "default", name, before, after)


NODE = DockerConfig({"quay.io": Credential("node", "p")})


@pytest.mark.parametrize(
    "old, new, expected, words",
    [
        (
            OLD,
            cluster(api("regcred"), regcred(password="two")),
            cause(CauseKind.SECRET, name="regcred"),
            "secret default/regcred changed",
        ),
        (
            OLD,
            OLD.without("default", "regcred"),
            cause(CauseKind.SECRET, Action.REMOVED, "regcred"),
            "secret default/regcred was removed",
        ),
        (
            OLD.without("default", "regcred"),
            OLD,
            cause(CauseKind.SECRET, Action.ADDED, "regcred"),
            "secret default/regcred was added",
        ),
        (
            OLD,
            cluster(api(), regcred()),
            cause(CauseKind.PULL_SECRETS, before="regcred", after="none"),
            "its own imagePullSecrets changed from regcred to none",
        ),
        (
            OLD,
            cluster(api("", "other"), regcred()),
            cause(CauseKind.PULL_SECRETS, before="regcred", after="(nameless), other"),
            "its own imagePullSecrets changed from regcred to (nameless), other",
        ),
        (
            OLD,
            cluster(api("regcred", image="ghcr.io/acme/api"), regcred()),
            cause(CauseKind.IMAGE, before=IMAGE, after="ghcr.io/acme/api"),
            f"the image changed from {IMAGE} to ghcr.io/acme/api",
        ),
        (
            cluster(api(), regcred(), service_account()),
            cluster(api(), regcred(), service_account(pull_secrets=["regcred"])),
            cause(CauseKind.SERVICE_ACCOUNT, name="default"),
            "service account default/default changed",
        ),
        (
            cluster(api(), regcred()),
            cluster(api(), regcred(), service_account(pull_secrets=["regcred"])),
            cause(CauseKind.SERVICE_ACCOUNT, Action.ADDED, "default"),
            "service account default/default was added",
        ),
        (
            cluster(api(), regcred(), service_account("robot", pull_secrets=["regcred"])),
            cluster(
                api(service_account="robot"),
                regcred(),
                service_account("robot", pull_secrets=["regcred"]),
            ),
            cause(CauseKind.ACCOUNT_NAME, before="default", after="robot"),
            "the name of its service account changed from default to robot",
        ),
        (
            OLD,
            cluster(evolve(api("regcred"), mirror=True), regcred()),
            cause(CauseKind.POD),
            "the pod or workload changed",
        ),
        (
            OLD,
            evolve(OLD, node=Node(docker_config=NODE)),
            cause(CauseKind.NODE_CONFIG, Action.ADDED),
            "the node's docker config was added",
        ),
        (
            evolve(OLD, node=Node(docker_config=NODE)),
            OLD,
            cause(CauseKind.NODE_CONFIG, Action.REMOVED),
            "the node's docker config was removed",
        ),
        (
            OLD,
            evolve(OLD, node=Node(providers=Providers([Provider("vault", ("quay.io",))]))),
            cause(CauseKind.PROVIDERS),
            "the node's credential providers or its release changed",
        ),
    ],
)
def test_the_one_cause(old, new, expected, words):
    (found,) = causes(old, new)
    assert found == expected
    assert str(found) == found.to_dict()["message"] == words


def test_a_new_workload_and_a_new_container():
    new = cluster(
        pod("api", images={"api": IMAGE, "more": IMAGE}, pull_secrets=["regcred"]), regcred()
    )
    (change,) = diff_clusters(OLD, new)
    assert (change.before, change.subject.container.name) == (None, "more")
    assert change.because == (Cause(CauseKind.CONTAINER, Action.ADDED),)
    (change,) = diff_clusters(new, OLD)
    assert (change.after, change.subject.container.name) == (None, "more")
    assert change.because == (Cause(CauseKind.CONTAINER, Action.REMOVED),)
    (change,) = diff_clusters(OLD, Cluster())
    assert change.because == (Cause(CauseKind.POD, Action.REMOVED),)
    assert change.to_dict()["after"] is None
    (change,) = diff_clusters(Cluster(), OLD)
    assert change.because == (Cause(CauseKind.POD, Action.ADDED),)


def test_what_else_differs_is_no_cause():
    """Of two changes, only one made the answer another one."""
    old = cluster(api("regcred", "other"), regcred(), regcred(name="other", entry="ghcr.io"))
    new = cluster(
        api("regcred", "other"),
        regcred(password="two"),
        regcred(name="other", entry="ghcr.io", password="two"),
    )
    assert causes(old, new) == [cause(CauseKind.SECRET, name="regcred")]


def test_two_that_are_needed_together():
    """A secret under a new name: neither the list nor the new secret is enough. The old one being
    gone is not needed."""
    new = cluster(api("renamed"), regcred(name="renamed"))
    (change,) = diff_clusters(OLD, new)
    assert set(change.because) == {
        cause(CauseKind.PULL_SECRETS, before="regcred", after="renamed"),
        cause(CauseKind.SECRET, Action.ADDED, "renamed"),
    }
    assert change.reasons[0] == "no single cause:"


def test_two_of_which_each_is_enough():
    """The list is emptied, and the secret is gone: to undo one of them helps nothing."""
    assert set(causes(OLD, cluster(api()))) == {
        cause(CauseKind.PULL_SECRETS, before="regcred", after="none"),
        cause(CauseKind.SECRET, Action.REMOVED, "regcred"),
    }


def test_too_many_to_try_are_all_named():
    names = [f"secret-{number}" for number in range(17)]
    old = cluster(api(*names), *(regcred(name=name) for name in names))
    new = cluster(api(*names), *(regcred(name=name, password="two") for name in names))
    assert [each.name for each in causes(old, new)] == names


def test_pods_alike_are_tried_once(monkeypatch):
    """The work goes with the different questions, not with the pods."""
    resolved = []
    real = Cluster.resolve

    def counted(self, pod):
        resolved.append(pod.name)
        return real(self, pod)

    monkeypatch.setattr(Cluster, "resolve", counted)
    pods = [evolve(api("regcred"), name=f"api-{number}") for number in range(50)]
    gone = [evolve(each, pull_secrets=()) for each in pods]
    found = diff_clusters(cluster(*pods, regcred()), cluster(*gone))
    assert len(found) == 50
    # Each pod before and after, and two that were made up to find the causes.
    assert len(resolved) == 50 + 50 + 2


# --- What is compared -------------------------------------------------------------------------


def test_the_order_within_a_tier_is_not_defined_and_so_not_compared():
    def secret(*entries):
        return pull_secret("regcred", json.dumps({"auths": {e: {"username": e} for e in entries}}))

    one = cluster(api("regcred"), secret("quay.io", "https://quay.io"))
    other = cluster(api("regcred"), secret("https://quay.io", "quay.io"))
    assert [len(a.resolution.tiers[0]) for a in answers_of(one.resolve_all())] == [2]
    assert diff_clusters(one, other) == ()


def test_an_email_address_and_an_unused_entry_change_nothing():
    new = pull_secret("regcred", {"quay.io": ("bot", "one", "b@example.com"), "x.io": ("u", "p")})
    assert diff_clusters(OLD, cluster(api("regcred"), new)) == ()


def test_a_volume_is_not_the_container_of_its_name():
    volume = Container("api", "ghcr.io/acme/model", ContainerKind.VOLUME)
    new = cluster(evolve(api("regcred"), image_volumes=(volume,)), regcred())
    (change,) = diff_clusters(OLD, new)
    assert (change.before, change.subject.container) == (None, volume)


def test_names_that_come_twice_are_numbered():
    twice = cluster(api("regcred"), api(), regcred())
    assert [known[-1] for known in by_identity(answers_of(twice.resolve_all()))] == [0, 1]
    assert diff_clusters(twice, twice) == ()
    (change,) = diff_clusters(OLD, twice)
    assert change.before is None


# --- The same change in many pods -------------------------------------------------------------


@examples(50)
@given(pairs())
def test_grouping_loses_nothing(pair):
    changes = diff_clusters(*pair)
    groups = group_changes(changes)
    assert Counter(id(c) for group in groups for c in group.changes) == Counter(map(id, changes))
    for group in groups:
        said = [
            (c.breaks, c.reasons, *(side and side.lines for side in (c.before, c.after)))
            for c in group.changes
        ]
        assert said == said[:1] * len(said)
        assert group.first is group.changes[0]


def test_pods_of_one_workload_are_told_apart_by_what_changes():
    def pods(*secrets):
        for name, listed in zip("abc", secrets, strict=True):
            found = api(*listed)
            yield evolve(found, kind="Pod", name=name, owner=Owner("ReplicaSet", "api"))

    old = cluster(*pods(["regcred"], ["regcred"], ["regcred"]), regcred())
    new = cluster(*pods([], [], ["regcred", "regcred"]), regcred())
    groups = group_changes(diff_clusters(old, new))
    assert [(group.title, len(group.changes)) for group in groups] == [
        ("ReplicaSet default/api (2 pods)", 2),
        ("Pod default/c", 1),
    ]


# --- What breaks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "old, new, breaks",
    [
        (OLD, cluster(api()), True),
        (cluster(api()), OLD, False),
        (OLD, cluster(api("regcred"), regcred(password="two")), False),
        (OLD, cluster(api("regcred"), pull_secret("regcred", "no JSON")), True),
        (cluster(api()), cluster(api(image="Bad Image")), True),
        (cluster(), cluster(api(image="Bad Image")), True),
        (cluster(), cluster(api()), False),
        (OLD, cluster(), False),
    ],
)
def test_what_breaks(old, new, breaks):
    (change,) = diff_clusters(old, new)
    assert change.breaks is breaks


def test_what_breaks_comes_first():
    old = cluster(api("regcred"), evolve(api("regcred"), name="web"), regcred())
    new = cluster(api("other"), evolve(api(), name="web"), regcred(name="other"))
    assert [(c.subject.pod.name, c.breaks) for c in diff_clusters(old, new)] == [
        ("web", True),
        ("api", False),
    ]


# --- How it looks -----------------------------------------------------------------------------


def test_json_has_the_images_of_resolve():
    new = cluster(api())
    (change,) = diff_clusters(OLD, new)
    found = change.to_dict()
    assert set(found) == {
        "namespace", "kind", "name", "container", "before", "after", "because",
    }  # fmt: skip
    for side, world in (("before", OLD), ("after", new)):
        (answer,) = world.resolve_all()
        assert found[side] == answer.to_dict()["images"][0]


def test_table():
    record, *_ = changes_table(diff_clusters(OLD, cluster(api()))).records()
    assert record["before"] == "1. quay.io as bot from secret regcred"
    assert record["after"] == "anonymous"
    assert record["breaks"] is True
    (record,) = changes_table(diff_clusters(Cluster(), OLD)).records()
    assert record["before"] is None
    (change,) = diff(OLD.resolve_all(), cluster(api()).resolve_all())
    assert change.reasons == ("no cause was found",)


@examples(100)
@given(pairs())
def test_no_password_is_shown(pair):
    def planted(cluster):
        secret = regcred(password=CANARY, entry=f"https://user:{CANARY}@quay.io")
        return evolve(cluster, secrets=(*cluster.secrets, secret, evolve(secret, namespace="shop")))

    found = diff_clusters(planted(pair[0]), pair[1])
    for change in islice(found, 3):
        for value in (change, change.to_dict(), *change.because):
            assert not any(leaks(text) for text in texts(value))
    table = changes_table(found)
    for text in (table.html(), table.markdown(), json.dumps(table.records()), *table.lines()):
        assert not leaks(text)


def test_a_secret_that_does_not_decode_shows_nothing():
    bad = pull_secret("regcred", json.dumps({"auths": {"quay.io": {"auth": CANARY}}}))
    (change,) = diff_clusters(OLD, cluster(api("regcred"), bad))
    assert not any(leaks(text) for text in texts(change.to_dict()))
    assert change.after.resolution.failure is not None


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_secrets_break(name):
    (change,) = diff_clusters(OLD, cluster(api("regcred"), pull_secret("regcred", BROKEN[name])))
    assert change.breaks
    assert change.because == (cause(CauseKind.SECRET, name="regcred"),)


# --- Releases ---------------------------------------------------------------------------------


def node(release, *, config=None, providers=(), answers=None):
    plugins = Providers([Provider(name, images) for name, images in providers], release)
    return Node(release, config, plugins, answers or {})


VAULT = {"vault": ProviderAnswer.from_credentials({"quay.io/acme": ("vault", "p")})}


def settings(cluster, first, last, state=None, **more):
    ends = Release.parse(first), Release.parse(last)
    way = [release for release in RELEASES if min(ends) <= release <= max(ends)]
    way = way if ends[0] <= ends[1] else way[::-1]
    return [Setting(evolve(cluster, node=node(each, **more)), state) for each in way]


def rows(change):
    return [(each.name, each.before, each.after) for each in change.because]


@pytest.mark.parametrize("first, last", [("1.31", "1.37"), ("1.37", "1.31"), ("1.33", "1.33")])
def test_nothing_where_nothing_differs(first, last):
    assert diff_releases(settings(OLD, first, last)) == Upgrade()


def test_the_order_of_providers_and_node():
    given = {"config": NODE, "providers": [("vault", ("quay.io",))], "answers": VAULT}
    upgrade = diff_releases(settings(OLD, "1.31", "1.37", **given))
    (change,) = upgrade.changes
    assert [c.credential.username for c in change.before.resolution.candidates] == [
        "bot", "vault", "node",
    ]  # fmt: skip
    assert [c.credential.username for c in change.after.resolution.candidates] == [
        "bot", "node", "vault",
    ]  # fmt: skip
    assert rows(change) == [
        ("one_node_keyring", "1.32", "1.33"),
        ("providers_by_name", "1.32", "1.33"),
        ("token_gate", "1.32", "1.33"),
    ]
    assert change.reasons[0] == "one or more of these rows:"
    assert str(change.because[0]).startswith("one_node_keyring in Kubernetes 1.33: True -> False. ")
    assert not upgrade.breaks
    # The other way round it is the same rows, with the releases the other way round.
    (change,) = diff_releases(settings(OLD, "1.37", "1.31", **given)).changes
    assert rows(change)[0] == ("one_node_keyring", "1.33", "1.32")
    # Where both ends are alike, nothing is said of it.
    assert diff_releases(settings(OLD, "1.33", "1.37", **given)) == Upgrade()


def test_the_order_in_which_providers_are_asked():
    given = {"providers": [("b", ("quay.io",)), ("a", ("quay.io",))]}
    (change,) = diff_releases(settings(OLD, "1.32", "1.33", **given)).changes
    assert change.to_dict()["asked"] == {"before": ["a", "b"], "after": ["b", "a"]}
    assert "asks b, a" in change.after.lines
    assert "providers_by_name" in {each.name for each in change.because}


def test_asked_of_a_new_workload():
    new = evolve(OLD, node=node(Release(37), providers=[("a", ("quay.io",))]))
    (change,) = diff_clusters(cluster(node=new.node), new)
    assert change.to_dict()["asked"] == {"before": None, "after": ["a"]}


def test_an_entry_that_matched_nothing_may_be_dropped():
    """From 1.36 on Go does not parse it; no image has such a name, so no answer differs."""
    world = cluster(api("regcred", image="quay.io:443/acme/api"), regcred(entry="quay.io:443:443"))
    first, *_, last = settings(world, "1.32", "1.37")
    assert [len(next(each.cluster.resolve_all()).notes) for each in (first, last)] == [0, 1]
    assert diff_releases([first, last]) == Upgrade()


def test_a_name_that_is_too_long():
    host = ".".join(["a" * 60] * 3)
    image = f"{host}/{'b' * 100}"
    upgrade = diff_releases(settings(cluster(api(image=image)), "1.31", "1.33"))
    (change,) = upgrade.changes
    assert change.before.resolution.failure is not None
    assert ("name_limit_is_for_the_path", "1.31", "1.32") in rows(change)
    assert not upgrade.breaks
    assert diff_releases(settings(cluster(api(image=image)), "1.33", "1.31")).breaks


STATE = NodeState(NodeImages((NodeImage("sha256:1", (IMAGE,)),)))


def test_decisions():
    """Secrets are decoded for an image that is there in 1.33 only."""
    world = cluster(pod("api", images={"api": IMAGE}), regcred())
    (change,) = diff_releases(settings(world, "1.32", "1.33", STATE)).changes
    assert rows(change)[0] == ("looks_up_when_present", "1.32", "1.33")
    assert {each.name for each in change.because} <= DECISION_ROWS
    found = change.to_dict()["decision"]
    assert [found[side]["looks_up"] for side in ("before", "after")] == [False, True]
    assert found["after"]["outcome"] == "use"
    assert any(line.startswith("on the node: use") for line in change.after.lines)
    assert diff_releases(settings(world, "1.32", "1.34", STATE)) == Upgrade()


def test_a_container_that_no_longer_starts():
    world = cluster(api("regcred"), pull_secret("regcred", "no JSON"))
    (change,) = diff_releases(settings(world, "1.32", "1.33", STATE)).changes
    assert change.after.decision.outcome == "fail"
    assert change.breaks
    (change,) = diff_releases(settings(world, "1.33", "1.34", STATE)).changes
    assert change.after.decision.outcome == "use"


def refused(release, *faults):
    return Setting(Cluster(node=Node(release)), refused=faults)


def test_a_refused_configuration():
    later = refused("1.32", "unknown field"), refused("1.33", "unknown field")
    upgrade = diff_releases([refused("1.31"), *later])
    assert upgrade.breaks
    assert upgrade.changes == ()
    assert upgrade.refusal.after == ("unknown field",)
    assert [each.name for each in upgrade.refusal.because] == ["strict_decoding"]
    upgrade = diff_releases([refused("1.33", "a directory"), refused("1.34")])
    assert not upgrade.breaks
    assert "config_directory" in {each.name for each in upgrade.refusal.because}


def test_a_release_on_the_way_may_refuse():
    given = {"config": NODE, "providers": [("vault", ("quay.io",))], "answers": VAULT}
    way = settings(OLD, "1.32", "1.34", **given)
    way[1] = evolve(way[1], refused=("cacheType",))
    upgrade = diff_releases(way)
    assert upgrade.refusal is None
    (change,) = upgrade.changes
    assert ("one_node_keyring", "1.32", "1.34") in rows(change)


def test_every_row_has_its_place():
    """A new row has to be put where it belongs; these concern no answer that is compared."""
    others = {
        "missing_secret_event",
        "static_pod_with_references_is_refused",
        "undecodable_secret_is_a_pull_error",
        "token_needs_same_account",
        "audience_restriction",
        "image_volumes",
    }
    assert set(FACTS) == LOOKUP_ROWS | CONFIG_ROWS | DECISION_ROWS | others
    assert not others & (LOOKUP_ROWS | CONFIG_ROWS | DECISION_ROWS)


# --- What if ----------------------------------------------------------------------------------


def test_without_a_secret():
    assert OLD.without("default", "regcred").secrets == ()
    assert OLD.without("shop", "regcred") == OLD


def test_with_an_image():
    more = api("regcred").with_image("quay.io/acme/debug")
    assert more.images[-1] == Container("debugger", "quay.io/acme/debug", ContainerKind.EPHEMERAL)
    assert more.images[:-1] == api().images
    assert OLD.resolve(more).images[-1].resolution.candidates
