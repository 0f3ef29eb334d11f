"""What is found and what is not, case by case: beyond the examples of the catalogue."""

from __future__ import annotations

import base64
import json

import pytest
from catalogue_examples import pages

from pullsecrets import Cluster, DockerConfig, check

pod, secret, regcred, one, login, account = (
    pages.pod,
    pages.secret,
    pages.regcred,
    pages.one,
    pages.login,
    pages.account,
)


def found(*manifests, node=None):
    cluster = Cluster.from_manifests(manifests, node=node)
    return [(each.code, each.severity.value) for each in check(cluster)]


def messages(*manifests):
    return [each.message for each in check(Cluster.from_manifests(manifests))]


def b64(text):
    return base64.b64encode(text.encode()).decode()


# Lists of secrets


def test_without_any_secret_in_the_input_a_missing_one_is_a_note():
    assert found(pod("quay.io/a/b")) == [("PS102", "note")]
    assert found(
        pod("quay.io/a/b"), regcred("x.io", name="other", metadata={"namespace": "n"})
    ) == [("PS102", "warning")]


def test_a_missing_secret_is_reported_once_for_a_service_account():
    pods = [pod("quay.io/a/b", secrets=(), name=f"p{n}") for n in range(3)]
    assert found(*pods, account("default", "gone"), regcred("quay.io", name="other")) == [
        *[("PS111", "warning")] * 3,
        ("PS102", "warning"),
    ]


def test_a_secret_of_several_other_namespaces():
    elsewhere = [regcred("quay.io", metadata={"namespace": ns}) for ns in ("b", "a")]
    [message] = messages(pod("quay.io/a/b"), *elsewhere)
    assert "but in 'a', 'b'" in message


def test_secrets_by_themselves_are_not_unused():
    assert found(regcred("quay.io")) == []
    assert found(regcred("quay.io"), account("default")) == []
    assert (
        found(regcred("quay.io"), pod("nginx", secrets=(), metadata={"namespace": "other"})) == []
    )


def test_other_kinds_of_secrets_are_not_unused():
    assert found(pod("nginx", secrets=()), secret("x", "db", "Opaque")) == []


def test_a_secret_that_a_service_account_lists_is_not_unused():
    assert found(pod("nginx", secrets=()), account("robot", "regcred"), regcred("quay.io")) == []


def test_a_broken_secret_that_nothing_lists_is_reported_as_such():
    broken = secret({"auths": {"quay.io": {"auth": "?"}}})
    assert found(pod("quay.io/a/b", secrets=()), broken) == [("PS203", "error"), ("PS110", "note")]


def test_the_list_of_another_account_matters_only_for_an_image_it_serves():
    manifests = [account("default", "regcred"), regcred("quay.io"), regcred("ghcr.io", name="own")]
    assert found(pod("ghcr.io/a/b", secrets=("own",)), *manifests) == []
    assert found(pod("ghcr.io/a/b", "nginx", secrets=("own",)), *manifests) == []
    two = pod("quay.io/a/b", "quay.io/a/c", "ghcr.io/x/y", secrets=("own",))
    assert found(two, *manifests) == [("PS103", "warning")]  # once for the list


def test_a_stored_pod_with_a_list_of_its_own_is_not_told_to_be_made_anew():
    stored = pod("quay.io/a/b", secrets=("own",), metadata={"uid": "1"})
    manifests = [account("default", "regcred"), regcred("quay.io"), regcred("ghcr.io", name="own")]
    assert found(stored, *manifests) == [("PS103", "warning")]


def test_an_account_that_is_not_there_says_nothing_of_lists():
    stored = pod("quay.io/a/b", secrets=(), metadata={"uid": "1"}, serviceAccountName="gone")
    assert found(stored, account("default", "regcred"), regcred("quay.io")) == []


def test_a_mirror_pod_is_not_told_about_service_accounts():
    mirror = pod(
        "quay.io/a/b", secrets=(), metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}
    )
    assert found(mirror, account("default", "regcred"), regcred("quay.io")) == []
    assert found(mirror, regcred("quay.io")) == [("PS110", "note")]


def test_service_accounts_of_other_namespaces_do_not_make_one_missing():
    away = account("robot", "x")
    away["metadata"]["namespace"] = "other"
    assert ("PS106", "note") not in found(
        pod("nginx", secrets=(), serviceAccountName="robot"), away
    )


def test_a_default_account_that_is_not_written_down_is_not_missing():
    assert found(pod("nginx", secrets=()), account("robot")) == []


