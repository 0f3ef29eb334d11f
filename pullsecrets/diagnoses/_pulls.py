"""What pods show: their lists of secrets, and what each of their images gets from them.

Work is done once for each distinct list of secrets, and once for each image with each of them;
pods only look it up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import Factory, define, field, frozen

from pullsecrets.spelling import is_sound
from pullsecrets.diagnoses._model import Diagnosis, Severity, Where
from pullsecrets.diagnoses._nearest import Near, nearest
from pullsecrets.diagnoses._secrets import diagnose_secret
from pullsecrets.diagnoses._spots import (
    diagnosis,
    image_fields,
    in_account,
    in_pod,
    in_secret,
    quoted,
    title,
)
from pullsecrets.images import Image
from pullsecrets.keyring import Admission, Keyring, Pattern, Resolution, normalise, pattern_matches
from pullsecrets.objects import (
    DOCKERCFG_TYPE,
    DOCKERCONFIGJSON_TYPE,
    Pod,
    PullSecret,
    ServiceAccount,
)
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY
from pullsecrets.cluster import Cluster, admit
from pullsecrets.secrecy import redact_entry

__all__ = ["diagnose"]

_DEFAULT: Final = "default"
_GLOB: Final = frozenset("*?[")
_SHOWN: Final = 5

Name = tuple[str, str]
"""A namespace and a name."""


@frozen
class _Finding:
    """A diagnosis that still wants the place of the pod or the service account it is about."""

    code: str
    field: str
    message: str
    advice: str = ""
    severity: Severity | None = None
    ignore: tuple[str, ...] = ()
    replacement: str | None = None

    def at(self, where: Where) -> Diagnosis:
        return diagnosis(
            self.code,
            where,
            self.message,
            self.advice,
            severity=self.severity,
            replacement=self.replacement,
        )


@define
class _List:
    """A list of secrets of a namespace: what is wrong with it, and what images get from it."""

    keyring: Keyring
    complete: bool
    findings: tuple[_Finding, ...]
    resolutions: dict[str, Resolution] = Factory(dict)
    noted: set[str] = Factory(set)

    def resolve(self, image: str) -> Resolution:
        resolution = self.resolutions.get(image)
        if resolution is None:
            resolution = self.resolutions[image] = self.keyring.resolve(image)
        return resolution


@define
class _Asked:
    """Pods that are asked about alike: same list, same service account."""

    admission: Admission
    list: _List
    account: ServiceAccount | None
    own: tuple[_Finding, ...]
    images: dict[str, tuple[_Finding, ...]] = Factory(dict)


@define
class _Use:
    """What the images do with an entry of a secret."""

    neighbours: set[str] = field(factory=set)
    proper: set[str] = field(factory=set)
    only_by_glob: set[str] = field(factory=set)
    hidden_by: dict[str, str] = field(factory=dict)


def diagnose(
    cluster: Cluster, track: Callable[[Iterable[Pod]], Iterable[Pod]] = iter
) -> Iterator[tuple[Diagnosis, tuple[str, ...]]]:
    """All diagnoses, each with the codes that its object asks not to report.

    Args:
        cluster: The cluster.
        track: Is given the pods and gives them back, one after the other: for a progress bar.
    """
    run = _Run(cluster)
    for pod in track(cluster.pods):
        for found in run.pod(pod):
            yield found, pod.ignore
    for account in cluster.service_accounts:
        for found in run.account(account):
            yield found, account.ignore
    for secret in cluster.secrets:
        for found in run.secret(secret):
            yield found, secret.ignore


class _Run:
    """One run over a cluster, with what it remembers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lists: dict[tuple[str, tuple[str, ...]], _List] = {}
        self._asked: dict[Any, _Asked] = {}
        self._uses: dict[Name, dict[str, _Use]] = defaultdict(lambda: defaultdict(_Use))
        self._listed: set[Name] = {
            (account.namespace, name)
            for account in cluster.service_accounts
            for name in account.pull_secrets
        }
        self._with_pods: set[str] = set()
        self._with_accounts = {account.namespace for account in cluster.service_accounts}
        for pod in cluster.pods:
            self._with_pods.add(pod.namespace)
            self._listed.update((pod.namespace, name) for name in pod.pull_secrets)
        self._forgotten = self._unlisted()
        self._named: set[Name] = set()
        self._patterns: dict[str, Pattern | None] = {}

    def _unlisted(self) -> Mapping[str, Keyring]:
        """Of each namespace the pull secrets that nothing lists, where there are pods."""
        unlisted: dict[str, list[PullSecret]] = defaultdict(list)
        for secret in self._cluster.secrets:
            if self._is_unlisted(secret):
                unlisted[secret.namespace].append(secret)
        return {
            namespace: Keyring(s for s in secrets if Keyring((s,)).failure is None)
            for namespace, secrets in unlisted.items()
        }

    def _is_unlisted(self, secret: PullSecret) -> bool:
        return (
            secret.type in (DOCKERCONFIGJSON_TYPE, DOCKERCFG_TYPE)
            and secret.namespace in self._with_pods
            and (secret.namespace, secret.name) not in self._listed
        )

    # Lists

    def _list(self, namespace: str, names: tuple[str, ...]) -> _List:
        known = self._lists.get((namespace, names))
        if known is None:
            found = [self._cluster.secret(namespace, name) for name in names if name]
            there = [secret for secret in found if secret is not None]
            keyring = Keyring(there, self._cluster.node)
            findings = (*self._references(namespace, names), *_one_key(keyring, names))
            complete = len(there) == len(names)
            known = self._lists[namespace, names] = _List(keyring, complete, findings)
        return known

    def _references(self, namespace: str, names: tuple[str, ...]) -> Iterator[_Finding]:
        for position, name in enumerate(names):
            at = f"imagePullSecrets[{position}]"
            if not name:
                yield _Finding("PS104", at, f"{at} has no name: it is skipped")
            elif name in names[:position]:
                message = f"secret {quoted(name)} is listed more than once, here as {at}"
                yield _Finding("PS105", at, message)
            elif self._cluster.secret(namespace, name) is None:
                yield self._missing(at, namespace, name)

    def _missing(self, at: str, namespace: str, name: str) -> _Finding:
        others = self._cluster.namespaces_with(name)
        if others:
            message = (
                f"secret {quoted(name)} is not in namespace {quoted(namespace)} but in "
                f"{', '.join(map(quoted, others))}: the pull goes on without it"
            )
            advice = f"Put a copy of the secret into namespace {quoted(namespace)}."
            return _Finding("PS101", at, message, advice)
        message = (
            f"secret {quoted(name)} of namespace {quoted(namespace)} is not among the manifests: "
            "if it does not exist, the pull goes on without it"
        )
        severity = None if self._cluster.secrets else Severity.NOTE
        return _Finding("PS102", at, message, severity=severity)

    # Pods

    def pod(self, pod: Pod) -> Iterator[Diagnosis]:
        asked = self._ask(pod)
        findings = list(asked.own)
        if asked.admission.origin != "service-account":
            findings += asked.list.findings
        # What is about the list is said once, with the first image that shows it.
        of_list: dict[str, _Finding] = {}
        of_images = False
        for container, at in zip(pod.images, image_fields(pod), strict=True):
            for finding in self._image(asked, pod, container.image):
                of_images = True
                if finding.field:
                    of_list.setdefault(finding.code, finding)
                elif finding.code not in finding.ignore:
                    yield finding.at(in_pod(pod, at))
        findings += of_list.values()
        if not (findings or of_images) and self._is_idle(asked, pod):
            shown = " and ".join(map(quoted, asked.admission.pull_secrets))
            message = (
                f"no entry of {shown} matches any image of {pod.kind} {title(pod)}: all are pulled "
                "anonymously"
            )
            findings.append(_Finding("PS506", "imagePullSecrets", message))
        for finding in findings:
            yield finding.at(in_pod(pod, finding.field))

    def _ask(self, pod: Pod) -> _Asked:
        like = pod.namespace, pod.service_account, pod.pull_secrets, pod.stored, pod.mirror
        asked = self._asked.get(like)
        if asked is None:
            admission, _ = admit(pod, self._cluster)
            account = self._cluster.service_account(pod.namespace, pod.service_account)
            names = self._list(pod.namespace, admission.pull_secrets)
            own = tuple(self._admission(pod, admission, account))
            asked = self._asked[like] = _Asked(admission, names, account, own)
        return asked

    def _admission(
        self, pod: Pod, admission: Admission, account: ServiceAccount | None
    ) -> Iterator[_Finding]:
        if pod.mirror and pod.pull_secrets:
            message = (
                f"{title(pod)} is a static pod: it has the node's credentials only, and its "
                "imagePullSecrets are idle"
            )
            yield _Finding("PS109", "imagePullSecrets", message)
        if (
            admission.origin == "service-account"
            and account is None
            and pod.service_account != _DEFAULT
            and pod.namespace in self._with_accounts
        ):
            message = (
                f"service account {quoted(pod.service_account)} of namespace "
                f"{quoted(pod.namespace)} is not among the manifests: taken to be without pull "
                "secrets"
            )
            yield _Finding("PS106", "serviceAccountName", message)

    def _image(self, asked: _Asked, pod: Pod, image: str) -> tuple[_Finding, ...]:
        known = asked.images.get(image)
        if known is None:
            resolution = asked.list.resolve(image)
            if image not in asked.list.noted:
                asked.list.noted.add(image)
                self._note_use(asked.list.keyring, resolution)
            known = asked.images[image] = tuple(self._outcome(asked, pod, image, resolution))
        return known

    def _outcome(
        self, asked: _Asked, pod: Pod, image: str, resolution: Resolution
    ) -> Iterator[_Finding]:
        if not isinstance(resolution.image, Image):
            # A patch of an overlay names no image.
            if image:
                yield _Finding("PS501", "", str(resolution.failure))
        elif resolution.anonymous:
            finding = (
                self._by_account(asked, pod, image)
                or self._by_edit(asked.list.keyring, image, resolution.image)
                or self._by_listing(asked, pod, image, resolution.image)
            )
            if finding is not None:
                yield finding

    def _by_account(self, asked: _Asked, pod: Pod, image: str) -> _Finding | None:
        """What a service account's list would have given."""
        origin, account = asked.admission.origin, asked.account
        pulled = f"{quoted(image)} is pulled anonymously"
        if account is None:
            return None
        if origin == "service-account":
            default = self._cluster.service_account(pod.namespace, _DEFAULT)
            if account.pull_secrets or default is None or not self._serves(default, image):
                return None
            message = (
                f"{pulled}: the pod runs as service account {quoted(account.name)}, which has no "
                f"pull secrets; only {quoted(_DEFAULT)} has"
            )
            return _Finding("PS108", "serviceAccountName", message)
        if origin == "mirror-pod" or not self._serves(account, image):
            return None
        names = ", ".join(map(quoted, account.pull_secrets))
        if asked.admission.pull_secrets:
            message = (
                f"{pulled}: the pod's own imagePullSecrets replace those of service account "
                f"{quoted(account.name)} ({names})"
            )
            return _Finding("PS103", "imagePullSecrets", message)
        message = (
            f"{pulled}: service account {quoted(account.name)} got its pull secrets ({names}) "
            "after the pod was made"
        )
        return _Finding("PS107", "", message)

    def _serves(self, account: ServiceAccount, image: str) -> bool:
        return bool(self._list(account.namespace, account.pull_secrets).resolve(image).candidates)

    def _by_edit(self, keyring: Keyring, written: str, image: Image) -> _Finding | None:
        """The entry that it just misses."""
        near = nearest(
            image,
            (
                (entry.source, entry.entry, pattern)
                for entry in keyring.entries
                if entry.source.kind == "secret"
                and (pattern := self._pattern(entry.key)) is not None
            ),
        )
        return None if near is None else self._near(near, written)

    def _pattern(self, key: str | None) -> Pattern | None:
        """The key taken apart; None where there is something wrong with it by itself."""
        if key is None:
            return None
        if key not in self._patterns:
            self._patterns[key] = Pattern.parse(key) if is_sound(key) else None
        return self._patterns[key]

    def _near(self, near: Near, written: str) -> _Finding:
        shown = redact_entry(near.entry)
        secret = self._cluster.secret(near.source.namespace or "", near.source.name or "")
        return _Finding(
            near.code,
            "",
            f"{quoted(written)} is pulled anonymously: entry '{shown}' of secret {near.source} "
            f"{near.difference}",
            f"Write '{near.replacement}' in place of '{shown}', or beside it where other images "
            "need that.",
            near.severity,
            () if secret is None else secret.ignore,
            near.replacement,
        )

    def _by_listing(self, asked: _Asked, pod: Pod, written: str, image: Image) -> _Finding | None:
        """A secret that nothing lists, and that would serve it."""
        keyring = self._forgotten.get(pod.namespace)
        # Docker Hub's official images are public.
        public = image.domain == DOCKER_HUB and image.path.startswith("library/")
        if keyring is None or pod.mirror or public:
            return None
        candidates = keyring.resolve(image).candidates
        if not candidates:
            return None
        source = candidates[0].source
        name = source.name or ""
        self._named.add((pod.namespace, name))
        secret = self._cluster.secret(pod.namespace, name)
        message = (
            f"{quoted(written)} is pulled anonymously: secret {quoted(name)} has a credential for "
            "it, and nothing lists that secret"
        )
        advice = (
            f"List {quoted(name)} in the pod's imagePullSecrets, or in those of service account "
            f"{quoted(pod.service_account)}."
        )
        return _Finding("PS111", "", message, advice, ignore=secret.ignore if secret else ())

    def _is_idle(self, asked: _Asked, pod: Pod) -> bool:
        keys = [e.key for e in asked.list.keyring.entries if e.source.kind == "secret"]
        return (
            asked.admission.origin == "pod"
            and asked.list.complete
            and bool(keys)
            and all(self._pattern(key) is not None for key in keys)
            and bool(pod.images)
            and all(asked.list.resolve(each.image).anonymous for each in pod.images)
        )

    # Entries, from what images do with them

    def _note_use(self, keyring: Keyring, resolution: Resolution) -> None:
        image = resolution.image
        candidates = resolution.candidates
        if not isinstance(image, Image) or not candidates:
            return
        by_glob = all(_GLOB & set(candidate.key.partition("/")[0]) for candidate in candidates)
        for candidate in candidates:
            source = candidate.source
            if source.kind == "secret":
                use = self._uses[source.namespace or "", source.name or ""][candidate.entry]
                neighbour = _is_neighbour(candidate.key, image)
                (use.neighbours if neighbour else use.proper).add(image.name)
                if by_glob:
                    use.only_by_glob.add(image.name)
        first = candidates[0]
        if image.domain != DOCKER_HUB or first.source.kind == "node" or first.key == DOCKER_HUB_KEY:
            return
        for entry in keyring.entries:
            hidden = entry.key == DOCKER_HUB_KEY and entry.credential != first.credential
            if hidden and entry.source.kind == "secret":
                use = self._uses[entry.source.namespace or "", entry.source.name or ""][entry.entry]
                use.hidden_by[image.name] = (
                    f"entry '{redact_entry(first.entry)}' of secret {first.source}"
                )

    # Service accounts and secrets

    def account(self, account: ServiceAccount) -> Iterator[Diagnosis]:
        for finding in self._list(account.namespace, account.pull_secrets).findings:
            yield finding.at(in_account(account, finding.field))

    def secret(self, secret: PullSecret) -> Iterator[Diagnosis]:
        name = secret.namespace, secret.name
        uses = self._uses.get(name, {})
        # An entry that is only hidden is no candidate.
        used = {entry for entry, use in uses.items() if use.neighbours or use.proper}
        yield from diagnose_secret(secret, listed=name in self._listed, used=used)
        if self._is_unlisted(secret) and name not in self._named:
            message = f"no pod and no service account lists secret {title(secret)}"
            yield diagnosis("PS110", in_secret(secret, field="metadata.name"), message)
        for entry, use in uses.items():
            yield from _used(secret, entry, use)


