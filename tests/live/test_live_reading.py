"""Reading a cluster, with what a real API server answered; `nox -s cluster` asks a real one."""

from __future__ import annotations

import json
import pickle
import socket
import ssl
import threading

import pytest
from attrs import evolve

from live.recorded import PAGE, recorded
from live.world import EDITOR, LISTER, READER, STRANGER, TENANT
from pullsecrets.kinds import Reference
from pullsecrets.live import Forbidden, Refusal, Unreachable, connect, read_live, read_objects
from pullsecrets.live import connection as connecting
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import Providers
from pullsecrets.notes import NoteCode
from pullsecrets.objects import NOT_READ
from pullsecrets.reading import Document, ProblemCode
from pullsecrets.resolution import Access
from registries.certificates import Authority
from support.canary import CANARY, error_texts, leaks
from test_secrecy_frames import frames

ALL = ["api-0", "api-1", "api-2", "api-3", "api-4", "web"]
FORBIDDEN = {"kind": "Status", "apiVersion": "v1", "reason": "Forbidden", "code": 403}
LIST = "GET /api/v1/namespaces/shop/pods?limit=500"


@pytest.fixture
def api():
    with recorded() as answers:
        yield answers


@pytest.fixture
def config(api, tmp_path):
    """Writes the kubeconfig of a user."""
    return lambda user, **fields: api.kubeconfig(tmp_path / f"{user}.json", user, **fields)


def names(objects):
    return [each.name for each in objects]


def tried(cluster):
    return {
        answer.pod.name: [str(each) for each in answer.images[0].resolution.candidates]
        for answer in cluster.resolve_all()
    }


class TestWhatIsAsked:
    def test_pods_and_the_secrets_that_they_list(self, api, config):
        cluster = read_live(kubeconfig=config(READER), namespace="shop")
        assert names(cluster.pods) == ALL
        assert all(pod.stored for pod in cluster.pods)
        assert names(cluster.secrets) == ["regcred", "spare"]
        assert cluster.problems == ()
        notes = [note for answer in cluster.resolve_all() for note in answer.notes]
        assert [(note.code, note.name) for note in notes] == [(NoteCode.ABSENT_SECRET, "gone")]
        assert api.asked[0] == LIST
        assert sorted(api.asked[1:]) == [
            f"GET /api/v1/namespaces/shop/secrets/{name}" for name in ("gone", "regcred", "spare")
        ]

    def test_all_namespaces(self, config):
        cluster = read_live(kubeconfig=config(READER), all_namespaces=True)
        assert names(cluster.pods) == ["trial", *ALL]
        assert names(cluster.secrets) == ["labcred", "regcred", "spare"]

    def test_the_contexts_namespace(self, config):
        assert names(read_live(kubeconfig=config(READER, namespace="lab")).pods) == ["trial"]

    def test_a_namespace_of_its_own_wins(self, config):
        file = config(READER, namespace="lab")
        assert names(read_live(kubeconfig=file, namespace="shop").pods) == ALL

    def test_one_pod(self, api, config):
        cluster = read_live(
            kubeconfig=config(READER), namespace="shop", only=Reference.parse("po/web")
        )
        assert names(cluster.pods) == ["web"]
        assert "regcred" not in names(cluster.secrets)
        assert len(api.asked) == 3

    def test_its_namespace_wins(self, config):
        only = Reference.parse("shop/web")
        cluster = read_live(kubeconfig=config(READER), namespace="lab", only=only)
        assert names(cluster.pods) == ["web"]

    def test_no_such_pod(self, config):
        only = Reference.parse("none")
        cluster = read_live(kubeconfig=config(READER), namespace="shop", only=only)
        assert cluster.pods == ()

    def test_a_workload_with_its_account(self, config):
        only = Reference.parse("deploy/api")
        cluster = read_live(kubeconfig=config(EDITOR), namespace="shop", only=only)
        assert [pod.kind for pod in cluster.pods] == ["Deployment"]
        assert names(cluster.service_accounts) == ["default"]
        assert tried(cluster) == {"api": ["quay.io/acme as acme+shop from secret regcred"]}

    def test_accounts_where_a_provider_gets_tokens(self, config):
        providers = Providers.from_config(
            "apiVersion: kubelet.config.k8s.io/v1\n"
            "kind: CredentialProviderConfig\n"
            "providers:\n"
            "- name: vault\n"
            "  matchImages: [quay.io]\n"
            "  defaultCacheDuration: 1h\n"
            "  apiVersion: credentialprovider.kubelet.k8s.io/v1\n"
            "  tokenAttributes:\n"
            "    serviceAccountTokenAudience: vault\n"
            "    requireServiceAccount: true\n"
            "    cacheType: Token\n"
        )
        cluster = read_live(
            kubeconfig=config(EDITOR), namespace="shop", node=Node(providers=providers)
        )
        [account] = cluster.service_accounts
        assert account.uid
        assert cluster.node.providers == providers

    def test_further_accounts(self, config):
        cluster = read_live(kubeconfig=config(EDITOR), namespace="shop", accounts=["robot"])
        assert names(cluster.service_accounts) == ["default"]  # there is no robot

    def test_what_was_read_is_counted(self, config):
        seen = []
        read_live(
            kubeconfig=config(READER), namespace="shop", count=lambda *each: seen.append(each)
        )
        assert seen == [("pods", 6), ("secrets", 1), ("secrets", 2), ("secrets", 3)]


