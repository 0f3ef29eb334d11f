"""What is known of a cluster, and from there to the resolutions of its pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, repeat
from typing import Any, Final, TypeVar

from attrs import Factory, evolve, field, fields, frozen

from pullsecrets.admission import admit, as_service_account
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.groups import group_pods
from pullsecrets.keyring import Keyring
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.names import Names
from pullsecrets.node.audiences import AudienceGrant, audience_grants, granted_audiences
from pullsecrets.node.node import Node, as_node
from pullsecrets.node.providers import PodAccount
from pullsecrets.node.relevance import EffectivePolicy, effective_policy
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Gate
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import NOT_READ, Container, Pod, ServiceAccount
from pullsecrets.pod_resolution import Admission, ImageResolution, PodResolution, images_table
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading.clients import manifests_of
from pullsecrets.reading.documents import Objects, objects_of
from pullsecrets.reading.problems import Document, Problem
from pullsecrets.references import (
    SecretNames,
    listed,
    missing,
    namespaces_by_name,
    secret_names,
)
from pullsecrets.secrecy import ImageText
from pullsecrets.tables import Table, Tabular
from pullsecrets.workloads import NO_TEMPLATES, Templates

__all__ = ["Cluster"]

_Object = TypeVar("_Object", Pod, PullSecret, ServiceAccount)


def _identity(found: Pod | PullSecret | ServiceAccount) -> tuple[str, ...]:
    return (found.kind if isinstance(found, Pod) else "", found.namespace, found.name)


def _replaced(old: Sequence[_Object], new: Sequence[_Object]) -> tuple[_Object, ...]:
    """The objects of both, where they are of one name the new one."""
    names = {_identity(each) for each in new}
    return tuple(chain((each for each in old if _identity(each) not in names), new))


def _derived(make: Any) -> Any:
    return field(init=False, repr=False, eq=False, default=Factory(make, takes_self=True))


# Few clusters have more different lists of secrets, or images; what has become too much is
# forgotten.
_MAX_REMEMBERED: Final = 4_096


@frozen
class Cluster(Tabular):
    """What is known of a cluster, or of a set of manifests.

    Attributes:
        pods: Its pods and the workloads that make pods.
        service_accounts: Its service accounts.
        secrets: Its Secrets, of whatever type.
        node: Its nodes, which are taken to be alike; given as a docker config, or as None, it
            becomes a node of the newest release.
        problems: What was wrong with the input that this was read from.
        always_pull: Whether its API server has the admission plugin AlwaysPullImages, which sets
            the pull policy Always in each pod that is created (rule 17).
        grants: The rules of RBAC that let nodes have tokens of service accounts (D23); None where
            they are not known, as no object of RBAC was read.
        made: The secrets that other programs make, and those that could not be read from a cluster.
            One of these counts where there is no Secret of its name.
        complete: Whether each secret that a pod lists was looked up in a cluster, so that one that
            is not here does not exist.
    """

    pods: tuple[Pod, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    secrets: tuple[PullSecret, ...] = ()
    node: Node = field(default=None, converter=as_node)
    problems: tuple[Problem, ...] = ()
    always_pull: bool = False
    grants: tuple[AudienceGrant, ...] | None = None
    made: tuple[MadeSecret, ...] = ()
    complete: bool = False
    _secret_names: SecretNames = _derived(lambda self: secret_names(self.secrets, self.made))
    _namespaces: Mapping[str, tuple[str, ...]] = _derived(
        lambda self: namespaces_by_name((*self.secrets, *self.made))
    )
    # In a cluster, programs have added what they make to the lists of service accounts already.
    _added: tuple[MadeSecret, ...] = _derived(
        lambda self: () if self.complete else tuple(e for e in self.made if e.accounts != ())
    )
    _account_names: Names[ServiceAccount] = _derived(lambda self: Names(self.service_accounts))
    _granted: Callable[[str, str], frozenset[str]] = _derived(
        lambda self: granted_audiences(self.grants or ())
    )
    # Namespace, list of names and standpoint → keyring. Thousands of pods share a few lists, and
    # building a keyring of 10,000 entries takes 50 ms.
    _keyrings: dict[tuple[str, tuple[str, ...], str | None], Keyring] = field(
        init=False, repr=False, eq=False, factory=dict
    )
    # Image and pull policy as written → what becomes of it, which takes 60 µs to find.
    _policies: dict[tuple[ImageText, str | None], EffectivePolicy] = field(
        init=False, repr=False, eq=False, factory=dict
    )

    @classmethod
    def of(cls, objects: Objects, node: Node | DockerConfig | None = None) -> Cluster:
        """The cluster that some objects make.

        Args:
            objects: The objects, as `pullsecrets.reading` gives them.
            node: The node, or only its docker config.
        """
        return cls(
            objects.pods,
            objects.service_accounts,
            objects.secrets,
            node,
            objects.problems,
            grants=audience_grants(objects.rbac) if objects.rbac else None,
            made=objects.made,
        )

    @classmethod
    def from_manifests(
        cls,
        manifests: Iterable[Mapping[str, Any]],
        *,
        namespace: str = "default",
        node: Node | DockerConfig | None = None,
        templates: Templates = NO_TEMPLATES,
    ) -> Cluster:
        """Read Pods, workloads, ServiceAccounts, Secrets, RBAC's objects, and lists of them.

        Other kinds are passed over in silence, but for those that have containers: they are named
        in `problems`. So is what is malformed and left out.
        If an object is defined twice, the later definition counts.

        Args:
            manifests: Plain mappings, as ``json.load`` or a YAML loader gives them.
            namespace: For objects that name none.
            node: The node, or only its docker config.
            templates: Kinds that make pods, in addition to the known ones, with their API group,
                and the fields that lead to the pod template:
                ``{"Rollout.argoproj.io": "spec.template"}``.

        Raises:
            TypeError: `manifests` is one mapping or a text, not a list of mappings.
        """
        if isinstance(manifests, (Mapping, str, bytes)):
            kind, manifests = type(manifests).__name__, ()
            raise TypeError(f"manifests are a list of mappings, not {kind}")
        # By map, which has no frame that could show a manifest if the next one raises.
        documents = map(Document, manifests, map(Place, repeat(None), count(1)))
        return cls.of(objects_of(documents, namespace=namespace, templates=templates), node)

    @classmethod
    def from_objects(
        cls,
        *objects: object,
        namespace: str = "default",
        node: Node | DockerConfig | None = None,
        templates: Templates = NO_TEMPLATES,
    ) -> Cluster:
        """Read the objects of a Kubernetes client; otherwise as `from_manifests`.

        Args:
            objects: Objects of `kubernetes`, `kubernetes_asyncio`, `lightkube`, `kr8s`, `pykube-ng`
                or of this package, plain mappings, lists that a client gives, and iterables of
                all these. A Secret's ``data`` holds base64, as the clients have it.
            namespace: For objects that name none.
            node: The node, or only its docker config.
            templates: As for `from_manifests`.

        Raises:
            TypeError: Something is neither an object of a client nor a mapping.
        """
        manifests = manifests_of(objects)
        del objects  # no traceback shows what this frame was given
        return cls.from_manifests(manifests, namespace=namespace, node=node, templates=templates)

    def secret(self, namespace: str, name: str, near: Place | None = None) -> PullSecret | None:
        """The Secret of that name, or None.

        Args:
            namespace: Its namespace.
            name: Its name.
            near: Where the name is written: where several files define it, the nearest counts.
        """
        found = self._secret_names.find(namespace, name, near)
        secret = None if found is None else found.object
        return secret if isinstance(secret, PullSecret) else None

    def service_account(
        self, namespace: str, name: str, near: Place | None = None
    ) -> ServiceAccount | None:
        """The service account of that name, or None.

        Args:
            namespace: Its namespace.
            name: Its name.
            near: Where the name is written: where several files define it, the nearest counts.
        """
        found = self._account_names.find(namespace, name, near)
        return None if found is None else found.object

    def listed(
        self, namespace: str, name: str, near: Place | None = None
    ) -> PullSecret | MadeSecret | None:
        """What a name in a list of secrets leads to: a Secret, one that is made, or None.

        A copy of a Secret that is there is a Secret, too.

        Args:
            namespace: The pod's namespace.
            name: The name in its list.
            near: Where the name is written: where several files define it, the nearest counts.
        """
        return listed(self._secret_names, namespace, name, near)

    def references(
        self, namespace: str, names: Sequence[str], near: Place | None = None
    ) -> Iterator[Note | PullSecret | MadeSecret]:
        """What each reference of a list leads to: a secret, or why it leads nowhere (rule 4).

        Args:
            namespace: The namespace.
            names: The names in the list.
            near: Where the list is.
        """
        for position, name in enumerate(names):
            secret = self.listed(namespace, name, near) if name else None
            if secret is None:
                others = self.namespaces_with(name)
                yield missing(namespace, name, position, others, complete=self.complete)
            else:
                yield secret

    def namespaces_with(self, name: str) -> tuple[str, ...]:
        """The namespaces that have a Secret of that name, or get one that is made; sorted."""
        return self._namespaces.get(name, ())

    def standpoint(self, place: Place | None) -> str | None:
        """What of a place matters for what a name means: its file, or None if nothing does.

        Two places with the same standpoint see the same Secret and the same service account under
        each name.
        """
        if place is None or not (
            self._secret_names.depend_on_place or self._account_names.depend_on_place
        ):
            return None
        return place.file

    def admit(self, pod: Pod) -> tuple[Admission, tuple[Note, ...]]:
        """Which list of secrets a pod has (rules 1 to 3), and what there is to say about it."""
        found = self._account_names.find(pod.namespace, pod.service_account, pod.place)
        return admit(pod, found, self._added, self.node.kubernetes)

    def pull_policy(self, pod: Pod, container: Container) -> str | None:
        """A container's pull policy after admission, None where the image's default counts.

        The plugin AlwaysPullImages sees a pod when it is created: not one that is stored already,
        and not what a static pod's file says.

        Args:
            pod: The pod.
            container: One of its containers, or image volumes.
        """
        admitted = self.always_pull and not (pod.stored or pod.mirror)
        return PullPolicy.ALWAYS if admitted else container.pull_policy

    def policy(self, pod: Pod, container: Container) -> EffectivePolicy:
        """A container's pull policy after admission, and what the nodes' kubelets make of it.

        Args:
            pod: The pod.
            container: One of its containers, or image volumes.
        """
        key = container.image, self.pull_policy(pod, container)
        policy = self._policies.get(key)
        if policy is None:
            if len(self._policies) >= _MAX_REMEMBERED:
                self._policies.clear()
            verification = self.node.verification or Verification()
            policy = effective_policy(*key, verification, self.node.kubernetes)
            self._policies[key] = policy
        return policy

    def pod_account(self, pod: Pod) -> PodAccount | None:
        """The pod's service account, as credential providers see it: a static pod has none.

        The API server gives a node a token for an audience that the pod has in a volume, or that
        RBAC allows (D23). Where no object of RBAC was read, and where the release does not restrict
        it, it may give one for any. What a CSI driver asks for is not looked at.
        """
        if pod.mirror:
            return None
        name = pod.namespace, pod.service_account
        account = self.service_account(*name, pod.place)
        if account is not None and NOT_READ in account.pull_secrets:
            account = None
        restricted = self.node.kubernetes.audience_restriction is Gate.ON
        return PodAccount(
            *name,
            uid="" if account is None else account.uid,
            annotations=None if account is None else account.annotations,
            audiences=self._granted(*name).union(pod.token_audiences),
            other_audiences=self.grants is None or not restricted,
        )

    def keyring(self, namespace: str, names: Iterable[str], near: Place | None = None) -> Keyring:
        """The keyring of a list of secrets: those that are there, and the node's docker config.

        Args:
            namespace: The pod's namespace.
            names: The names in its list.
            near: Where the list is.
        """
        key = namespace, tuple(names), self.standpoint(near)
        keyring = self._keyrings.get(key)
        if keyring is None:
            if len(self._keyrings) >= _MAX_REMEMBERED:
                self._keyrings.clear()
            found = (self.listed(namespace, name, near) for name in key[1] if name)
            secrets = (secret for secret in found if secret is not None)
            keyring = self._keyrings[key] = Keyring(secrets, self.node)
        return keyring

    def resolve(self, pod: Pod) -> PodResolution:
        """The resolution of each of the pod's images, and what was passed over on the way."""
        admission, notes = self.admit(pod)
        names = admission.pull_secrets
        keyring = self.keyring(pod.namespace, names, pod.place)
        account = self.pod_account(pod)
        found = self.references(pod.namespace, names, pod.place)
        passed_over = (each for each in found if isinstance(each, Note))
        images = (
            ImageResolution(each, keyring.lookup(each.image, account), self.policy(pod, each))
            for each in pod.images
        )
        return PodResolution(
            pod,
            admission,
            (*notes, *_once(passed_over), *self._choices(pod, names), *keyring.notes),
            tuple(images),
        )

    def _choices(self, pod: Pod, names: Iterable[str]) -> Iterator[Note]:
        """The secrets of a list for which others may be meant."""
        if self._secret_names.depend_on_place:
            for name in dict.fromkeys(names):
                found = self._secret_names.find(pod.namespace, name, pod.place)
                if found is not None:
                    yield from found.notes(NoteCode.AMBIGUOUS_SECRET)

    def resolve_all(self) -> Iterator[PodResolution]:
        """The resolutions of all pods, one after the other, each made when it is asked for."""
        return map(self.resolve, self.pods)

    def without(self, namespace: str, name: str) -> Cluster:
        """The cluster without the Secret of that name: to ask what would change."""
        left = (each for each in self.secrets if (each.namespace, each.name) != (namespace, name))
        made = (each for each in self.made if (each.namespace, each.name) != (namespace, name))
        return evolve(self, secrets=tuple(left), made=tuple(made))

    def with_objects(self, objects: Objects) -> Cluster:
        """The cluster with some objects more: to ask what would change.

        Args:
            objects: The objects. They replace those of the same kind, namespace and name.
        """
        new = {(secret.namespace, secret.name) for secret in objects.secrets}
        made = (each for each in self.made if (each.namespace, each.name) not in new)
        grants = self.grants
        if objects.rbac:
            grants = (*(grants or ()), *audience_grants(objects.rbac))
        return evolve(
            self,
            pods=_replaced(self.pods, objects.pods),
            service_accounts=_replaced(self.service_accounts, objects.service_accounts),
            secrets=_replaced(self.secrets, objects.secrets),
            problems=(*self.problems, *objects.problems),
            grants=grants,
            made=(*made, *objects.made),
        )

    def as_service_account(self, pod: Pod, name: str) -> Pod:
        """The pod as it is to be created to run as another service account.

        A pod that was read from a cluster has the list of its own service account, if the two are
        equal: then it gets the other one's instead (rules 1 and 2). Where that service account
        could not be read, nobody knows, and what the pod lists is not known, either.

        Args:
            pod: The pod.
            name: The service account's name.
        """
        before = self.service_account(pod.namespace, pod.service_account)
        return as_service_account(pod, name, before)

    @property
    def title(self) -> str:
        """What it holds, in numbers, and how much of the input is not in it."""
        counts: tuple[tuple[int, str, str], ...] = (
            (len(self.pods), "pod or workload", "pods and workloads"),
            (len(self.secrets), "secret", "secrets"),
            (len(self.service_accounts), "service account", "service accounts"),
        )
        unread = sum(each.unread for each in self.made)
        some = (
            (len(self.made) - unread, "secret to be made", "secrets to be made"),
            (unread, "secret that could not be read", "secrets that could not be read"),
        )
        counts += tuple(each for each in some if each[0])
        parts = [f"{number:,} {one if number == 1 else more}" for number, one, more in counts]
        if self.node.docker_config is not None:
            parts.append("a node config")
        errors = sum(problem.error for problem in self.problems)
        if errors:
            parts.append(f"{errors:,} part{'' if errors == 1 else 's'} of the input not readable")
        return ", ".join(parts)

    def __repr__(self) -> str:
        return f"<Cluster: {self.title}>"

    def __reduce__(self) -> tuple[type[Cluster], tuple[Any, ...]]:
        # Without the keyrings, which are built again as they are asked for.
        return Cluster, tuple(getattr(self, each.name) for each in fields(Cluster) if each.init)

    def table(self, limit: int | None = None) -> Table:
        """One row for each image, with what is tried for it.

        In the order of the pods; if not all are wanted, those whose images are the worst off.

        Args:
            limit: How many rows are wanted at most, None for all of them.
        """
        total = sum(len(pod.images) for pod in self.pods)
        answers = ((answer.pod.title, answer) for answer in self.resolve_all())
        return images_table(answers, limit, total=total, subtitle=self.title)

    def _summary_table(self, limit: int) -> Table:
        """The same, the pods of one workload that have one answer as one."""
        groups = group_pods(self.resolve_all())
        total = sum(len(group.first.images) for group in groups)
        answers = ((group.title, group.first) for group in groups)
        return images_table(answers, limit, total=total, subtitle=self.title)


def _once(notes: Iterable[Note]) -> Iterator[Note]:
    """Each missing secret once, however often it is listed."""
    seen: set[str | None] = set()
    for note in notes:
        if note.name is None or note.name not in seen:
            yield note
        seen.add(note.name)
