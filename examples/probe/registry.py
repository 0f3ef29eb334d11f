# Start this first, then: pullsecrets probe examples/probe
"""A registry on localhost:5005 to try `pullsecrets probe` with; it ends by itself.

    python examples/probe/registry.py
    pullsecrets probe examples/probe

It holds one image, team/app:1.0, and knows one user, ann. The manifests beside this file list two
secrets for it: one with a password that was changed since, and one with the right one.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import subprocess
import sys
import time

from pullsecrets.testing import FakeRegistry

PORT = 5005


def serve(seconds: float) -> None:
    """Be the registry until nobody has asked it anything for so long."""
    users = {"ann": "spring-2026"}
    with FakeRegistry("basic", users=users, images=["team/app:1.0"], port=PORT) as registry:
        seen = -1
        while seen != len(registry.requests):
            seen = len(registry.requests)
            time.sleep(seconds)


def status() -> int:
    """What the port answers to somebody who may pull the image; 0 where nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    pair = base64.b64encode(b"ann:spring-2026").decode()
    try:
        connection.request("GET", "/v2/", headers={"Authorization": f"Basic {pair}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=300, help="how long it stays after the last request"
    )
    parser.add_argument("--foreground", action="store_true", help="stay in this terminal")
    options = parser.parse_args()
    if options.foreground:
        serve(options.seconds)
    else:
        command = [sys.executable, __file__, "--foreground", "--seconds", str(options.seconds)]
        if not status():
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        for _ in range(600):  # a minute, for a busy machine
            if status():
                break
            time.sleep(0.1)
        if status() != 200:
            sys.exit(f"there is no registry on localhost:{PORT}; does something else listen there?")
        print(f"localhost:{PORT} holds team/app:1.0 for ann; it stops by itself in a few minutes")