class TestRights:
    def test_of_secrets(self, config):
        cluster = read_live(kubeconfig=config(LISTER), namespace="shop")
        [problem] = cluster.problems
        assert problem.code is ProblemCode.FORBIDDEN
        assert problem.error
        assert str(problem) == (
            "the user of the kubeconfig has no right to get secrets in namespace shop (403); "
            "not known: gone, regcred, spare"
        )
        assert [made.name for made in cluster.made] == ["gone", "regcred", "spare"]
        assert "3 secrets that could not be read" in cluster.title
        for answer in cluster.resolve_all():
            resolution = answer.images[0].resolution
            assert resolution.anonymous is None
            assert [source.name for source in resolution.unknown] == list(answer.pod.pull_secrets)
            assert {note.code for note in answer.notes} == {NoteCode.UNREAD_SECRET}

    def test_of_one_namespace(self, config):
        assert names(read_live(kubeconfig=config(TENANT), namespace="shop").pods) == ALL

    @pytest.mark.parametrize(
        "user, where, right",
        [
            (TENANT, {"namespace": "lab"}, "list pods in namespace lab"),
            (TENANT, {"all_namespaces": True}, "list pods in all namespaces"),
            (STRANGER, {"namespace": "shop"}, "list pods in namespace shop"),
            (
                READER,
                {"namespace": "shop", "only": Reference.parse("deployments.apps/api")},
                "list deployments.apps in namespace shop",
            ),
        ],
    )
    def test_of_pods_and_workloads(self, user, where, right, config):
        with pytest.raises(Forbidden) as raised:
            read_live(kubeconfig=config(user), **where)
        assert str(raised.value) == f"the user of the kubeconfig has no right to {right} (403)"
        assert isinstance(raised.value.refusal, Refusal)
        again = pickle.loads(pickle.dumps(raised.value))
        assert (again.refusal, str(again)) == (raised.value.refusal, str(raised.value))

    def test_of_accounts(self, config):
        cluster = read_live(kubeconfig=config(READER), namespace="shop", accounts=["robot"])
        assert [problem.code for problem in cluster.problems] == [ProblemCode.FORBIDDEN]
        assert "get serviceaccounts in namespace shop" in str(cluster.problems[0])

    def test_of_a_workloads_account(self, api, config):
        api.instead["/api/v1/namespaces/shop/serviceaccounts/default"] = 403, FORBIDDEN
        only = Reference.parse("deploy/api")
        cluster = read_live(kubeconfig=config(EDITOR), namespace="shop", only=only)
        [answer] = cluster.resolve_all()
        assert answer.admission.pull_secrets == (NOT_READ,)
        assert [note.code for note in answer.notes] == [NoteCode.UNREAD_SECRET]
        resolution = answer.images[0].resolution
        assert resolution.anonymous is None
        assert resolution.access is Access.UNKNOWN
        assert cluster.pod_account(answer.pod).annotations is None
        assert not any("/secrets/" in each for each in api.asked)

    def test_of_a_pods_account_that_is_to_be_another(self, api, config):
        api.instead["/api/v1/namespaces/shop/serviceaccounts/default"] = 403, FORBIDDEN
        cluster = read_live(kubeconfig=config(EDITOR), namespace="shop", accounts=["robot"])
        listing = cluster.as_service_account(cluster.pods[0], "robot")
        assert listing.pull_secrets == (NOT_READ,)  # its own list, or a copy: nobody knows
        listing = cluster.as_service_account(evolve(cluster.pods[0], pull_secrets=()), "robot")
        assert listing.pull_secrets == ()

    def test_credentials_that_are_not_accepted(self, config):
        with pytest.raises(Unreachable, match="does not accept the credentials"):
            read_live(kubeconfig=config("nobody"), namespace="shop")