def test_an_unlisted_secret_is_not_blamed_for_images_it_does_not_serve():
    assert found(pod("ghcr.io/a/b", secrets=()), regcred("quay.io")) == [("PS110", "note")]
    hub = regcred("https://index.docker.io/v1/")
    assert found(pod("nginx", secrets=()), hub) == [("PS110", "note")]
    assert found(pod("acme/api", secrets=()), hub) == [("PS111", "warning")]


def test_the_secret_can_ask_for_silence_where_the_pod_has_the_finding():
    quiet = {"annotations": {"pullsecrets/ignore": "PS111,PS502"}}
    image = "registry.example.com:5000/a"
    assert found(pod(image, secrets=()), regcred("registry.example.com:5000", metadata=quiet)) == []
    assert found(pod(image), regcred("registry.example.com", metadata=quiet)) == []


def test_several_secrets_for_one_key_but_one_credential():
    assert (
        found(
            pod("quay.io/a/b", secrets=("a", "b")),
            regcred("quay.io", name="a"),
            regcred("quay.io", name="b"),
        )
        == []
    )


def test_idle_lists_only_where_all_of_the_list_is_known():
    assert found(pod("nginx", secrets=("regcred", "gone")), regcred("quay.io")) == [
        ("PS102", "warning")
    ]
    assert found(pod("nginx", secrets=()), account("default", "regcred"), regcred("quay.io")) == []
    assert found(pod(), regcred("quay.io")) == []
    # The entry itself is what is wrong.
    assert found(pod("acme/api"), regcred("registry-1.docker.io")) == [("PS301", "error")]
    assert found(pod("acme/api"), regcred("quay.io", " x")) == [("PS302", "error")]


# Secrets


@pytest.mark.parametrize("auth", [{"auth": "user:pw"}, {"auth": b64("nocolon")}, {"auth": 1}, []])
def test_an_entry_that_does_not_decode_is_named(auth):
    [diagnosis] = check(Cluster.from_manifests([secret({"auths": {"quay.io/x": auth}})]))
    assert (diagnosis.code, diagnosis.where.entry) == ("PS203", "quay.io/x")
    assert diagnosis.where.field == "data['.dockerconfigjson']"


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": []}', b64("hello"), "abc", "=", "\udcff"])
def test_a_document_that_does_not_decode(text):
    assert found(secret(text)) == [("PS204", "error")]


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: t + "\n", lambda t: t[:40] + "\n" + t[40:]]
)
def test_base64_twice_however_it_is_wrapped(wrap):
    text = wrap(b64(json.dumps({"auths": {"quay.io": login()}})))
    assert found(secret(text)) == [("PS205", "error")]
    assert found(secret(text.rstrip("=\n"))) == [("PS205", "error")]


def test_shapes():
    legacy = "kubernetes.io/dockercfg"
    assert found(secret({"auths": {"quay.io": login()}}, kind=legacy)) == [("PS206", "error")]
    assert found(secret({"quay.io": login()}, kind=legacy)) == []
    assert found(secret({"quay.io": {"auth": b64("a:b")}})) == [("PS206", "error")]
    assert found(secret({"HttpHeaders": {"User-Agent": "x"}})) == [("PS207", "warning")]
    assert found(secret("null")) == [("PS207", "warning")]
    assert found(secret({}, kind=legacy)) == [("PS207", "warning")]
    [diagnosis] = check(Cluster.from_manifests([secret({"quay.io": []}, kind=legacy)]))
    assert (diagnosis.code, diagnosis.where.field) == ("PS203", "data['.dockercfg']")


def test_credential_helpers():
    good = {"quay.io": login()}
    assert found(secret({"auths": good, "credHelpers": {"gcr.io": "gcloud"}})) == [
        ("PS208", "note")
    ]
    assert found(secret({"credsStore": "desktop"})) == [("PS208", "warning")]
    assert found(secret({"auths": {**good, "ghcr.io": {}}, "credsStore": "desktop"})) == [
        ("PS208", "warning")
    ]
    assert found(secret({"auths": good, "credsStore": ""})) == []
    half = {"ghcr.io": {"username": "me"}}
    assert found(secret({"auths": {**good, **half, "gcr.io": {}}, "credsStore": "desktop"})) == [
        ("PS402", "error"),
        ("PS208", "warning"),
    ]


# Keys


@pytest.mark.parametrize(
    "entry",
    [
        "registry-1.docker.io",
        "https://index.docker.io/v1",
        "index.docker.io/acme",
        "*.docker.io",
        "hub.docker.com",
        "https://auth.docker.io/token",
        "docker.com",
        "Docker.io",
        "docker.io:443",
        "index.docker.io:443",
    ],
)
def test_keys_that_are_meant_for_docker_hub(entry):
    [diagnosis] = check(Cluster.from_manifests([regcred(entry)]))
    assert (diagnosis.code, diagnosis.replacement) == ("PS301", "https://index.docker.io/v1/")


