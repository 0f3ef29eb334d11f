"""Values that keep what they found, shared by threads: each gets the answer that one alone gets."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from benchmarks import made
from pullsecrets import Cluster, Keyring, check
from pullsecrets.trace import explain_all

THREADS = 8
ROUNDS = 5


def cluster() -> Cluster:
    # Few namespaces and many pods: the threads want the same keyrings and the same answers.
    return Cluster.from_manifests(made.cluster(60, namespaces=3, secrets=20))


def resolved(found: Cluster) -> object:
    return tuple(found.resolve_all())


def explained(found: Cluster) -> object:
    return tuple(explain_all(found))


def diagnosed(found: Cluster) -> object:
    return tuple(map(str, check(found)))


@pytest.fixture(autouse=True)
def _threads_take_turns_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("question", [resolved, explained, diagnosed])
def test_one_cluster_asked_by_many(question):
    expected = question(cluster())
    for _ in range(ROUNDS):
        shared = cluster()  # nothing is remembered yet, so that all of them find it at once
        start = Barrier(THREADS)

        def ask(number: int, shared: Cluster = shared, start: Barrier = start) -> object:
            start.wait(60)
            return question(shared)

        with ThreadPoolExecutor(THREADS) as pool:
            assert set(pool.map(ask, range(THREADS))) == {expected}


def test_one_keyring_asked_by_many():
    pod = cluster().pods[0]
    secrets = [each for each in cluster().secrets if each.namespace == pod.namespace]
    images = [each.image for each in cluster().pods for each in each.images]
    alone = Keyring(secrets)
    expected = [alone.resolve(image) for image in images]
    shared = Keyring(secrets)

    def ask(number: int) -> object:
        # Each begins somewhere else, and goes through all of them.
        turned = [*images[number:], *images[:number]]
        answers = [shared.resolve(image) for image in turned]
        return tuple([*answers[-number:], *answers[:-number]] if number else answers)

    with ThreadPoolExecutor(THREADS) as pool:
        for answers in pool.map(ask, range(THREADS)):
            assert list(answers) == expected