class TestPages:
    def test_one_after_the_other(self, api, config):
        connection = evolve(connect(config(READER)), page=PAGE)
        pages = list(connection.pages("Pod", None))
        connection.close()
        assert [len(page.value["items"]) for page in pages] == [3, 3, 1]
        assert len(api.asked) == 3

    def test_a_list_that_expires_is_read_as_a_whole(self, api, config):
        connection = evolve(connect(config(READER)), page=PAGE)
        gone = {"kind": "Status", "apiVersion": "v1", "reason": "Expired", "code": 410}
        first = api.answer(READER, f"/api/v1/pods?limit={PAGE}")[1]
        more = first["metadata"]["continue"]
        api.instead[f"/api/v1/pods?continue={more}&limit={PAGE}"] = 410, gone
        api.instead["/api/v1/pods"] = api.answer(READER, "/api/v1/pods?limit=500")
        seen = []
        objects = read_objects(connection, None, count=lambda what, n: seen.append((what, n)))
        connection.close()
        assert names(objects.pods) == ["trial", *ALL]
        assert seen[:3] == [("pods", 3), ("pods", 0), ("pods", 7)]

    def test_one_that_always_expires_ends(self, api, config):
        connection = evolve(connect(config(READER)), page=PAGE)
        api.instead[f"/api/v1/pods?limit={PAGE}"] = 410, {"kind": "Status"}
        api.instead["/api/v1/pods"] = 410, {"kind": "Status"}
        pages = list(connection.pages("Pod", None))
        connection.close()
        assert [page.status for page in pages] == [410, 410]


class TestWhatAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            b"<html>log in</html>",
            b'"text"',
            b"{}",
            b'{"kind": "PodList"} {"kind": "PodList"}',
            b"",
        ],
    )
    def test_that_is_no_api_server(self, body, api, config):
        api.instead[LIST.removeprefix("GET ")] = 200, body
        with pytest.raises(Unreachable, match="is no API server"):
            read_live(kubeconfig=config(READER), namespace="shop")

    def test_another_status_for_pods(self, api, config):
        api.instead[LIST.removeprefix("GET ")] = 500, {"kind": "Status"}
        with pytest.raises(Unreachable, match="status 500: list pods in namespace shop"):
            read_live(kubeconfig=config(READER), namespace="shop")

    def test_another_status_for_a_secret(self, api, config):
        api.instead["/api/v1/namespaces/shop/secrets/spare"] = 500, {"kind": "Status"}
        cluster = read_live(kubeconfig=config(READER), namespace="shop")
        [problem] = cluster.problems
        assert problem.code is ProblemCode.UNREADABLE
        assert "status 500" in str(problem)
        assert "spare" in str(problem)
        assert names(cluster.secrets) == ["regcred"]

    def test_pages_without_metadata(self, api, config):
        api.instead[LIST.removeprefix("GET ")] = 200, {"kind": "PodList", "apiVersion": "v1"}
        assert read_live(kubeconfig=config(READER), namespace="shop").pods == ()

    @pytest.mark.parametrize("times", [3, 4])
    def test_that_it_is_too_busy(self, times, api, config, monkeypatch):
        waits = []
        monkeypatch.setattr("urllib3.util.retry.time.sleep", waits.append)
        busy = iter([(429, {"kind": "Status", "code": 429})] * times)
        recorded = api.answer
        monkeypatch.setattr(api, "answer", lambda *asked: next(busy, None) or recorded(*asked))
        file = config(READER)
        if times == 3:
            assert names(read_live(kubeconfig=file, namespace="shop").pods) == ALL
        else:
            with pytest.raises(Unreachable, match="answers with status 429: list pods in names"):
                read_live(kubeconfig=file, namespace="shop")
        assert waits == [1, 1, 1]
        assert api.asked[:4] == [LIST] * 4

    def test_a_redirect_is_not_followed(self, api, config):
        api.instead[LIST.removeprefix("GET ")] = 302, {"kind": "Status"}
        with pytest.raises(Unreachable):
            read_live(kubeconfig=config(READER), namespace="shop")
        assert api.asked == [LIST]