def _one_key(keyring: Keyring, names: tuple[str, ...]) -> Iterator[_Finding]:
    """Several secrets with different credentials for one key."""
    by_key: dict[str, dict[str, Any]] = defaultdict(dict)
    for entry in keyring.entries:
        if entry.key is not None and entry.source.kind == "secret":
            by_key[entry.key].setdefault(entry.source.name or "", entry.credential)
    for key, credentials in by_key.items():
        if len({(c.username, c.password) for c in credentials.values()}) > 1:
            last = list(credentials)[-1]
            order = ", then ".join(map(quoted, credentials))
            message = (
                f"several secrets have an entry for '{redact_entry(key)}'; all are tried: {order}"
            )
            yield _Finding("PS308", f"imagePullSecrets[{names.index(last)}]", message)


def _is_neighbour(key: str, image: Image) -> bool:
    """Whether a key covers an image although its path ends in the middle of a name."""
    if not key.partition("/")[2]:
        return False
    path = Pattern.parse(key).path
    rest = f"/{image.path}".removeprefix(path)
    return bool(path) and not path.endswith("/") and bool(rest) and not rest.startswith("/")


def _used(secret: PullSecret, entry: str, use: _Use) -> Iterator[Diagnosis]:
    shown = f"entry '{redact_entry(entry)}' of secret {title(secret)}"
    if use.neighbours:
        yield _neighbours(secret, entry, use, shown)
    if use.hidden_by:
        by = use.hidden_by[min(use.hidden_by)]
        message = f"{shown} is never asked for {_examples(use.hidden_by)}: {by} matches by itself"
        yield diagnosis("PS307", in_secret(secret, entry), message)
    if use.only_by_glob:
        yield _by_glob(secret, entry, use, shown)


