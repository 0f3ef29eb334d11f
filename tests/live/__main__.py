"""Put drawn pods through a real cluster, and compare: `nox -s cluster -- --release 1.37`.

Starts etcd, an API server and a kubelet of that release on loopback, and a runtime that pulls from
a registry. Compared with what pullsecrets says are the lists that admission stored, the order in
which credentials are used, STATUS and events, whether `probe` is right about what starts; and then,
with the kubelet started again and the images on the node, its pulls and its records. Exits with 1
if anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from live import comparing, drawing
from live.comparing import Seen
from live.node import NodeFiles, Runtime, kubelet, runtime
from live.registry import registry
from live.starting import Refused, api_server, path_of
from pullsecrets import Cluster, DockerConfig, Image, InvalidImage
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.images import NodeImage, NodeImages
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.record_files import file_name
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Release
from pullsecrets.objects import Container, ContainerKind, Pod
from pullsecrets.on_node import ContainerDecision, NodeState, decide_pod
from pullsecrets.probe import Prober
from pullsecrets.resolution import SourceKind
from referee.__main__ import DOCS, add
from support.go_programs import NEWEST, PATCHES, CannotBuild

REPORT = DOCS / "referee-cluster.csv"
SETTLED_WITHIN = 300.0  # seconds, for all pods that are created at a time
QUIET_FOR = 5  # seconds
GATE = {"featureGates": {"KubeletEnsureSecretPulledImages": True}}
KINDS = {ContainerKind.INIT: "init containers", ContainerKind.VOLUME: "image volumes"}
POLICIES = ("NeverVerifyPreloadedImages", "AlwaysVerify")
"""Those that the kubelet is started again with, one after the other."""


class Comparison:
    """A cluster of one release, and what was counted in it."""

    def __init__(self, release: str, seed: int, folder: Path) -> None:
        self.release = release
        self.random = Random(seed)
        self.folder = folder
        self.counted: Counter[str] = Counter()
        self.different: list[str] = []
        r = self.random
        self.world = drawing.world(r)
        self.config = drawing.node_config(r)
        self.providers, self.answers = drawing.providers(r, Release.parse(release))
        self.root = folder / "kubelet"
        self.root.mkdir()
        (self.root / "config.json").write_bytes(self.config)
        self._numbers = iter(range(1_000_000))

    def run(self, pods: int, again: int) -> None:
        """Compare that many pods that pull, and then that many whose images may be there."""
        with ExitStack() as stack:
            self.registry = stack.enter_context(registry())
            (self.folder / "api").mkdir()
            self.server = stack.enter_context(api_server(self.folder / "api", release=self.release))
            self.runtime: Runtime = stack.enter_context(runtime(self.folder, self.registry))
            namespaces = [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                for name in drawing.NAMESPACES
            ]
            self.server.create(*namespaces, *self.world)
            with self._kubelet(GATE):
                self._compare_pulls([self._drawn(n) for n in self._take(pods)])
            for policy in POLICIES:
                config = {**GATE, "imagePullCredentialsVerificationPolicy": policy}
                records = PullRecords.load(self.root)
                with self._kubelet(config):
                    self._compare_decisions(again // len(POLICIES), config, records)

    def _drawn(self, number: int, policy: str = "Always") -> dict[str, Any]:
        return drawing.pod(self.random, number, Release.parse(self.release), policy)

    def _take(self, count: int) -> list[int]:
        return [next(self._numbers) for _ in range(count)]

    def _kubelet(self, config: dict[str, Any]) -> Any:
        programs = {}
        for name, answer in self.answers.items():
            said = self.folder / f"{name}.json"
            said.write_bytes(answer)
            programs[name] = f"#!/bin/sh\ncat >/dev/null\ncat '{said}'\n"
        files = NodeFiles(self.root, config, self.providers, programs)
        return kubelet(self.server, self.runtime, self.folder / "node", files, self.release)

    def _cluster(self, pods: Iterable[dict[str, Any]], config: dict[str, Any]) -> Cluster:
        """The cluster as pullsecrets sees it: objects with their UIDs, and the pods as given."""
        node = Node(
            self.release,
            DockerConfig.from_json(self.config),
            Providers.from_config(self.providers, kubernetes=self.release),
            {name: ProviderAnswer.from_stdout(said) for name, said in self.answers.items()},
        )
        document = {"kind": "KubeletConfiguration", **config}
        verification = Verification.from_kubelet_config(document, node.kubernetes)
        node = Node(node.kubernetes, node.docker_config, node.providers, node.answers, verification)
        stored = [
            {"apiVersion": "v1", "kind": kind, **item}
            for kind, path in (("Secret", "secrets"), ("ServiceAccount", "serviceaccounts"))
            for item in self.server.ask("GET", f"/api/v1/{path}")["items"]
        ]
        return Cluster.from_objects(*stored, *pods, node=node)

    def _create(self, manifests: Iterable[dict[str, Any]]) -> set[str]:
        """Create pods; the names of those that the API server refused."""
        refused = set()
        for manifest in manifests:
            try:
                self.server.create(manifest)
            except Refused as error:
                if error.status != 403:
                    raise
                refused.add(manifest["metadata"]["name"])
        return refused

    def _watch(self, names: set[str], refused: set[str]) -> dict[str, Seen]:
        """What becomes of the pods, once all of them have settled or the time is over.

        Without what is only in the events yet.
        """
        until = time.monotonic() + SETTLED_WITHIN
        seen = self._look(names, refused)
        while not all(each.is_settled for each in seen.values()) and time.monotonic() < until:
            time.sleep(1)
            seen = self._look(names, refused)
        return seen

    def _watch_events(self, names: set[str], refused: set[str]) -> dict[str, Seen]:
        """What becomes of the pods, once no event has come for a while either."""
        until = time.monotonic() + SETTLED_WITHIN
        seen = self._watch(names, refused)
        # Events come after the status, through a queue: it is empty once nothing new has come.
        quiet = 0
        while quiet < QUIET_FOR and time.monotonic() < until:
            time.sleep(1)
            before, seen = seen, self._look(names, refused)
            same = all(seen[name].events == before[name].events for name in names)
            quiet = quiet + 1 if same and any(each.events for each in seen.values()) else 0
        return seen

    def _look(self, names: set[str], refused: set[str]) -> dict[str, Seen]:
        items = self.server.ask("GET", "/api/v1/pods")["items"]
        stored = {item["metadata"]["name"]: item for item in items}
        events: dict[str, set[str]] = {}
        for event in self.server.ask("GET", "/api/v1/events")["items"]:
            events.setdefault(event["involvedObject"]["name"], set()).add(event["reason"])
        pulls: dict[str, list[Any]] = {}
        for pull in self.runtime.pulls():
            pulls.setdefault(pull["pod"], []).append(pull)
        return {
            name: Seen(
                None if name in refused else stored[name],
                pulls.get(name, []),
                frozenset(events.get(name, ())),
            )
            for name in names
        }

    def _delete(self, names: Iterable[str], manifests: Iterable[dict[str, Any]]) -> None:
        there = {m["metadata"]["name"]: m for m in manifests}
        for name in names:
            self.server.ask("DELETE", f"{path_of(there[name])}/{name}", {"gracePeriodSeconds": 0})

    def _count(self, container: Container) -> None:
        self.counted[KINDS.get(container.kind, "containers")] += 1

    def _differs(self, pod: Pod, words: str) -> None:
        self.different.append(f"{self.release} {pod.namespace}/{pod.name} {words}")

    def _compare_pulls(self, manifests: list[dict[str, Any]]) -> None:
        refused = self._create(manifests)
        names = {manifest["metadata"]["name"] for manifest in manifests}
        seen = self._watch_events(names, refused)
        cluster = self._cluster(manifests, GATE)
        hosts = {"docker.io": f"http://{self.registry}"}
        hosts |= dict.fromkeys(set(drawing.HOSTS), f"http://{self.registry}")
        with Prober(api_hosts=hosts, allowed_realms=[self.registry]) as prober:
            for answer in cluster.resolve_all():
                found = seen[answer.pod.name]
                self.counted["pods"] += 1
                self.counted["refused"] += found.stored is None
                for words in comparing.differences(answer, found):
                    self._differs(answer.pod, words)
                if found.stored is None:
                    continue
                for each in comparing.reached(answer.images, comparing.starts):
                    self.counted["images"] += 1
                    self._count(each.container)
                    logins = found.logins(each.resolution.written.reveal())
                    self.counted["pulls"] += len(logins)
                    used = each.resolution.candidates[: len(logins)]
                    self.counted.update({f"of {candidate.source.kind}" for candidate in used})
                    self.counted["of account"] += any(found.account for found in used)
                    verdict = prober.probe(each).starts
                    runs = found.has(each)
                    self.counted["probed"] += 1
                    if verdict is not runs:
                        image = each.resolution.written.reveal()
                        self._differs(answer.pod, f"probe: {image}: starts {verdict}")
        self._delete(names - refused, manifests)

    def _compare_decisions(self, count: int, config: dict[str, Any], records: PullRecords) -> None:
        """Pods whose images may be there, as many at a time as have images of their own."""
        release = self._cluster([], config).node.kubernetes
        records = records.at_start(self._images(), release, comparing.AT)
        drawn = [
            self._drawn(n, self.random.choice(("IfNotPresent",) * 4 + ("Never",)))
            for n in self._take(count)
        ]
        while drawn:
            batch = list(_apart(drawn))
            drawn = [manifest for manifest in drawn if manifest not in batch]
            records = self._compare_batch(batch, config, records)

    def _compare_batch(
        self, manifests: list[dict[str, Any]], config: dict[str, Any], records: PullRecords
    ) -> PullRecords:
        state = NodeState(NodeImages(self._images()), records)
        refused = self._create(manifests)
        names = {manifest["metadata"]["name"] for manifest in manifests}
        seen = self._watch(names, refused)
        self._delete(names - refused, manifests)
        cluster = self._cluster(manifests, config)
        ids = {image: pull["id"] for pull in self.runtime.pulls() for image in _ways(pull["image"])}
        undefined = set()

        def id_of(each: ContainerDecision) -> str:
            return ids.get(each.container.image.reveal(), "")

        def pull_of(each: ContainerDecision) -> Pull | None:
            return comparing.pull_of(each, id_of(each))

        for pod in cluster.pods:
            self.counted["pods"] += 1
            found = seen[pod.name]
            answer = cluster.resolve(pod)
            words = comparing.admission_differs(answer, found)
            if words is not None:
                self._differs(pod, words)
            if found.stored is None:
                self.counted["refused"] += 1
                continue
            decisions = decide_pod(cluster, pod, state)
            came_to = comparing.reached(
                decisions, lambda each: comparing.is_there(each, pull_of(each))
            )
            for each, resolved in zip(decisions, answer.images, strict=True):
                if each in came_to:
                    self.counted["decisions"] += 1
                    self._count(each.container)
                    pull = pull_of(each)
                    if not comparing.has_an_order(resolved):
                        undefined.add(file_name(id_of(each)))
                    words = comparing.decision_differs(each, pull, found)
                    records = comparing.records_after(records, each, pull, cluster)
                else:
                    words = comparing.unreached_differs(each, found)
                if words is not None:
                    self._differs(pod, words)
        there = PullRecords.load(self.root)
        said, found_ = comparing.as_documents(records), comparing.as_documents(there)
        compared = (said.keys() | found_.keys()) - undefined
        self.counted["records"] += len(compared)
        for name in compared:
            if said.get(name) != found_.get(name):
                self.different.append(
                    f"{self.release} record {json.dumps(found_.get(name))}, "
                    f"said {json.dumps(said.get(name))}"
                )
        return there

    def _images(self) -> list[NodeImage]:
        """The images that the runtime has."""
        found = {}
        for pull in self.runtime.pulls():
            if pull["works"]:
                image = Image.parse(pull["image"])
                found[pull["id"]] = NodeImage(pull["id"], (f"{image.name}:{image.tag}",))
        return list(found.values())

    def row(self, seed: int, seconds: float) -> dict[str, str]:
        """The run as the report has it."""
        kinds = (*(f"of {kind}" for kind in SourceKind), "of account")
        counts = ("pods", "refused", *KINDS.values(), "images", "pulls", *kinds)
        counts += ("probed", "decisions", "records")
        return {
            "release": PATCHES[self.release],
            "on": datetime.now(UTC).date().isoformat(),
            "seed": str(seed),
            **{name: f"{self.counted[name]:,}" for name in counts},
            "seconds": f"{seconds:.0f}",
            "not explained": f"{len(self.different):,}",
        }


def _ways(image: str) -> tuple[str, ...]:
    """How a pod may have written an image that the runtime was asked for."""
    return image, image.removesuffix(":latest")


def _apart(manifests: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pods of which no two have an image in common: the order of their pulls does not matter."""
    taken: set[str] = set()
    for manifest in manifests:
        images = {_identity(image) for image in drawing.images_of(manifest)}
        if not images & taken:
            taken |= images
            yield manifest


