"""What makes the comparison with a real cluster one that can fail."""

from __future__ import annotations

import json
from random import Random

import pytest

from live import drawing
from live.comparing import Seen, differences, follows, has_an_order, reached, starts, works
from live.registry import PASSWORD, USER
from pullsecrets import Cluster, Image
from pullsecrets.node.node import Node
from pullsecrets.node.versions import Release

IMAGE = "quay.io/acme/private/api:1"
RIGHT, WRONG = (USER, PASSWORD), ("other", "wrong")


def cluster(*logins, names=("s",), image=IMAGE, release="1.37", value=None, more=None):
    """A cluster with one pod, whose secret has a log-in for each of a few keys."""
    keys = ("quay.io/acme", "quay.io", "*.io")
    auths = {
        key: {"username": user, "password": password}
        for key, (user, password) in zip(keys, logins, strict=False)
    }
    data = {".dockerconfigjson": json.dumps({"auths": auths}) if value is None else value}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": data,
    }
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "shop"},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {
            "containers": [{"name": "c", "image": image}],
            "imagePullSecrets": [{"name": name} for name in names],
            **(more or {}),
        },
    }
    return Cluster.from_objects(secret, account, pod, node=Node(release))


def resolved(*logins, **fields):
    found = cluster(*logins, **fields)
    return found.resolve(found.pods[0])


def seen(*pulls, state="running", listed=("s",), events=(), image=IMAGE):
    """A pod as a cluster shows it: pulls are log-ins, and whether each of them worked."""
    waits = {"running": {}} if state == "running" else {"waiting": {"reason": state}}
    stored = {
        "spec": {
            "containers": [{"name": "c"}],
            "imagePullSecrets": [{"name": name} for name in listed],
        },
        "status": {"containerStatuses": [{"name": "c", "state": waits}]},
    }
    asked = [{"image": image, "login": used, "works": worked} for used, worked in pulls]
    return Seen(stored, asked, frozenset(events))


@pytest.mark.parametrize(
    "path, login, given",
    [
        ("acme/private/api", RIGHT, True),
        ("acme/private/api", WRONG, False),
        ("acme/private/api", None, False),
        ("acme/private/api", ("", ""), False),
        ("acme/public/api", RIGHT, True),
        ("acme/public/api", WRONG, False),
        ("acme/public/api", None, True),
        ("acme/public/api", ("", "x"), True),
        ("acme/gone/api", RIGHT, False),
    ],
)
def test_what_the_registry_gives(path, login, given):
    assert works(Image.parse(f"quay.io/{path}"), login) is given


@pytest.mark.parametrize(
    "pulls, right",
    [
        ([(WRONG, False), (RIGHT, True)], True),
        ([(WRONG, False), (RIGHT, True), (WRONG, False)], True),
        ([(RIGHT, True)], False),
        ([(WRONG, False)], False),
        ([], False),
        ([(None, False)], False),
        ([(WRONG, False), (WRONG, False)], False),
    ],
)
def test_the_order_of_pulls(pulls, right):
    [image] = resolved(WRONG, RIGHT).images
    assert follows(pulls, image) is right


def test_pulls_without_a_candidate_or_a_look_up():
    [anonymous] = resolved(names=()).images
    assert follows([(None, True)], anonymous)
    assert not follows([], anonymous)
    assert not follows([(WRONG, False)], anonymous)
    [broken] = resolved(value='{"auths": {"quay.io": {"auth": "%"}}}').images
    assert follows([], broken)
    assert not follows([(None, True)], broken)


def test_a_pod_that_does_what_was_said():
    answer = resolved(WRONG, RIGHT)
    assert starts(answer.images[0])
    assert not list(differences(answer, seen((WRONG, False), (RIGHT, True))))


@pytest.mark.parametrize(
    "found, word",
    [
        (seen((RIGHT, True)), "order"),
        (seen((WRONG, False), (RIGHT, True), listed=()), "admission"),
        (seen((WRONG, False), (RIGHT, True), state="ErrImagePull"), "status"),
        (
            seen((WRONG, False), (RIGHT, True), events=["FailedToRetrieveImagePullSecret"]),
            "event",
        ),
        (Seen(None), "admission"),
    ],
)
def test_a_pod_that_does_not(found, word):
    [words] = differences(resolved(WRONG, RIGHT), found)
    assert words.startswith(word)


@pytest.mark.parametrize("release, events", [("1.36", True), ("1.37", False)])
def test_the_event_of_a_missing_secret(release, events):
    answer = resolved(RIGHT, names=("s", "gone"), release=release)
    pulls, listed = [(RIGHT, True)], ("s", "gone")
    with_event = seen(*pulls, listed=listed, events=["FailedToRetrieveImagePullSecret"])
    assert bool(list(differences(answer, with_event))) is not events
    assert bool(list(differences(answer, seen(*pulls, listed=listed)))) is events


@pytest.mark.parametrize(
    "release, state, right",
    [
        ("1.32", "ErrImagePull", True),
        ("1.33", "illegal base64 data at input byte 0", True),
        ("1.33", "ErrImagePull", False),
    ],
)
def test_the_status_of_an_undecodable_secret(release, state, right):
    answer = resolved(value='{"auths": {"quay.io": {"auth": "%"}}}', release=release)
    assert bool(list(differences(answer, seen(state=state)))) is not right


