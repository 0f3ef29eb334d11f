from __future__ import annotations

import json
import pickle

import attrs
import pytest

from pullsecrets import Credential, DockerConfig
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import FaultCode
from pullsecrets.node.kubelet_config import InvalidKubeletConfig
from pullsecrets.node.node import InvalidNode, Layer, Node, Part
from pullsecrets.node.plugins import Provider, TokenAttributes
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.providers import NotAsked, PodAccount
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.node.versions import NEWEST, Release, UnknownRelease
from pullsecrets.secrecy import Password

CANARY = "hunter2-CANARY-9XqZ"
IMAGE = "quay.io/acme/app"
A, B = Provider("a", ("quay.io",)), Provider("b", ("quay.io",))
ELSEWHERE = Provider("elsewhere", ("gcr.io",))
CONFIG = DockerConfig({"quay.io": Credential("node", Password("p"))})
GIVES = {"quay.io/acme": ("user", "pass")}
ENTRIES = {"quay.io/acme": Credential("user", Password("pass"))}
ANSWER = ProviderAnswer.from_credentials(GIVES)


def node(version, *providers, config=CONFIG, answers=None):
    return Node(version, config, Providers(providers, version), answers)


def shape(contribution):
    return [
        ([part.provider for part in layer.parts], [each.name for each in layer.unanswered])
        for layer in contribution.layers
    ]


def test_an_empty_node_adds_nothing():
    assert Node().kubernetes == NEWEST
    found = Node().contribution(IMAGE)
    assert [layer.parts for layer in found.layers] == [(), ()]
    assert (found.consulted, found.asked, found.is_complete) == ((), (), True)


def test_two_layers_from_1_33_on_in_the_order_of_the_configuration():
    found = node("1.33", B, A, ELSEWHERE, answers={"b": ANSWER, "a": ANSWER}).contribution(IMAGE)
    assert found.layers == (
        Layer((Part(None, CONFIG.auths),)),
        Layer((Part("b", ENTRIES), Part("a", ENTRIES))),
    )
    assert [each.provider.name for each in found.consulted] == ["b", "a", "elsewhere"]
    assert [each.provider.name for each in found.asked] == ["b", "a"]
    assert isinstance(found.consulted[2], NotAsked)
    assert found.is_complete


def test_one_layer_up_to_1_32_in_the_order_of_the_names():
    before = Provider("!before", ("quay.io",))
    answers = {"b": ANSWER, "a": ANSWER, "!before": ANSWER}
    found = node("1.32", B, before, A, answers=answers).contribution(IMAGE)
    # The node's own file is called `.dockercfg` there.
    assert shape(found) == [(["!before", None, "a", "b"], [])]
    assert [each.provider.name for each in found.asked] == ["!before", "a", "b"]


@pytest.mark.parametrize(
    "version, layers",
    [("1.32", [([None, "a"], ["b"])]), ("1.33", [([None], []), (["a"], ["b"])])],
)
def test_where_an_unknown_answer_may_add_candidates(version, layers):
    found = node(version, B, A, answers={"a": ANSWER}).contribution(IMAGE)
    assert shape(found) == layers
    assert not found.is_complete
    assert [each.is_answered for each in found.asked] == [False, True][
        :: 1 if version == "1.33" else -1
    ]


def test_an_answer_that_the_kubelet_refuses_gives_nothing_and_is_no_unknown():
    bad = ProviderAnswer.from_credentials(GIVES, cache_key_type="registry")
    found = node("1.33", A, answers={"a": bad}).contribution(IMAGE)
    assert shape(found) == [([None], []), ([], [])]
    assert found.is_complete
    (asked,) = found.asked
    assert [fault.code for fault in asked.faults] == [FaultCode.CACHE_KEY_TYPE]
    assert asked.is_answered
    assert asked.response is None


def test_an_answer_by_the_request():
    def answer(request):
        return ProviderAnswer.from_credentials({request.image: ("u", request.api_version)})

    found = node("1.37", A, answers={"a": answer}).contribution(IMAGE)
    assert list(found.asked[0].response.auths) == [IMAGE]