class TestNoConnection:
    def test_nobody_listens(self, api, config, tmp_path):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            api.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            address = api.url.removeprefix("http://")
            refused = f"the API server {address} cannot be asked: Connection refused"
            with pytest.raises(Unreachable, match=refused):
                read_live(kubeconfig=config(READER))

    def test_it_says_nothing(self, api, config, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            monkeypatch.setattr(connecting, "_ANSWER", 0.2)
            with pytest.raises(Unreachable, match="there is no answer within 0 seconds"):
                read_live(kubeconfig=config(READER))

    def test_it_is_not_reached(self, api, config, monkeypatch):
        def dropped(*address, **options):
            raise TimeoutError("timed out")

        monkeypatch.setattr("urllib3.util.connection.create_connection", dropped)
        with pytest.raises(Unreachable, match="there is no connection within 10 seconds"):
            read_live(kubeconfig=config(READER))

    def test_it_hangs_up(self, api, config):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

            def hang_up():
                client, _ = listener.accept()
                with client:
                    client.recv(65536)

            thread = threading.Thread(target=hang_up)
            thread.start()
            with pytest.raises(Unreachable, match="cannot be asked: the connection breaks"):
                read_live(kubeconfig=config(READER))
            thread.join()

    def test_a_certificate_that_is_not_trusted(self, api, config, tmp_path):
        issued = Authority(tmp_path / "theirs").issue("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            api.url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            file = config(READER)
            document = json.loads(file.read_text())
            trusted = Authority(tmp_path / "ours").path
            document["clusters"][0]["cluster"]["certificate-authority"] = str(trusted)
            file.write_text(json.dumps(document))

            def shake_hands():
                client, _ = listener.accept()
                with client, pytest.raises(ssl.SSLError):
                    context.wrap_socket(client, server_side=True)

            thread = threading.Thread(target=shake_hands)
            thread.start()
            with pytest.raises(Unreachable, match="its certificate is not trusted"):
                read_live(kubeconfig=file)
            thread.join()

    def test_no_tls(self, api, config):
        api.url = api.url.replace("http:", "https:")
        file = config(READER)
        document = json.loads(file.read_text())
        document["clusters"][0]["cluster"].pop("certificate-authority")
        file.write_text(json.dumps(document))
        with pytest.raises(Unreachable, match="cannot be asked"):
            read_live(kubeconfig=file)


class TestSecrecy:
    def test_no_error_shows_a_secret(self, api, config, caplog):
        caplog.set_level(0)
        status, document = api.answer(READER, "/api/v1/namespaces/shop/secrets/regcred")
        broken = json.dumps(document).encode() + b"x"
        api.instead["/api/v1/namespaces/shop/secrets/regcred"] = status, broken
        with pytest.raises(Unreachable) as raised:
            read_live(kubeconfig=config(READER), namespace="shop")
        shown = [
            f"{value!r} {value!s}"
            for frame in frames(raised.value)
            for value in frame.f_locals.values()
        ]
        for text in [*error_texts(raised.value), caplog.text, *shown]:
            assert not leaks(text)
            assert f"{READER}-token" not in text

    def test_no_value_does(self, api, config, caplog):
        caplog.set_level(0)
        connection = connect(config(READER))
        answer = connection.get("Secret", "shop", "regcred")
        connection.close()
        assert isinstance(answer, Document)
        assert not leaks(repr(answer) + repr(connection) + caplog.text)
        cluster = read_live(kubeconfig=config(READER), namespace="shop")
        candidate = next(cluster.resolve_all()).images[0].resolution.candidates[0]
        assert candidate.credential.password.reveal() == CANARY