@pytest.mark.parametrize(
    "entry",
    ["docker.io", "docker.io/acme", "index.docker.io", "http://index.docker.io/v2/", "*.io"],
)
def test_keys_that_do_match_docker_hub(entry):
    assert found(regcred(entry)) == []


def test_a_host_of_docker_hub_that_an_image_really_names():
    assert found(pod("registry-1.docker.io/acme/api"), regcred("registry-1.docker.io")) == []


def test_an_api_path_that_an_image_really_has():
    assert found(regcred("quay.io/v2")) == [("PS304", "warning")]
    assert found(pod("quay.io/v2/api"), regcred("quay.io/v2")) == []


@pytest.mark.parametrize(
    "entry, mended",
    [
        ("oci://quay.io/acme", "quay.io/acme"),
        ("HTTPS://quay.io", "quay.io"),
        ("//quay.io", "quay.io"),
        ("quay.io/acme/*", "quay.io/acme/"),
        ("quay.io/*", "quay.io/"),
        ("quay.io/acme/api:1.0", "quay.io/acme/api"),
        ("quay.io/acme/api@sha256:" + "0" * 64, "quay.io/acme/api"),
        ("quay.io/Acme", "quay.io/acme"),
        ("quay.io//acme", "quay.io/acme"),
        ("quay.io/acme?", None),
        ("quay.io/%25zz", "quay.io"),
        ("quay", None),
        ("quay..io", None),
        ("", None),
        ("oci://hub.docker.com/acme", "https://index.docker.io/v1/"),
        ("oci://quay.io/v2", "quay.io"),
    ],
)
def test_keys_that_match_nothing_and_their_mends(entry, mended):
    diagnoses = list(check(Cluster.from_manifests([regcred(entry)])))
    if entry == "quay.io/acme?":  # Go drops an empty query: nothing is wrong
        assert diagnoses == []
        return
    [diagnosis] = diagnoses
    assert (diagnosis.code, diagnosis.replacement) == ("PS303", mended)
    if mended is not None:
        assert found(regcred(mended)) == []


@pytest.mark.parametrize(
    "entry, mended",
    [
        (" quay.io", "quay.io"),
        ("quay.io \n", "quay.io"),
        ("registry.example.com:*", "registry.example.com"),
        ("quay.io\\acme", "quay.io/acme"),
        ("quay io", None),
        ("us%er:pw@quay.io", None),
        ("registry-1.docker.io ", "https://index.docker.io/v1/"),
    ],
)
def test_dropped_keys_and_their_mends(entry, mended):
    [diagnosis] = check(Cluster.from_manifests([regcred(entry)]))
    assert (diagnosis.code, diagnosis.replacement) == ("PS302", mended)
    assert "pw" not in diagnosis.message + diagnosis.advice


def test_a_repository_whose_name_begins_anothers():
    both = pod("quay.io/acme/api", "quay.io/acme/api-gateway")
    assert found(both, regcred("quay.io/acme/api")) == [("PS305", "note")]
    alone = pod("quay.io/acme/api-gateway")
    assert found(alone, regcred("quay.io/acme/api")) == [("PS305", "warning")]
    assert found(pod("quay.io/acme/api"), regcred("quay.io/acme/api")) == []


def test_pods_that_differ_in_their_accounts_only():
    pods = [
        pod("quay.io/acme-b/x", name=name, serviceAccountName=name) for name in ("default", "robot")
    ]
    assert found(*pods, regcred("quay.io/acme")) == [("PS305", "warning")]


def test_several_neighbours_are_one_diagnosis():
    [message] = messages(
        pod("quay.io/acme-b/x", "quay.io/acme-a/x", "quay.io/acme-c/x"), regcred("quay.io/acme")
    )
    assert "'quay.io/acme-a/x' and 2 more" in message


def test_one_key_twice_with_one_credential_and_a_third_with_another():
    same = {"quay.io": login(), "https://quay.io": login(), "http://quay.io": login("x")}
    assert found(secret({"auths": same})) == [("PS306", "warning")]