def _identity(written: str) -> str:
    try:
        image = Image.parse(written)
    except InvalidImage:
        return written
    return f"{image.name}:{image.tag or 'latest'}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="cluster", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--release", action="append", choices=PATCHES, help=f"of Kubernetes (default: {NEWEST})"
    )
    parser.add_argument("--pods", type=int, default=260, help="that pull (%(default)s)")
    parser.add_argument(
        "--again", type=int, default=80, help="whose images may be there (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (%(default)s)")
    parser.add_argument("--report", type=Path, default=REPORT, help="a CSV file to be written")
    options = parser.parse_args(arguments)
    different = False
    for release in options.release or [NEWEST]:
        began = time.monotonic()
        # A short path: that of a Unix socket is limited.
        with tempfile.TemporaryDirectory(prefix="ps-", ignore_cleanup_errors=True) as folder:
            comparison = Comparison(release, options.seed, Path(folder))
            try:
                comparison.run(options.pods, options.again)
            except CannotBuild as error:
                parser.exit(2, f"cluster: {error}\n")
        sys.stdout.writelines(f"{line}\n" for line in comparison.different)
        row = comparison.row(options.seed, time.monotonic() - began)
        sys.stdout.write(", ".join(f"{name} {value}" for name, value in row.items()) + "\n")
        sys.stdout.flush()
        add([row], options.report)
        different = different or bool(comparison.different)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
