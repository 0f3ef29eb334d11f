"""All images of all pods, asked with few requests: shared answers, registries in parallel."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

from attrs import define

from pullsecrets.cluster import Cluster
from pullsecrets.images import Image
from pullsecrets.objects import ContainerKind, Pod
from pullsecrets.pod_resolution import ImageResolution, PodResolution
from pullsecrets.probe.flow import RegistryClient
from pullsecrets.probe.login import Login
from pullsecrets.probe.manifests import Platform
from pullsecrets.probe.outcomes import Attempt
from pullsecrets.probe.policy import Policy
from pullsecrets.probe.proxies import Proxy
from pullsecrets.probe.results import ClusterProbe, ImageProbe, PodProbe
from pullsecrets.probe.run import NOT_ASKED, Job, Limits, Work
from pullsecrets.probe.sender import Sender
from pullsecrets.probe.transport import Transport
from pullsecrets.registries import Registry
from pullsecrets.resolution import Candidate, Resolution
from pullsecrets.secrecy import ImageText, Password

__all__ = ["Prober", "Run"]


class Prober:
    """Tries candidates against their registries, as the kubelet would.

    It is safe to use from several threads, remembers what it learned (a new one asks anew) and
    keeps connections open: close it, or use it in a ``with`` statement.

    Args:
        exhaustive: try all candidates, not only up to the first success, and anonymously, too.
        timeout: seconds for each request, the look-up of the name included.
        deadline: seconds for one call of `probe`, `probe_pod` or `probe_all`; what was not asked by
            then is ``unreachable``.
        per_host: how many requests one host gets at a time.
        retries: how often a request is made again whose connection was cut, or that was answered
            429, 502, 503 or 504; after the time that the host names, where the deadline allows it.
        insecure_registries: hosts, with or without a port, that are asked over plain http.
            `localhost` and loopback addresses always are; where they speak https instead, they are
            asked so.
        allowed_realms: hosts that may be given credentials as a registry's token server although
            they are on another site, or on a private address; ``REGISTRY=HOST`` for one registry.
        api_hosts: registry's name → host or URL that answers in its place: a mirror, for one. The
            image's credentials go there.
        ca: a file of certificate authorities (PEM) to trust in addition to the system's. Those of
            OpenSSL's environment (``SSL_CERT_FILE``, ``SSL_CERT_DIR``) take the place of the
            system's.
        client_certificates: host → (certificate file, key file), the key file None where the first
            holds both; only that host gets to see it.
        proxy: ``http://HOST:PORT`` or ``https://HOST:PORT``. The environment's proxies are not
            used. A proxy looks names up itself, so that behind one only literal addresses of realms
            can be checked.
        no_proxy: hosts, domains, addresses and networks that are asked without the proxy, as in
            ``NO_PROXY``. `localhost` and loopback addresses always are.
        identity_token: a candidate → its OAuth2 refresh token, or None. The kubelet drops identity
            tokens (rule 9); where the caller has one, it takes the place of user and password at a
            token server.
        platform: ``linux/arm64`` and the like: an index has to have an image for it. It is fetched
            as a whole, which some registries count as a pull.
        trace: called with lines of what is sent and received, all that is secret masked.

    Raises:
        ValueError: A setting is not usable: a file that holds no certificate, a number below 1.
    """

    def __init__(
        self,
        *,
        exhaustive: bool = False,
        timeout: float = 10.0,
        deadline: float = 300.0,
        per_host: int = 4,
        retries: int = 2,
        insecure_registries: Iterable[str] = (),
        allowed_realms: Iterable[str] = (),
        api_hosts: Mapping[str, str] | None = None,
        ca: str | os.PathLike[str] | None = None,
        client_certificates: Mapping[str, tuple[str, str | None]] | None = None,
        proxy: str | None = None,
        no_proxy: Iterable[str] = (),
        identity_token: Callable[[Candidate], Password | str | None] | None = None,
        platform: str | None = None,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        if per_host < 1 or not 0 < timeout < math.inf or not 0 < deadline < math.inf:
            raise ValueError("timeout, deadline and per_host are numbers above 0")
        if not 0 <= retries <= 10:
            raise ValueError("retries is a number from 0 to 10")
        self._limits = Limits(deadline, per_host, exhaustive)
        self._identity_token = identity_token
        self._platform = None if platform is None else Platform.parse(platform)
        self._policy = Policy(insecure_registries, allowed_realms, api_hosts or {})
        self._transport = Transport(
            ca=None if ca is None else os.fspath(ca),
            client_certificates=client_certificates,
            proxy=None if proxy is None else Proxy.parse(proxy, no_proxy),
            per_host=per_host,
        )
        self._sender = Sender(self._transport, timeout, retries, trace)
        self._clients: dict[Registry, RegistryClient] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Prober:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def probe(self, resolution: Resolution | ImageResolution) -> ImageProbe:
        """Try the candidates of one image.

        Args:
            resolution: What `pullsecrets.resolve` gave, or one image of what `Cluster.resolve` did.
        """
        asked = _asked(resolution)
        self._work([asked]).wait()
        return _image(asked)

    def probe_pod(self, cluster: Cluster, pod: Pod) -> PodProbe:
        """Try the candidates of all images of one pod.

        Args:
            cluster: Where its secrets are.
            pod: The pod.
        """
        run = Run(self, [cluster.resolve(pod)])
        run.wait()
        return run.result().pods[0]

    def probe_all(self, cluster: Cluster) -> ClusterProbe:
        """Try the candidates of all images of all pods.

        Args:
            cluster: The pods, and their secrets.
        """
        run = self.start(cluster)
        run.wait()
        return run.result()

    def start(self, *clusters: Cluster) -> Run:
        """Prepare the probe of clusters that can be watched, and ended, while it goes on.

        Args:
            clusters: The pods, and their secrets.
        """
        return Run(self, (answer for each in clusters for answer in each.resolve_all()))

    def _client(self, registry: Registry) -> RegistryClient:
        with self._lock:
            client = self._clients.get(registry)
            if client is None:
                client = RegistryClient(registry, self._policy, self._sender, self._platform)
                self._clients[registry] = client
            return client

    def _work(self, images: Iterable[_Asked]) -> Work:
        """Give each image its job: the same image with the same log-ins has the same one."""
        jobs: dict[tuple[Image, tuple[Login | None, ...]], Job] = {}
        for asked in images:
            resolution = asked.resolution
            if resolution.failure is None and resolution.image is not None:
                logins: list[Login | None] = list(map(self._login, resolution.candidates))
                if self._limits.exhaustive or not logins:
                    logins.append(None)
                key = resolution.image, tuple(logins)
                asked.first = key not in jobs
                asked.job = jobs.setdefault(key, Job(*key))
        return Work(jobs.values(), self._client, self._limits)

    def _login(self, candidate: Candidate) -> Login:
        token = self._identity_token and self._identity_token(candidate)
        if isinstance(token, str):
            token = Password(token)
        credential = candidate.credential
        return Login(credential.username, credential.password, token or None)


@define(eq=False)
class _Asked:
    """An image to ask about: which container has it, what the kubelet would try, who asks.

    The requests were made once: for the first that needed the job.
    """

    container: str
    kind: ContainerKind
    image: ImageText
    resolution: Resolution
    job: Job | None = None
    first: bool = False


def _asked(given: Resolution | ImageResolution) -> _Asked:
    if isinstance(given, ImageResolution):
        where = given.container
        return _Asked(where.name, where.kind, where.image, given.resolution)
    return _Asked("", ContainerKind.CONTAINER, given.written, given)


class Run:
    """One probe while it goes on; made by `Prober.start`."""

    def __init__(self, prober: Prober, pods: Iterable[PodResolution]) -> None:
        self._prober = prober
        self._pods = [(each.pod, list(map(_asked, each.images))) for each in pods]
        self._work = prober._work(asked for _, images in self._pods for asked in images)

    @property
    def total(self) -> int:
        """How many different images, with different log-ins, are to be asked about."""
        return self._work.total

    @property
    def done(self) -> int:
        """How many of them are answered."""
        return self._work.done

    def wait(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the probe, and return when it is over.

        Args:
            progress: Called with `done` and `total`, at the start, when more is answered,
                and a few times each second in between.
        """
        self._work.wait(progress)

    def stop(self) -> None:
        """End the probe at once, and with it the prober; `result` has what is known so far."""
        self._work.stop()
        self._prober._transport.stop()

    def result(self) -> ClusterProbe:
        """What is known so far, pod by pod."""
        pods = tuple(
            PodProbe(pod.namespace, pod.name, pod.kind, tuple(map(_image, images)), **pod.apart)
            for pod, images in self._pods
        )
        return ClusterProbe(pods, complete=self.done == self.total)


def _is_tried(candidate: Candidate | None, resolution: Resolution) -> bool:
    """Whether the kubelet makes an attempt for certain."""
    if candidate is None:
        return resolution.anonymous is True
    return candidate not in resolution.conditional


def _image(asked: _Asked) -> ImageProbe:
    resolution, job = asked.resolution, asked.job
    attempts: list[Attempt] = []
    if job is not None:
        verdicts = [*job.verdicts, *([] if job.done else [NOT_ASKED])]
        for candidate, verdict in zip((*resolution.candidates, None), verdicts, strict=False):
            found = verdict if asked.first else verdict.again()
            attempts.append(
                Attempt(
                    candidate,
                    found.outcome,
                    found.detail,
                    found.requests,
                    found.wait,
                    found.rate_limit,
                    tried_by_kubelet=_is_tried(candidate, resolution),
                )
            )
    return ImageProbe(
        asked.container,
        asked.kind,
        asked.image,
        tuple(attempts),
        resolution.failure,
        resolution.unknown,
    )