def test_what_hides_docker_hubs_entry():
    hub = {"https://index.docker.io/v1/": login("hub")}
    both = secret({"auths": {**hub, "docker.io": login("x")}})
    assert found(pod("acme/api"), both) == [("PS307", "warning")]
    assert found(pod("quay.io/a/b", secrets=()), account("default", "regcred"), both) == []
    # What is on localhost is Docker Hub's only where nothing matches.
    local = secret({"auths": {**hub, "localhost": login("x")}})
    assert found(pod("localhost/app"), local) == []
    # The node's entries come after those of the secrets, and hide none of them.
    node = DockerConfig.from_json('{"auths": {"docker.io": {"username": "n", "password": "n"}}}')
    assert found(pod("acme/api"), secret({"auths": hub}), node=node) == []
    only_node = pod("acme/api", secrets=())
    assert found(only_node, node=node) == []


def test_globs():
    image = "registry.example.com:5000/shop/web"
    assert found(pod(image), regcred("*.example.com:5000")) == [("PS309", "note")]
    assert found(pod(image), regcred("*.example.com:5000", "registry.example.com:5000")) == []
    several = [pod(image, "other.example.com:5000/x"), regcred("*.example.com:5000")]
    [diagnosis] = check(Cluster.from_manifests(several))
    assert diagnosis.replacement is None
    assert diagnosis.advice == (
        "Write the host out: 'other.example.com:5000', 'registry.example.com:5000'."
    )
    node = DockerConfig.from_json('{"auths": {"*.example.com:5000": {}}}')
    assert found(pod(image, secrets=()), node=node) == []


# Credentials


@pytest.mark.parametrize(
    "credential, code",
    [
        (login("user", " pw"), "PS401"),
        (login("user", "pw "), "PS401"),
        (login("user", "pw\r"), "PS401"),
        (login("user\t", "pw"), "PS401"),
        ({"auth": b64("user:pw\n")}, "PS401"),
        (login("", "pw"), "PS402"),
        (login("user", ""), "PS402"),
        ({"email": "x"}, "PS403"),
        ({"identitytoken": "x"}, "PS404"),
        ({"registrytoken": "x", "username": "u"}, "PS404"),
        (login(pages.GUID, ""), "PS404"),
        (login("AWS", "secret"), "PS405"),
        (login(pages.GUID, "eyJ"), "PS405"),
        (login("oauth2accesstoken", "ya29.x"), "PS405"),
        (login("gitlab-ci-token", "x"), "PS405"),
        (login("anybody", "ghs_x"), "PS405"),
        (login("user", "${TOKEN}"), "PS406"),
        (login("user", "$TOKEN"), "PS406"),
        (login("user", "{{ .Values.password }}"), "PS406"),
        (login("user", "********"), "PS406"),
        (login("your-username", "x"), "PS406"),
        (login("<user>", "<password>"), "PS406"),
        (login("user", "changeme"), "PS406"),
    ],
)
def test_credentials_that_cannot_be_meant(credential, code):
    assert [each for each, _ in found(one(credential))] == [code]


@pytest.mark.parametrize(
    "credential",
    [
        login("user", "pa ss"),
        login("user", "$lowercase"),
        login("user", "pa$WORD"),
        login("user", "<"),
        login("_json_key", "{}"),
        login("robot$ci", "x"),
        login("robots", "x"),
        login("robot", "x"),
        login("myuser", "mypassword"),
        login("aws", "x"),
        login("token", "dckr_pat_x"),
        login("user", "password1"),
        login("user", "todo-list"),
    ],
)
def test_credentials_that_may_be_good(credential):
    assert found(one(credential)) == []


@pytest.mark.parametrize(
    "user, entry, severity",
    [
        ("robot+ci", "harbor.example.com", "warning"),
        ("robot", "harbor.example.com", "warning"),
        ("robot\\$ci", "harbor.example.com", "warning"),
        ("robot+ci", "registry.example.com", "note"),
    ],
)
def test_robots_without_their_dollar(user, entry, severity):
    assert found(one(login(user), entry)) == [("PS407", severity)]


def test_the_time_in_an_ecr_token():
    token = b64(json.dumps({"payload": "x", "expiration": 1767268800}))
    [message] = messages(one(login("AWS", token)))
    assert message.endswith("lives for 12 hours: until 2026-01-01 12:00 UTC")


@pytest.mark.parametrize(
    "inner",
    ["{", "[]", "{}", '{"expiration": "x"}', '{"expiration": 1e99}', '{"expiration": 1e18}'],
)
def test_an_ecr_token_without_a_time(inner):
    [message] = messages(one(login("AWS", b64(inner))))
    assert message.endswith("lives for 12 hours")


# Images


def test_images():
    assert found(pod("quay.io/ACME", secrets=())) == [("PS501", "error")]
    assert found(pod("", secrets=())) == []  # a patch of an overlay