def _neighbours(secret: PullSecret, entry: str, use: _Use, shown: str) -> Diagnosis:
    bounded = f"{normalise(entry)}/"
    message = (
        f"{shown} also serves {_examples(use.neighbours)}, whose path only begins with that of "
        "the entry"
    )
    where = in_secret(secret, entry)
    if all(pattern_matches(bounded, name) for name in use.proper):
        advice = f"Write '{bounded}' to bound it."
        return diagnosis("PS305", where, message, advice, replacement=bounded)
    advice = (
        "No key can tell them apart, as a slash at its end would leave the repository itself out: "
        "put its credential into a secret that only its own pods list."
    )
    return diagnosis("PS305", where, message, advice, severity=Severity.NOTE)


def _by_glob(secret: PullSecret, entry: str, use: _Use, shown: str) -> Diagnosis:
    path = Pattern.parse(normalise(entry)).path
    written = sorted({name.partition("/")[0] + path for name in use.only_by_glob})
    message = f"{_examples(use.only_by_glob)} has no credential but by the glob of {shown}"
    advice = f"Write the host out: {', '.join(map(quoted, written[:_SHOWN]))}."
    replacement = written[0] if len(written) == 1 else None
    return diagnosis("PS309", in_secret(secret, entry), message, advice, replacement=replacement)


def _examples(names: Iterable[str]) -> str:
    first, *others = sorted(names)
    more = f" and {len(others):,} more" if others else ""
    return f"{quoted(first)}{more}"