def test_answers_are_read_as_the_version_reads_them():
    text = json.dumps(
        {
            "kind": "CredentialProviderResponse",
            "apiVersion": A.api_version,
            "cacheKeyType": "Image",
            "auth": {},
            "note": "x",
        }
    )
    for version, faults in (("1.31", 0), ("1.32", 1)):
        answers = {"a": ProviderAnswer.from_stdout(text)}
        (asked,) = node(version, A, answers=answers).contribution(IMAGE).asked
        assert len(asked.faults) == faults


def test_as_whose_a_pull_is_recorded():
    provider = attrs.evolve(A, token=TokenAttributes("aud", True))
    account = PodAccount("ns", "builder", token=Password("t"))
    for version, recorded in (("1.33", None), ("1.34", account)):
        found = node(version, provider, B, answers={"a": ANSWER, "b": ANSWER})
        parts = found.contribution(IMAGE, account).layers[1].parts
        assert [part.account for part in parts] == [recorded, None]


def test_the_token_reaches_the_reading_of_the_answer():
    provider = attrs.evolve(A, token=TokenAttributes("aud", True))
    account = PodAccount("ns", "builder", token=Password("pass"))
    found = node("1.34", provider, answers={"a": ANSWER}).contribution(IMAGE, account)
    assert [fault.code for fault in found.asked[0].faults] == [FaultCode.TOKEN_AS_PASSWORD]


def test_a_node_is_of_the_release_of_its_providers():
    assert Node(providers=Providers((A,), "1.33")).kubernetes == Release(33)
    with pytest.raises(InvalidNode) as caught:
        Node("1.34", providers=Providers((A,), "1.33"))
    assert str(caught.value) == "the providers were read for Kubernetes 1.33, not for 1.34"


def test_nodes_are_known_from_1_31_on():
    assert Node("1.31").kubernetes == Release(31)
    for version in ("1.30", "1.38", "x"):
        with pytest.raises(UnknownRelease):
            Node(version)
    with pytest.raises(UnknownRelease) as caught:
        Node("1.30")
    assert str(caught.value) == "nodes are known from Kubernetes 1.31 to 1.37"


def test_answers_of_nobody_are_refused():
    with pytest.raises(InvalidNode) as caught:
        node("1.33", A, answers={"A\n": ANSWER})
    assert str(caught.value) == "an answer is given for 'A\\n', no such provider"
    with pytest.raises(InvalidNode):
        Node(answers={"a": ANSWER})


def test_a_node_is_a_value_and_hides_what_it_knows():
    answers = {"a": ProviderAnswer.from_credentials({f"u:{CANARY}@quay.io": ("u", CANARY)})}
    first, second = (node("1.33", A, answers=answers) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    found = first.contribution(IMAGE)
    assert CANARY in str([c.password.reveal() for c in found.layers[1].parts[0].auths.values()])
    assert CANARY not in repr(first) + repr(found) + str(found)
    assert hash(found) == hash(second.contribution(IMAGE))
    with pytest.raises(TypeError):
        first.answers["a"] = ANSWER


def test_a_node_by_its_kubelets_configuration():
    gates = {"KubeletEnsureSecretPulledImages": True}
    document = {
        "kind": "KubeletConfiguration",
        "imagePullCredentialsVerificationPolicy": "AlwaysVerify",
        "featureGates": gates,
    }
    found = Node.from_kubelet_config(document, kubernetes="1.33")
    assert found == Node("1.33", verification=Verification(VerificationPolicy.ALWAYS, gate=True))
    gates = {"KubeletServiceAccountTokenForCredentialProviders": True, "AllAlpha": False}
    found = Node.from_kubelet_config({**document, "featureGates": gates}, kubernetes="1.33")
    assert (found.token_gate, found.verification.gate) == (True, False)
    # What AllBeta covers is the version's.
    document = {"kind": "KubeletConfiguration", "featureGates": {"AllBeta": False}}
    assert Node.from_kubelet_config(document).verification == Verification(gate=False)
    assert Node.from_kubelet_config(document, kubernetes="1.33").verification == Verification()
    with pytest.raises(InvalidKubeletConfig):
        Node.from_kubelet_config({"kind": "Pod"})
