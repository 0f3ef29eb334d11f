"""Made-up secrets, images and clusters, the same ones on each run."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

CREATED = "2026-01-15T08:30:00Z"


def auth(number: int) -> str:
    return b64encode(f"robot-{number}:password-{number:08d}".encode()).decode()


def docker_config(entries: int, per_host: int = 100) -> bytes:
    """A docker config as `docker login` writes it, with up to 100 paths for each host."""
    auths = {
        f"https://{host_and_team(number, per_host)}": {"auth": auth(number)}
        for number in range(entries)
    }
    return json.dumps({"auths": auths}).encode()


def host_and_team(number: int, per_host: int = 100) -> str:
    return f"registry-{number // per_host}.example.com/team-{number % per_host:05}"


def images(entries: int, count: int, per_host: int = 100) -> list[str]:
    """Images that such a config has a credential for."""
    pick = random.Random(count)
    return [
        f"{host_and_team(pick.randrange(entries), per_host)}/app-{number}:1.{number}"
        for number in range(count)
    ]


def secret(name: str, namespace: str, config: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "uid": f"{namespace}-{name}"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": b64encode(config).decode()},
    }


def cluster(
    pods: int = 100_000,
    *,
    per_pod: int = 3,
    distinct: int = 5_000,
    namespaces: int = 500,
    secrets: int = 2_000,
    replicas: int = 10,
    seed: int = 1,
) -> Iterator[dict[str, Any]]:
    """The objects of a cluster, as `kubectl get --output json` lists them.

    Each namespace has its share of the secrets, some of them without a use, and a default service
    account that lists two of them. Pods come as replicas of workloads, which have images drawn
    from all of the distinct ones, and a list of none to all of their namespace's secrets.

    With one replica hardly an image is asked for twice with the same secrets: the worst case.
    """
    pick = random.Random(seed)
    catalogue = [
        f"{host_and_team(number % 400)}/app-{number}:v{number % 7}.{number % 11}"
        for number in range(distinct)
    ]
    share = max(secrets // namespaces, 1)
    for namespace in (f"namespace-{number}" for number in range(namespaces)):
        names = [f"registry-{number}" for number in range(share)]
        for name in names:
            entries = {
                host_and_team(pick.randrange(400)).partition("/")[0]: {"auth": auth(at)}
                for at in range(pick.randrange(1, 4))
            }
            config = json.dumps({"auths": entries}).encode()
            yield secret(name, namespace, config)
        yield {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace, "uid": namespace},
            "imagePullSecrets": [{"name": name} for name in names[:2]],
        }
    for number in range(pods):
        workload = number // replicas
        pick = random.Random(workload)
        used = [pick.choice(catalogue) for _ in range(per_pod)]
        yield pod(number, f"namespace-{workload % namespaces}", used, pick.randrange(share))


def pod(number: int, namespace: str, used: list[str], secrets: int) -> dict[str, Any]:
    """A pod as a cluster stores it: about 4 kB of JSON."""
    workload = number // 10
    name = f"app-{workload}-{workload:08x}-x{number % 10}"
    ready = [
        {"lastProbeTime": None, "lastTransitionTime": CREATED, "status": "True", "type": kind}
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": {"checksum/config": f"c{number:063x}"},
            "creationTimestamp": CREATED,
            "generateName": name[:-2],
            "labels": {
                "app.kubernetes.io/name": f"app-{number // 10}",
                "app.kubernetes.io/instance": name,
                "pod-template-hash": f"{number // 10:08x}",
            },
            "name": name,
            "namespace": namespace,
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "blockOwnerDeletion": True,
                    "controller": True,
                    "kind": "ReplicaSet",
                    "name": name[:-3],
                    "uid": str(UUID(int=number // 10)),
                }
            ],
            "resourceVersion": str(number),
            "uid": str(UUID(int=number)),
        },
        "spec": {
            "containers": [
                container(f"container-{at}", image, number) for at, image in enumerate(used)
            ],
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": True,
            "imagePullSecrets": [{"name": f"registry-{at}"} for at in range(secrets)],
            "nodeName": f"node-{number % 1000}",
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {"runAsNonRoot": True},
            "serviceAccount": "default",
            "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300}
                for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
            ],
            "volumes": [{"configMap": {"defaultMode": 420, "name": "config"}, "name": "config"}],
        },
        "status": {
            "conditions": ready,
            "hostIP": "10.0.0.1",
            "phase": "Running",
            "podIP": "10.1.0.1",
            "qosClass": "Burstable",
            "startTime": CREATED,
        },
    }


def written(objects: Iterable[dict[str, Any]], file: Path) -> None:
    """Write a file as ``kubectl get pods,secrets,serviceaccounts -A -o json`` does: 18 kB a pod.

    Without ``managedFields``, which kubectl leaves out unless it is asked for them.
    """
    with file.open("w") as stream:
        stream.write('{\n    "apiVersion": "v1",\n    "items": [')
        comma = ""
        for each in objects:
            whole = _as_stored(each) if each["kind"] == "Pod" else each
            text = json.dumps(whole, indent=4, sort_keys=True).replace("\n", "\n" + " " * 8)
            stream.write(f"{comma}\n        {text}")
            comma = ","
        end = {"kind": "List", "metadata": {"resourceVersion": ""}}
        stream.write("\n    ],\n" + json.dumps(end, indent=4).removeprefix("{\n") + "\n")


def _as_stored(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod with what admission, the scheduler and the kubelet add to each."""
    spec, token = pod["spec"], "kube-api-access-x7k2p"
    mount = {
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "name": token,
        "readOnly": True,
    }
    containers = [
        {
            **each,
            "terminationMessagePolicy": "File",
            "volumeMounts": [*each["volumeMounts"], mount],
        }
        for each in spec["containers"]
    ]
    root = {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca"}}
    sources = [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}, root]
    volume = {"name": token, "projected": {"defaultMode": 420, "sources": sources}}
    statuses = [
        {
            "containerID": f"containerd://{number:064x}",
            "image": each["image"],
            "imageID": f"{each['image'].rpartition(':')[0]}@sha256:{number:064x}",
            "lastState": {},
            "name": each["name"],
            "ready": True,
            "resources": each["resources"],
            "restartCount": 0,
            "started": True,
            "state": {"running": {"startedAt": CREATED}},
            "volumeMounts": each["volumeMounts"],
        }
        for number, each in enumerate(containers)
    ]
    return {
        **pod,
        "spec": {**spec, "containers": containers, "volumes": [*spec["volumes"], volume]},
        "status": {
            **pod["status"],
            "containerStatuses": statuses,
            "hostIPs": [{"ip": "10.0.0.1"}],
            "observedGeneration": 1,
            "podIPs": [{"ip": "10.1.0.1"}],
        },
    }


def container(name: str, image: str, number: int) -> dict[str, Any]:
    return {
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "livenessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
            "periodSeconds": 10,
        },
        "name": name,
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}},
        "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": [{"mountPath": f"/etc/config/{number}", "name": "config"}],
    }
