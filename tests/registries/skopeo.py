"""skopeo, as a second opinion on whether a credential can pull an image."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from .programs import program


def skopeo_can_pull(
    image: str, user: str | None, password: str = "", *, ca: Path | None = None
) -> bool:
    """Whether `skopeo inspect` gets the manifest.

    Args:
        image: with its registry.
        user: None to ask anonymously.
        password: the user's.
        ca: the authority to trust; without one, plain http is allowed.
    """
    command = [program("skopeo"), "inspect", "--raw"]
    command += ["--no-creds"] if user is None else ["--creds", f"{user}:{password}"]
    with tempfile.TemporaryDirectory() as empty:
        if ca is None:
            command.append("--tls-verify=false")
        else:
            (Path(empty) / "ca.crt").write_bytes(ca.read_bytes())
            command += ["--cert-dir", empty]
        done = subprocess.run(
            [*command, f"docker://{image}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            # No auth file and no proxy of this machine's: only what stands in the command.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": empty,
                "XDG_RUNTIME_DIR": empty,
            },
        )
    return done.returncode == 0