@pytest.mark.parametrize(
    "image, entry, code, replacement",
    [
        ("r.example.com:5000/a", "r.example.com", "PS502", "r.example.com:5000"),
        ("r.example.com/a", "r.example.com:443", "PS502", "r.example.com"),
        ("r.example.com:5000/a/b", "*.example.com/a/", "PS502", "*.example.com:5000/a/"),
        ("r.example.com/a", "example.com", "PS503", "r.example.com"),
        ("r.example.com/a", "*example.com", "PS503", "r.example.com"),
        ("a.b.example.com/x", "*.example.com", "PS503", "a.b.example.com"),
        ("example.com/a", "*.example.com", "PS503", "example.com"),
        ("quay.io/acme/api", "quay.io/acme/api/", "PS504", "quay.io/acme/api"),
        ("nginx", "docker.io/nginx", "PS504", "docker.io/library/nginx"),
        ("quay.io/acme/api", "quay.io/amce/api", "PS504", "quay.io/acme/api"),
        ("quay.io/acme/api", "quay.io/acmee/", "PS504", "quay.io/acme/"),
        ("registry.example.com/a", "Registry.example.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "registry.exmaple.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "registy.example.com", "PS505", "registry.example.com"),
        ("registry.example.com/a", "rogistry.example.com", "PS505", "registry.example.com"),
    ],
)
def test_near_misses(image, entry, code, replacement):
    [diagnosis] = check(Cluster.from_manifests([pod(image), regcred(entry)]))
    assert (diagnosis.code, diagnosis.replacement) == (code, replacement)
    assert found(pod(image), regcred(replacement)) in ([], [("PS309", "note")])


@pytest.mark.parametrize(
    "image, entry",
    [
        ("ghcr.io/a/b", "gcr.io"),
        ("quay.io/team-b/api", "quay.io/team-a/"),
        ("quay.io/team2/api", "quay.io/team1/"),
        ("quay.io/other/api", "quay.io/acme/"),
        ("us-east-1.example.com/a", "us-east-2.example.com"),
        ("mirror.example.com/a", "registry.example.com"),
        ("k8s.gcr.io/pause", "gcr.io"),
        ("example.com/a", "registry.example.com"),
        ("us.gcr.io/a/b", "*.io"),
        ("quay.io/a/b", "registry.example.com:5000"),
        ("node10.example.com/a", "node1.example.com"),
        ("amce.example.net/a", "acme.example.com"),
        ("registry.example.com/a", "resigtyr.example.com"),
    ],
)
def test_what_is_no_near_miss(image, entry):
    assert found(pod(image), regcred(entry)) == [("PS506", "note")]


def test_two_ports_on_one_host_may_be_two_registries():
    assert found(pod("nexus.example.com:8082/a"), regcred("nexus.example.com:8083")) == [
        ("PS502", "note")
    ]


def test_the_nearest_of_several_is_named():
    [diagnosis] = check(
        Cluster.from_manifests(
            [pod("r.example.com:5000/a"), regcred("example.com:5000", "r.example.com")]
        )
    )
    assert diagnosis.code == "PS502"


def test_an_image_that_gos_url_parser_refuses_has_no_near_miss():
    assert found(pod("[:::]:5000/a"), regcred("quay.io")) == [("PS506", "note")]


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
    assert {each.where.field for each in check(Cluster.from_manifests([template]))} == {
        path + "containers[1].image",
        path + "initContainers[0].image",
        path + "ephemeralContainers[0].image",
        path + "volumes['m'].image.reference",
    }


def test_they_are_sorted():
    diagnoses = check(
        Cluster.from_manifests(
            [
                pod(*["Q"] * 11, secrets=("a", "a", "b", "c")),
                regcred("registry-1.docker.io", name="a"),
                regcred("quay.io", name="d"),
            ]
        )
    )
    assert [each.severity.rank for each in diagnoses] == sorted(e.severity.rank for e in diagnoses)
    images = [each.where.field for each in diagnoses if each.code == "PS501"]
    assert images == [f"spec.containers[{n}].image" for n in range(11)]
    assert diagnoses.worst is diagnoses[0].severity
    assert len(diagnoses[:3]) == 3
    assert check(Cluster()).worst is None
    assert repr(check(Cluster())) == "<Diagnoses: none>"
    assert repr(diagnoses).startswith("<Diagnoses 16:\n  error PS501: ")


def test_a_pod_of_an_unknown_kind_that_was_made_by_hand():
    from pullsecrets import Container, Pod

    [diagnosis] = check(Cluster((Pod("p", kind="Rollout", containers=(Container("a", "A"),)),)))
    assert diagnosis.where.field == "spec.containers[0].image"
    assert (diagnosis.where.file, diagnosis.where.document) == (None, None)
