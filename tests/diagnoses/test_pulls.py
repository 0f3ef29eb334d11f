"""Pulls: what service accounts, unlisted secrets and images show at a pod."""

from __future__ import annotations

from pullsecrets import Cluster, Pod, check
from pullsecrets.fields import format_path
from pullsecrets.objects import Container
from pullsecrets.testing import cluster
from support.diagnosed import account, found, pod, regcred


def test_the_list_of_another_account_matters_only_for_an_image_it_serves():
    manifests = [
        account("default", "regcred"),
        regcred("quay.io"),
        regcred("ghcr.io", name="own"),
    ]
    assert found(pod("ghcr.io/a/b", secrets=("own",)), *manifests) == []
    assert found(pod("ghcr.io/a/b", "nginx", secrets=("own",)), *manifests) == []
    two = pod("quay.io/a/b", "quay.io/a/c", "ghcr.io/x/y", secrets=("own",))
    assert found(two, *manifests) == [("PS103", "warning")]  # once for the list


def test_a_stored_pod_with_a_list_of_its_own_is_not_told_to_be_created_again():
    stored = pod("quay.io/a/b", secrets=("own",), stored=True)
    manifests = [
        account("default", "regcred"),
        regcred("quay.io"),
        regcred("ghcr.io", name="own"),
    ]
    assert found(stored, *manifests) == [("PS103", "warning")]


def test_an_account_that_is_not_there_says_nothing_of_lists():
    stored = pod("quay.io/a/b", secrets=(), stored=True, account="gone")
    assert found(stored, account("default", "regcred"), regcred("quay.io")) == []


def test_a_mirror_pod_is_not_told_about_service_accounts():
    mirror = pod("quay.io/a/b", secrets=(), mirror=True)
    assert found(mirror, account("default", "regcred"), regcred("quay.io")) == []
    assert found(mirror, regcred("quay.io")) == [("PS110", "note")]


def test_service_accounts_of_other_namespaces_do_not_make_one_missing():
    away = account("robot", "x", namespace="other")
    assert ("PS106", "note") not in found(pod("nginx", secrets=(), account="robot"), away)


def test_a_default_account_that_is_not_written_down_is_not_missing():
    assert found(pod("nginx", secrets=()), account("robot")) == []


def test_the_secret_can_ask_for_silence_where_the_pod_has_the_finding():
    quiet = ("PS111", "PS502")
    image = "registry.example.com:5000/a"
    assert found(pod(image, secrets=()), regcred("registry.example.com:5000", ignore=quiet)) == []
    assert found(pod(image), regcred("registry.example.com", ignore=quiet)) == []


def test_a_list_is_unused_only_if_all_of_it_is_known():
    assert found(pod("nginx", secrets=("regcred", "gone")), regcred("quay.io")) == [
        ("PS102", "note")
    ]
    assert found(pod("nginx", secrets=()), account("default", "regcred"), regcred("quay.io")) == []
    assert found(pod(), regcred("quay.io")) == []
    # The entry itself is what is wrong.
    assert found(pod("acme/api"), regcred("registry-1.docker.io")) == [("PS301", "error")]
    assert found(pod("acme/api"), regcred("quay.io", " x")) == [("PS302", "error")]


def test_images():
    assert found(pod("quay.io/ACME", secrets=())) == [("PS501", "error")]
    # What a chart makes of an image without a value; a patch, which has none, is never read.
    assert found(pod("", secrets=())) == [("PS501", "error")]


def test_where_an_image_is():
    template = {
        "kind": "CronJob",
        "metadata": {"name": "job"},
        "spec": {
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [{"name": "a", "image": "nginx"}, {"image": "A"}],
                            "initContainers": [{"name": "b", "image": "B"}],
                            "ephemeralContainers": [{"name": "c", "image": "C"}],
                            "volumes": [
                                {"name": "x"},
                                {"name": "m", "image": {"reference": "D"}},
                            ],
                        }
                    }
                }
            }
        },
    }
    path = "spec.jobTemplate.spec.template.spec."
    assert {format_path(each.where.field) for each in check(cluster(template))} == {
        path + "containers[1].image",
        path + "initContainers[0].image",
        path + "ephemeralContainers[0].image",
        path + "volumes['m'].image.reference",
    }


def test_a_pod_of_an_unknown_kind_that_was_made_by_hand():
    [diagnosis] = check(Cluster((Pod("p", kind="Rollout", containers=(Container("a", "A"),)),)))
    assert format_path(diagnosis.where.field) == "spec.containers[0].image"
    assert (diagnosis.where.file, diagnosis.where.document) == (None, None)


def test_each_static_pod_is_named_itself():
    """What pods have in common is looked at once, but not what names one of them."""
    static = [pod("nginx", name=name, mirror=True) for name in ("a", "b")]
    said = {
        each.where.name: each.message for each in check(cluster(*static)) if each.code == "PS109"
    }
    assert {name: message.split()[1] for name, message in said.items()} == {
        "a": "default/a",
        "b": "default/b",
    }


def test_a_static_pod_that_lists_nothing_is_not_reported():
    """Although it names a service account, which is no matter of pull secrets."""
    assert found(pod("nginx", secrets=(), account="robot", mirror=True)) == []


def test_the_notes_of_the_core_are_the_messages():
    """A fact that the core has a note for is worded there only."""
    made = cluster(
        pod("A", secrets=("", "gone"), name="listing"),
        pod("nginx", secrets=(), name="away", account="missing"),
        account("other"),
        pod("nginx", name="static", mirror=True),
    )
    notes = {str(note) for answer in made.resolve_all() for note in answer.notes}
    notes |= {str(answer.failure) for answer in made.resolve_all()}
    said = {each.code: each.message for each in check(made)}
    assert set(said) == {"PS102", "PS104", "PS106", "PS109", "PS501"}
    assert set(said.values()) <= notes
