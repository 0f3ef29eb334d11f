"""Other addresses than loopback, in a network namespace of the test's own: nothing leaves it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PUBLIC, METADATA = "8.8.8.8", "169.254.169.254"


def in_a_namespace(script: str) -> dict[str, object]:
    """Run a script where this machine has both addresses and no way to any other."""
    setup = " && ".join(
        ["ip link set lo up", *(f"ip addr add {a}/32 dev lo" for a in (PUBLIC, METADATA))]
    )
    command = f'{setup} && exec {sys.executable} -c "$SCRIPT"'
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-c", command],
        env={
            "SCRIPT": script,
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": str(HERE.parent),
        },
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _possible() -> bool:
    if not shutil.which("unshare") or not shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin:/bin"):
        return False
    probe = ["unshare", "--map-root-user", "--net", "true"]
    return subprocess.run(probe, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(
    not _possible(), reason="needs Linux, iproute2, and user namespaces"
)

SCRIPT = f"""
import json, sys
from probing import MANIFEST_HEAD, Scripted, challenge, reply, resolution, token_reply
from pullsecrets import resolve
from pullsecrets.probe import Prober

HERE, METADATA = {PUBLIC!r}, {METADATA!r}
way = {{}}

def answer(request):
    if request.target == "/v2/":
        return way["ping"]()
    return way["head"](request)

with (
    Scripted(answer, address=HERE).running() as registry,
    Scripted(lambda request: token_reply(), address=METADATA).running() as metadata,
    Scripted(lambda request: token_reply(), address=HERE).running() as neighbour,
):
    name = f"{{HERE}}:{{registry.port}}"
    evil = f"http://{{METADATA}}:{{metadata.port}}"
    near = f"http://{{HERE}}:{{neighbour.port}}"
    manifest = lambda request: MANIFEST_HEAD if request.authorization else reply(401)
    ways = {{
        "realm": (lambda: challenge(f"{{evil}}/token"), manifest),
        "redirect": (lambda: reply(200), lambda request: reply(307, ("Location", evil))),
        "near": (lambda: challenge(f"{{near}}/token"), manifest),
    }}
    found = {{}}
    for what, (ping, head) in ways.items():
        way.update(ping=ping, head=head)
        for who, image in (
            ("anonymous", resolve(f"{{name}}/a", [])),
            ("ann", resolution(f"{{name}}/a", ("ann", "x"))),
        ):
            with Prober(insecure_registries=[HERE, METADATA], retries=0) as prober:
                (attempt,) = prober.probe(image).attempts
            found[f"{{what}} {{who}}"] = [str(attempt.outcome), attempt.detail]
    found["metadata"] = len(metadata.raw)
print(json.dumps(found))
"""


def test_a_public_registry_sends_nobody_to_a_private_address() -> None:
    """Neither as a realm nor as a redirect, also not an attempt that has no credential."""
    found = in_a_namespace(SCRIPT)
    outcomes = {what: result[0] for what, result in found.items() if isinstance(result, list)}
    assert outcomes == {
        "realm anonymous": "refused",
        "realm ann": "refused",
        "redirect anonymous": "refused",
        "redirect ann": "refused",
        # The same address on another port is the registry's own.
        "near anonymous": "pullable",
        "near ann": "pullable",
    }
    assert "which is not public while the registry is" in str(found["realm anonymous"])
    assert found["metadata"] == 0
