"""Starts a node on loopback: a real kubelet, on a runtime that runs nothing and pulls for real."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from live.building import program
from live.starting import ApiServer
from registries.programs import free_port, serving
from support import go_programs

NAME = "n1"
RUNTIME = Path(__file__).parent / "runtime"
STARTED_WITHIN = 60.0  # seconds


@frozen
class Runtime:
    """The container runtime, which outlives the kubelets that use it.

    Attributes:
        socket: Where a kubelet connects.
        log: Where it writes down each pull.
    """

    socket: Path
    log: Path

    def pulls(self) -> list[dict[str, Any]]:
        """The pulls that it was asked for, in their order."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@contextmanager
def runtime(folder: Path, registry: str) -> Iterator[Runtime]:
    """Run a runtime that asks one registry for all images.

    Args:
        folder: For its socket and log; its path is short, as a socket's has to be.
        registry: Host and port.
    """
    # Kubelets of all releases speak with it: their protocol is the same.
    binary = go_programs.build("runtime", go_programs.NEWEST, sources=RUNTIME)
    found = Runtime(folder / "runtime.sock", folder / "pulls")
    command = [binary, f"-socket={found.socket}", f"-registry={registry}", f"-log={found.log}"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + STARTED_WITHIN
            while not found.socket.exists():
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the runtime did not start")
                time.sleep(0.05)
            yield found
        finally:
            process.terminate()


@frozen
class NodeFiles:
    """What a node's kubelet is given.

    Attributes:
        root: Its directory, which holds its docker config and its records.
        config: Fields of its configuration besides those that it needs to start here.
        providers: The configuration of credential providers, None for none.
        programs: Provider → its program, a shell script.
    """

    root: Path
    config: dict[str, Any]
    providers: dict[str, Any] | None
    programs: dict[str, str]


@contextmanager
def kubelet(
    server: ApiServer, runtime: Runtime, folder: Path, files: NodeFiles, release: str
) -> Iterator[None]:
    """Run a kubelet of a release until the block ends.

    Args:
        server: The API server.
        runtime: The runtime.
        folder: For its logs and the files that it is given.
        files: What it is given.
        release: Of Kubernetes.
    """
    binary = program("kubelet", release)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    programs = folder / "bin"
    programs.mkdir()
    for name, script in files.programs.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o700)
    flags = []
    if files.providers is not None:
        (folder / "providers.json").write_text(json.dumps(files.providers))
        flags = [
            f"--image-credential-provider-config={folder / 'providers.json'}",
            f"--image-credential-provider-bin-dir={programs}",
        ]
    kubeconfig = server.kubeconfig(folder / "kubeconfig")

    def start(port: int) -> list[str]:
        document = {**_base(port, runtime), **files.config}
        (folder / "config.json").write_text(json.dumps(document))
        return [
            str(binary),
            f"--config={folder / 'config.json'}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NAME}",
            f"--root-dir={files.root}",
            f"--cert-dir={folder}",
            *flags,
        ]

    try:
        with serving(start, folder):
            yield
    finally:
        # A kubelet mounts its directory over itself, and leaves it so.
        subprocess.run(["umount", files.root], capture_output=True)


def _base(port: int, runtime: Runtime) -> dict[str, Any]:
    """A configuration with which a kubelet starts on any machine, as fast as it can."""
    return {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "address": "127.0.0.1",
        "port": free_port(),
        "healthzPort": port,
        "readOnlyPort": 0,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "containerRuntimeEndpoint": f"unix://{runtime.socket}",
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "maxPods": 1000,
        "kubeAPIQPS": 500,
        "kubeAPIBurst": 1000,
        "eventRecordQPS": 500,
        "eventBurst": 1000,
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "maxParallelImagePulls": 10,
        "syncFrequency": "10s",
    }
