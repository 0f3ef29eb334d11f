"""A node: what it adds to the pod's secrets for an image (A1 to A4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from attrs import evolve, field, frozen

from pullsecrets.dockerconfig import Auths, DockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.frozen import FrozenDict
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import Document, hide
from pullsecrets.node.kubelet_config import KubeletConfig
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.provider_rules import TOKEN_GATE
from pullsecrets.node.providers import Asked, NotAsked, PodAccount, ProviderRequest, consult
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import NEWEST, OLDEST_NODE, Release, UnknownRelease
from pullsecrets.secrecy import printable

__all__ = ["Answer", "Contribution", "InvalidNode", "Layer", "Node", "Part", "as_node"]

Answer = ProviderAnswer | Callable[[ProviderRequest], ProviderAnswer]
"""What a provider answers: always the same, or by the request."""

# The name under which the node's docker config is one of the providers, up to 1.32 (A2).
_NODE_CONFIG: Final = ".dockercfg"


class InvalidNode(PullsecretsError, ValueError):
    """Parts that do not make up one node."""


@frozen
class Part:
    """The entries that come from one place.

    Attributes:
        provider: The provider's name, None for the node's own docker config.
        auths: Entry as written → credential.
        account: As whose pull one with these credentials is recorded; None: open to every pod of
            the node (D25).
    """

    provider: str | None
    auths: Auths = field(eq=lambda auths: frozenset(auths.items()), repr=False)
    account: PodAccount | None = None


@frozen
class Layer:
    """One of the kubelet's keyrings: its parts are sorted by key together (A2, A3).

    Attributes:
        parts: The parts, in the order that counts within one key.
        unanswered: Providers that are asked, but whose answer is not known. What they give comes
            before, between or after the candidates of this layer, never before an earlier one's;
            and where they give any, Docker Hub's fallback of this layer is not used (A4).
    """

    parts: tuple[Part, ...]
    unanswered: tuple[Provider, ...] = ()


@frozen
class Contribution:
    """What a node adds to the pod's secrets for one image.

    Attributes:
        layers: The keyrings behind that of the secrets, in their order.
        consulted: The providers in the order in which the kubelet looks at them: those that it
            asks, with what they answer, and those that it does not.
    """

    layers: tuple[Layer, ...]
    consulted: tuple[Asked | NotAsked, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The providers that are asked, in order."""
        return tuple(each for each in self.consulted if isinstance(each, Asked))

    @property
    def is_complete(self) -> bool:
        """Whether the answer of each provider that is asked is known."""
        return not any(layer.unanswered for layer in self.layers)


def _frozen(answers: Mapping[str, Answer] | None) -> Mapping[str, Answer]:
    return FrozenDict(answers)


def _release(kubernetes: str | Release | None) -> Release:
    # None is replaced when the providers are known, too.
    return cast("Release", kubernetes and Release.parse(kubernetes))


@frozen
class Node:
    """A node, as far as it decides about pull credentials.

    Attributes:
        kubernetes: The release that its kubelet is of; given as a string, or as None for that of
            the providers, or for the newest known.
        docker_config: The node's own docker config.
        providers: Its credential provider plugins, None where it has none.
        answers: Provider's name → what it answers, as far as that is known. Read-only.
        verification: How its kubelet verifies images that are on it, None where that is not known:
            then the release's defaults count.
        token_gate: Whether its kubelet has the feature gate
            KubeletServiceAccountTokenForCredentialProviders switched on or off, None for the
            release's default. `Providers.load` takes it.

    Raises:
        InvalidNode: The parts do not fit together.
        UnknownRelease: The version is not known.

    >>> node = Node("1.33")
    >>> str(node.kubernetes)
    '1.33'
    """

    kubernetes: Release = field(default=None, converter=_release)
    docker_config: DockerConfig | None = None
    providers: Providers | None = None
    answers: Mapping[str, Answer] = field(default=None, converter=_frozen)
    verification: Verification | None = None
    token_gate: bool | None = None

    @classmethod
    def from_kubelet_config(
        cls,
        document: Document,
        *,
        kubernetes: str | Release | None = None,
        file: str | None = None,
    ) -> Node:
        """A node whose kubelet has this KubeletConfiguration, as far as that decides (E2).

        Args:
            document: Its text, or the mapping in it.
            kubernetes: The kubelet's version; None for the newest known.
            file: The file that it is from, None for none.

        Raises:
            InvalidKubeletConfig: It is none.
            MissingExtra: It is YAML, and PyYAML is not there.
            UnknownRelease: The version is not known.
        """
        hidden = hide(document)
        del document  # no traceback shows what this frame was given
        release = Release.parse(kubernetes)
        config = KubeletConfig.read(hidden)
        verification = Verification.of(config, release, file)
        token_gate = config.gate(TOKEN_GATE, release.token_gate)
        return cls(release, verification=verification, token_gate=token_gate)

    def __attrs_post_init__(self) -> None:
        own = None if self.providers is None else self.providers.kubernetes
        given: Release | None = self.kubernetes
        release = given if given is not None else own if own is not None else NEWEST
        if release < OLDEST_NODE:
            raise UnknownRelease(f"nodes are known from Kubernetes {OLDEST_NODE} to {NEWEST}")
        if own is not None and own != release:
            raise InvalidNode(f"the providers were read for Kubernetes {own}, not for {release}")
        names = {provider.name for provider in self.providers or ()}
        for name in self.answers:
            if name not in names:
                raise InvalidNode(f"an answer is given for '{printable(name)}', no such provider")
        object.__setattr__(self, "kubernetes", release)

    def contribution(self, image_name: str, account: PodAccount | None = None) -> Contribution:
        """What it adds for an image.

        Args:
            image_name: The image's normalised name, without tag and digest.
            account: The pod's service account, None for a pod without.
        """
        providers = self.providers or Providers((), self.kubernetes)
        consulted = tuple(
            self._answered(each) if isinstance(each, Asked) else each
            for each in consult(providers, image_name, account)
        )
        asked = [each for each in consulted if isinstance(each, Asked)]
        own = [] if self.docker_config is None else [Part(None, self.docker_config.auths)]
        theirs = list(self._parts(asked))
        unanswered = tuple(each.provider for each in asked if not each.is_answered)
        if self.kubernetes.one_node_keyring:
            layers = [Layer(tuple(sorted(own + theirs, key=_part_name)), unanswered)]
        else:
            layers = [Layer(tuple(own)), Layer(tuple(theirs), unanswered)]
        return Contribution(tuple(layers), consulted)

    def _answered(self, asked: Asked) -> Asked:
        answer = self.answers.get(asked.provider.name)
        if answer is None:
            return asked
        if not isinstance(answer, ProviderAnswer):
            answer = answer(asked.request)
        read = answer.read(asked.provider, self.kubernetes, asked.request.token)
        if isinstance(read, tuple):
            return evolve(asked, faults=read)
        return evolve(asked, response=read)

    def _parts(self, asked: Iterable[Asked]) -> Iterable[Part]:
        for each in asked:
            if each.response is not None:
                recorded = self.kubernetes.service_accounts_are_recorded
                account = each.account if recorded else None
                yield Part(each.provider.name, each.response.auths, account)


def as_node(node: Node | DockerConfig | None) -> Node:
    """The node that is meant where a docker config, or nothing, is given for one."""
    return node if isinstance(node, Node) else Node(docker_config=node)


def _part_name(part: Part) -> bytes:
    name = _NODE_CONFIG if part.provider is None else part.provider
    return name.encode("utf-8", "surrogatepass")
