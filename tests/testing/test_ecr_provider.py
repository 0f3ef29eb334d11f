"""What AWS's `ecr-credential-provider` says: recorded without a cloud, and read as a kubelet does.

The answers in `tests/data/ecr/answers.json` are those of the program of cloud-provider-aws 1.37.1.
Where PULLSECRETS_ECR_PROVIDER names such a program, it is run against a made-up AWS on loopback,
and has to say the same. To build it (its module has replace directives, so `go install` does not)::

    go mod download k8s.io/cloud-provider-aws@v1.37.1
    cp -r "$(go env GOMODCACHE)/k8s.io/cloud-provider-aws@v1.37.1" ecr && cd ecr
    go build -buildvcs=false -o ../ecr-credential-provider ./cmd/ecr-credential-provider
"""

import base64
import json
import os
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pullsecrets.node.answers import CacheKeyType, ProviderAnswer
from pullsecrets.node.decoding import FaultCode
from pullsecrets.node.plugins import Provider
from pullsecrets.node.versions import RELEASES
from pullsecrets.testing.providers import run_credential_provider

RECORDED = json.loads(Path(__file__).parents[1].joinpath("data/ecr/answers.json").read_text())
ASKED = Provider("ecr-credential-provider", ("*.dkr.ecr.*.amazonaws.com", "public.ecr.aws"))
PROGRAM = os.environ.get("PULLSECRETS_ECR_PROVIDER")
HOURS = 12  # that a token is good for


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["about"])
@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_its_answers_are_read_in_each_release(recorded, release):
    answer = ProviderAnswer.from_stdout(recorded["stdout"], recorded["exit_status"])
    read = answer.read(ASKED, release)
    if recorded["exit_status"]:
        assert [fault.code for fault in read] == [FaultCode.EXIT_STATUS]
        return
    # Fact D26: the registry's host, and half of what is left of the token.
    image = recorded["image"].partition(":")[0]
    (credential,) = read.serving(image)
    assert (credential.username, credential.password.reveal()) == ("AWS", "made-up")
    assert read.cache_key_type is CacheKeyType.REGISTRY
    assert read.cache_duration == timedelta(hours=HOURS / 2)
    assert [entry.reveal() for entry in read.auths] == [image.partition("/")[0]]


class MadeUpAWS(BaseHTTPRequestHandler):
    """Gives a token to whoever asks, as ECR and the public ECR do."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        token = {
            "authorizationToken": base64.b64encode(b"AWS:made-up").decode(),
            "expiresAt": time.time() + HOURS * 3600,
        }
        public = self.headers["X-Amz-Target"].startswith("Spencer")
        body = json.dumps({"authorizationData": token if public else [token]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def aws():
    with HTTPServer(("127.0.0.1", 0), MadeUpAWS) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(PROGRAM is None, reason="PULLSECRETS_ECR_PROVIDER names no program")
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each["about"])
def test_it_says_what_is_recorded(recorded, aws):
    env = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": aws,
    }
    names = [name for name in env if recorded["signed_in"] or "KEY" not in name]
    run = run_credential_provider(
        [PROGRAM],
        image=recorded["image"],
        config=ASKED,
        env={name: env[name] for name in names},
    )
    assert run.exit_status == recorded["exit_status"]
    assert run.stdout.reveal().decode() == recorded["stdout"]
    assert recorded["stderr"] in run.stderr.reveal().decode()
