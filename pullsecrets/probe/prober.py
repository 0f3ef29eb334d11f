"""All images of all pods, asked with few requests: shared answers, registries in parallel."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final

from attrs import define, field

from pullsecrets.images import Image
from pullsecrets.keyring import Candidate, Resolution
from pullsecrets.objects import Pod
from pullsecrets.probe.flow import Login, RegistryClient, Verdict
from pullsecrets.probe.outcomes import Attempt, ClusterProbe, ImageProbe, Outcome, PodProbe
from pullsecrets.probe.policy import Policy
from pullsecrets.probe.transport import Transport
from pullsecrets.registries import Registry
from pullsecrets.cluster import Cluster, ImageResolution
from pullsecrets.secrecy import Password

__all__ = ["Prober", "Run"]

_MAX_THREADS: Final = 32

_INTERRUPTED: Final = Verdict(Outcome.UNREACHABLE, "not asked: the probe was ended before")
_TOO_LATE: Final = Verdict(Outcome.UNREACHABLE, "not asked: the probe's time was over")


class Prober:
    """Tries candidates against their registries, as the kubelet would.

    It is safe to use from several threads, remembers what it learned (a new one asks anew) and
    keeps connections open: close it, or use it in a ``with`` statement.

    Args:
        exhaustive: try all candidates, not only up to the first success, and anonymously besides.
        timeout: seconds for each request, the look-up of the name included.
        deadline: seconds for one call of `probe`, `probe_pod` or `probe_all`; what was not asked by
            then is ``unreachable``.
        per_host: how many requests one host gets at a time.
        insecure_registries: hosts, with or without a port, that are asked over plain http.
            `localhost` always is; where it speaks https instead, it is asked so.
        allowed_realms: hosts that may be given credentials as a registry's token server although
            they are on another site, or on a private address.
        api_hosts: registry's name → host or URL that answers in its place: a mirror, for one. The
            image's credentials go there.
        ca: a file of certificate authorities (PEM) to trust besides the system's.
        client_certificates: host → (certificate file, key file); only that host gets to see it.
        proxy: ``http://host:port``. The environment's proxies are not used. A proxy looks names up
            itself, so that behind one only literal addresses of realms can be checked.
        identity_token: a candidate → its OAuth2 refresh token, or None. The kubelet drops identity
            tokens (rule 9); where the caller has one, it takes the place of user and password at a
            token server.

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
        insecure_registries: Iterable[str] = (),
        allowed_realms: Iterable[str] = (),
        api_hosts: Mapping[str, str] | None = None,
        ca: str | os.PathLike[str] | None = None,
        client_certificates: Mapping[str, tuple[str, str]] | None = None,
        proxy: str | None = None,
        identity_token: Callable[[Candidate], Password | str | None] | None = None,
    ) -> None:
        if per_host < 1 or not 0 < timeout < math.inf or not 0 < deadline < math.inf:
            raise ValueError("timeout, deadline and per_host are numbers above 0")
        self.exhaustive = exhaustive
        self._timeout = timeout
        self._deadline = deadline
        self._per_host = per_host
        self._identity_token = identity_token
        self._policy = Policy(insecure_registries, allowed_realms, api_hosts or {})
        self._transport = Transport(
            ca=None if ca is None else os.fspath(ca),
            client_certificates=client_certificates,
            proxy=proxy,
            per_host=per_host,
        )
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
            resolution: what `pullsecrets.resolve` or `Cluster.resolve` gave.
        """
        run = Run(self, (), [_described(resolution)])
        run.wait()
        return run.images()[0]

    def probe_pod(self, cluster: Cluster, pod: Pod) -> PodProbe:
        """Try the candidates of all images of one pod.

        Args:
            cluster: where its secrets are.
            pod: the pod.
        """
        run = Run(self, [pod], list(map(_described, cluster.resolve(pod))))
        run.wait()
        return run.result().pods[0]

    def probe_all(self, cluster: Cluster) -> ClusterProbe:
        """Try the candidates of all images of all pods.

        Args:
            cluster: the pods, and their secrets.
        """
        run = self.start(cluster)
        run.wait()
        return run.result()

    def start(
        self, cluster: Cluster, select: Callable[[ImageResolution], bool] | None = None
    ) -> Run:
        """Prepare the probe of a cluster that can be watched, and ended, while it goes on.

        Args:
            cluster: the pods, and their secrets.
            select: which images to ask about; the others are left out of the answer.
        """
        chosen = [r for r in cluster.resolve_all() if select is None or select(r)]
        return Run(self, cluster.pods, list(map(_described, chosen)))

    def _client(self, registry: Registry) -> RegistryClient:
        with self._lock:
            client = self._clients.get(registry)
            if client is None:
                client = RegistryClient(registry, self._policy, self._transport, self._timeout)
                self._clients[registry] = client
            return client

    def _login(self, candidate: Candidate) -> Login:
        token = self._identity_token and self._identity_token(candidate)
        if isinstance(token, str):
            token = Password(token)
        credential = candidate.credential
        return Login(credential.username, credential.password, token or None)


@define(eq=False)
class _Described:
    """An image to ask about: where it stands, what the kubelet would try, the job that asks.

    The requests were made once: for the first that needed the job.
    """

    pod: Pod | None
    container: str
    kind: str
    image: str
    resolution: Resolution
    job: _Job | None = None
    first: bool = False


def _described(given: Resolution | ImageResolution) -> _Described:
    if isinstance(given, ImageResolution):
        return _Described(given.pod, given.container, given.kind, given.written, given.resolution)
    image = given.image
    return _Described(
        None, "", "container", image.familiar if isinstance(image, Image) else image, given
    )


@define(eq=False)
class _Job:
    """One image with one list of log-ins: asked once, however many pods have it.

    Attributes:
        image: what to ask for.
        logins: in the kubelet's order; None is anonymous.
        verdicts: of the log-ins that were tried so far.
        done: whether no more will come.
    """

    image: Image
    logins: Sequence[Login | None]
    verdicts: list[Verdict] = field(factory=list)
    done: bool = False


class Run:
    """One probe while it goes on; made by `Prober.start`.

    Attributes:
        total: how many different images, with different log-ins, are to be asked about.
        done: how many of them are answered.
    """

    def __init__(self, prober: Prober, pods: Sequence[Pod], images: Sequence[_Described]) -> None:
        self._prober = prober
        self._pods = pods
        self._images = images
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._active: dict[Registry, int] = {}
        self._deadline = 0.0
        jobs: dict[tuple[Image, tuple[Login | None, ...]], _Job] = {}
        for described in images:
            resolution = described.resolution
            if resolution.failure is None and isinstance(resolution.image, Image):
                logins: list[Login | None] = list(map(prober._login, resolution.candidates))
                if prober.exhaustive or not logins:
                    logins.append(None)
                key = resolution.image, tuple(logins)
                described.first = key not in jobs
                described.job = jobs.setdefault(key, _Job(*key))
        self.total: int = len(jobs)
        self.done: int = 0
        self._waiting: dict[Registry, deque[_Job]] = {}
        for job in jobs.values():
            self._waiting.setdefault(job.image.registry, deque()).append(job)

    def wait(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the probe, and return when it is over.

        Args:
            progress: called with `done` and `total`, at the start and when more is answered.
        """
        self._deadline = time.monotonic() + self._prober._deadline
        per_host = self._prober._per_host
        wanted = sum(min(per_host, len(jobs)) for jobs in self._waiting.values())
        # Daemons, so that whoever is interrupted here need not wait for a slow server.
        threads = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(wanted, _MAX_THREADS))
        ]
        for thread in threads:
            thread.start()
        try:
            with self._changed:
                while self.done < self.total and self._error is None:
                    if progress is not None:
                        progress(self.done, self.total)
                    self._changed.wait()
        except BaseException:
            self._take_back()
            raise
        if self._error is not None:
            raise self._error
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        """End the probe at once, and with it the prober; `result` has what is known so far."""
        self._ended = True
        self._prober._transport.stop()
        self._take_back()

    def _take_back(self) -> None:
        """Let no more jobs begin."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def images(self) -> tuple[ImageProbe, ...]:
        """What is known so far, image by image."""
        return tuple(map(self._image, self._images))

    def result(self) -> ClusterProbe:
        """What is known so far, pod by pod."""
        found: dict[int, list[ImageProbe]] = {id(pod): [] for pod in self._pods}
        for described, image in zip(self._images, self.images(), strict=True):
            found[id(described.pod)].append(image)
        pods = [
            PodProbe(pod.namespace, pod.name, pod.kind, tuple(found[id(pod)])) for pod in self._pods
        ]
        return ClusterProbe(tuple(pods), complete=self.done == self.total)

    def _image(self, described: _Described) -> ImageProbe:
        resolution, job = described.resolution, described.job
        attempts: list[Attempt] = []
        if job is not None:
            verdicts = [*job.verdicts, *([] if job.done else [_INTERRUPTED])]
            for candidate, verdict in zip((*resolution.candidates, None), verdicts, strict=False):
                found = verdict if described.first else verdict.again()
                attempts.append(
                    Attempt(
                        candidate,
                        found.outcome,
                        found.detail,
                        found.requests,
                        found.wait,
                        found.rate_limit,
                        beside=candidate is None and bool(resolution.candidates),
                    )
                )
        return ImageProbe(
            described.container,
            described.kind,
            described.image,
            tuple(attempts),
            resolution.failure,
        )

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._ask(job)
            except BaseException as error:  # noqa: BLE001  # raised again by `wait`
                self._error = error
                self._take_back()
            finally:
                with self._changed:
                    self._active[job.image.registry] -= 1
                    self.done += job.done
                    self._changed.notify_all()

    def _next(self) -> _Job | None:
        """Take a job of a registry that is not busy; None when there are no more."""
        with self._changed:
            while True:
                for registry, jobs in self._waiting.items():
                    if jobs and self._active.get(registry, 0) < self._prober._per_host:
                        self._active[registry] = self._active.get(registry, 0) + 1
                        return jobs.popleft()
                if not any(self._waiting.values()):
                    return None
                self._changed.wait()

    def _ask(self, job: _Job) -> None:
        client = self._prober._client(job.image.registry)
        for login in job.logins:
            if time.monotonic() >= self._deadline:
                verdict = _TOO_LATE
            else:
                verdict = client.ask(job.image, login, self._deadline)
            if self._ended:
                return  # what it says comes from the end itself
            job.verdicts.append(verdict)
            if verdict.outcome is Outcome.PULLABLE and not self._prober.exhaustive:
                break
        job.done = True