def test_an_invalid_image():
    answer = resolved(RIGHT, image="quay.io//acme")
    found = seen(state="InvalidImageName", image="quay.io//acme")
    assert not list(differences(answer, found))


def test_a_pod_is_settled_once_each_container_is():
    assert seen().is_settled
    assert not seen(state="ContainerCreating").is_settled
    assert Seen(None).is_settled


INIT = {"initContainers": [{"name": "i0", "image": "quay.io/acme/private/web:1"}]}
VOLUME = {"volumes": [{"name": "v0", "image": {"reference": "quay.io/acme/private/web:1"}}]}


@pytest.mark.parametrize(
    "more, logins, names",
    [
        (INIT, [RIGHT], ["i0", "c"]),
        (INIT, [WRONG], ["i0"]),
        (VOLUME, [RIGHT], ["v0", "c"]),
        (VOLUME, [WRONG], ["v0"]),
    ],
)
def test_what_the_kubelet_comes_to(more, logins, names):
    images = resolved(*logins, more=more).images
    assert [each.container.name for each in reached(images, starts)] == names


def stored(containers, first=(), pulls=()):
    """A pod with containers and init containers in those states: name → state."""

    def statuses(states):
        kinds = {"running": {"running": {}}, "done": {"terminated": {}}}
        waiting = {state: {"waiting": {"reason": state}} for state in states.values()}
        found = {name: {**waiting, **kinds}[state] for name, state in states.items()}
        return [{"name": name, "state": state} for name, state in found.items()]

    first = dict(first)
    spec = {
        "initContainers": [{"name": name} for name in first],
        "containers": [{"name": name} for name in containers],
        "imagePullSecrets": [{"name": "s"}],
    }
    status = {
        "initContainerStatuses": statuses(first),
        "containerStatuses": statuses(containers),
    }
    asked = [{"image": image, "login": used, "works": worked} for image, used, worked in pulls]
    return Seen({"spec": spec, "status": status}, asked)


@pytest.mark.parametrize(
    "found, settled",
    [
        (stored({"c": "PodInitializing"}, {"i0": "ErrImagePull"}), True),
        (stored({"c": "PodInitializing"}, {"i0": "PodInitializing"}), False),
        (stored({"c": "PodInitializing"}, {"i0": "done"}), False),
        (stored({"c": "running"}, {"i0": "done"}), True),
    ],
)
def test_a_pod_is_settled_at_an_init_container_that_does_not_start(found, settled):
    assert found.is_settled is settled


FIRST = "quay.io/acme/private/web:1"


@pytest.mark.parametrize(
    "more, logins, found, words",
    [
        (INIT, [RIGHT], stored({"c": "running"}, {"i0": "done"}, [(FIRST, RIGHT, True)]), "order"),
        (
            INIT,
            [WRONG],
            stored({"c": "PodInitializing"}, {"i0": "ErrImagePull"}, [(FIRST, WRONG, False)]),
            None,
        ),
        (
            INIT,
            [WRONG],
            stored(
                {"c": "PodInitializing"},
                {"i0": "ErrImagePull"},
                [(FIRST, WRONG, False), (IMAGE, WRONG, False)],
            ),
            "not reached",
        ),
        (VOLUME, [WRONG], stored({"c": "ErrImagePull"}, (), [(FIRST, WRONG, False)]), None),
        (
            VOLUME,
            [WRONG],
            stored({"c": "ContainerCreating"}, (), [(FIRST, WRONG, False)]),
            "status",
        ),
        (
            VOLUME,
            [RIGHT],
            stored({"c": "running"}, (), [(FIRST, RIGHT, True), (IMAGE, RIGHT, True)]),
            None,
        ),
    ],
)
def test_a_pod_with_more_than_containers(more, logins, found, words):
    answer = resolved(*logins, more=more)
    told = list(differences(answer, found))
    assert [each.partition(":")[0] for each in told] == ([] if words is None else [words])
    volumes = [each for each in answer.images if each.container.name == "v0"]
    assert all(found.has(each) is (logins == [RIGHT]) for each in volumes)


def test_the_same_seed_draws_the_same_world():
    first, second = (
        (drawing.world(r), drawing.pod(r, 1, Release.parse(None))) for r in (Random(3), Random(3))
    )
    assert first == second
    assert first != (drawing.world(Random(4)), first[1])


@pytest.mark.parametrize(
    "entries, ordered",
    [
        ({"quay.io": RIGHT, "quay.io/acme": WRONG}, True),
        ({"quay.io": RIGHT, "https://quay.io": RIGHT}, True),
        ({"quay.io": RIGHT, "https://quay.io": WRONG}, False),
    ],
)
def test_entries_with_one_key_have_no_order(entries, ordered):
    auths = {entry: {"username": user, "password": word} for entry, (user, word) in entries.items()}
    [image] = resolved(value=json.dumps({"auths": auths})).images
    assert has_an_order(image) is ordered
