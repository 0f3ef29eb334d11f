from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from pullsecrets import InvalidImage
from pullsecrets.node.answers import CacheKeyType
from pullsecrets.node.decoding import FaultCode
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import InvalidProviderConfig
from pullsecrets.node.providers import Asked, NotAskedCode, PodAccount
from pullsecrets.secrecy import Password
from pullsecrets.testing.providers import (
    MADE_UP_TOKEN,
    assert_gives_credentials,
    run_credential_provider,
)

CANARY = "hunter2-CANARY-9XqZ"
IMAGE = "quay.io/acme/app:1"
V1 = "credentialprovider.kubelet.k8s.io/v1"

# A small plugin: it says what it was given, as user names.
PLUGIN = """#!{python}
import json, os, sys

request = json.load(sys.stdin)
registry = request["image"].partition("/")[0]
seen = [request, sys.argv[1:], os.environ.get("PLUGIN")]
entry = {{"username": json.dumps(seen), "password": "p"}}
json.dump({{
    "kind": "CredentialProviderResponse",
    "apiVersion": request["apiVersion"],
    "cacheKeyType": "Registry",
    "cacheDuration": "5m",
    "auth": {{registry: entry, "gcr.io": {{"username": "not for it"}}, registry + "/acme": {{}}}},
}}, sys.stdout)
sys.stderr.write("done")
"""


@pytest.fixture
def plugin(tmp_path):
    return program(tmp_path, PLUGIN.format(python=sys.executable))


def program(folder, text):
    file = folder / "plugin"
    file.write_text(text)
    file.chmod(0o755)
    return file


def config(*names, **fields):
    return {
        "kind": "CredentialProviderConfig",
        "apiVersion": "kubelet.config.k8s.io/v1",
        "providers": [
            {
                "name": name,
                "matchImages": ["quay.io"],
                "defaultCacheDuration": "1m",
                "apiVersion": V1,
                **fields,
            }
            for name in names
        ],
    }


def saying(text, status=0):
    """A program that prints a text."""
    return [sys.executable, "-c", f"import sys; print({text!r}); sys.exit({status})"]


def seen(run):
    """What the small plugin was given: request, arguments, a variable."""
    return json.loads(run.credentials[-1].username)


def test_a_sound_program(plugin):
    run = run_credential_provider([plugin], image=IMAGE)
    assert run.faults == ()
    assert run.exit_status == 0
    assert run.stderr.reveal() == b"done"
    assert run.response.cache_key_type is CacheKeyType.REGISTRY
    # Matched again, and in the kubelet's order: the longer key first.
    assert [each.username == "" for each in run.credentials] == [True, False]
    request = {"kind": "CredentialProviderRequest", "apiVersion": V1, "image": "quay.io/acme/app"}
    assert seen(run) == [request, [], None]
    assert isinstance(run.consulted, Asked)
    assert_gives_credentials(run)
    assert_gives_credentials(run, username="")


def test_the_configurations_arguments_and_environment_are_added(plugin, monkeypatch):
    monkeypatch.setenv("PLUGIN", "of the kubelet")
    assert seen(run_credential_provider([plugin], image=IMAGE))[2] == "of the kubelet"
    given = config("plugin", args=["-v"], env=[{"name": "PLUGIN", "value": "of the config"}])
    run = run_credential_provider([plugin, "get"], image=IMAGE, config=given)
    assert seen(run)[1:] == [["get", "-v"], "of the config"]
    run = run_credential_provider([plugin], image=IMAGE, config=json.dumps(given), env={})
    assert seen(run)[1:] == [["-v"], "of the config"]
    run = run_credential_provider([plugin], image=IMAGE, env={"PLUGIN": "alone"})
    assert seen(run)[2] == "alone"


def test_the_provider_of_the_programs_name_counts(plugin):
    given = config("other", "plugin")
    given["providers"][0]["args"] = ["wrong"]
    assert seen(run_credential_provider([plugin], image=IMAGE, config=given))[1] == []
    # The only one may have another name: the program in development is called otherwise.
    given = config("other", args=["x"])
    assert seen(run_credential_provider([plugin], image=IMAGE, config=given))[1] == ["x"]
    with pytest.raises(ValueError, match="no provider of the name plugin"):
        run_credential_provider([plugin], image=IMAGE, config=config("a", "b"))


def test_a_provider_is_taken_as_it_is(plugin):
    provider = Provider("p", ("quay.io",), args=(Password("x"),))
    assert seen(run_credential_provider([plugin], image=IMAGE, config=provider))[1] == ["x"]


TOKEN = {
    "serviceAccountTokenAudience": "aud",
    "requireServiceAccount": True,
    "cacheType": "ServiceAccount",
    "optionalServiceAccountAnnotationKeys": ["a/role"],
}
ACCOUNT = PodAccount("ns", "builder", annotations={"a/role": "r"})


@pytest.mark.parametrize("token", [None, Password("given")])
def test_token_mode(plugin, token):
    account = PodAccount("ns", "builder", annotations={"a/role": "r"}, token=token)
    given = config("plugin", tokenAttributes=TOKEN)
    run = run_credential_provider([plugin], image=IMAGE, config=given, service_account=account)
    request = seen(run)[0]
    assert request["serviceAccountToken"] == (token or MADE_UP_TOKEN).reveal()
    assert request["serviceAccountAnnotations"] == {"a/role": "r"}


def test_a_program_that_hands_the_token_on(tmp_path):
    echo = program(
        tmp_path,
        PLUGIN.format(python=sys.executable).replace(
            '"password": "p"', '"password": request["serviceAccountToken"]'
        ),
    )
    given = config("plugin", tokenAttributes=TOKEN)
    run = run_credential_provider([echo], image=IMAGE, config=given, service_account=ACCOUNT)
    assert [fault.code for fault in run.faults] == [FaultCode.TOKEN_AS_PASSWORD]


def test_what_the_kubelet_does_not_ask_is_not_run(tmp_path):
    mark = tmp_path / "mark"
    touch = [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]
    for given, account, code in (
        (config("p", matchImages=["quay.io/*"]), None, NotAskedCode.NO_PATTERN),
        (config("p", tokenAttributes=TOKEN), None, NotAskedCode.NO_SERVICE_ACCOUNT),
    ):
        run = run_credential_provider(touch, image=IMAGE, config=given, service_account=account)
        assert run.consulted.code is code
        assert (run.response, run.faults, run.credentials) == (None, (), ())
        with pytest.raises(AssertionError, match="is not asked"):
            assert_gives_credentials(run)
    assert not mark.exists()


RESPONSE = {
    "kind": "CredentialProviderResponse",
    "apiVersion": V1,
    "cacheKeyType": "Image",
    "auth": {"quay.io": {"username": "u", "password": CANARY}},
}


@pytest.mark.parametrize(
    "argv, code, shown",
    [
        (saying(json.dumps(RESPONSE), 3), FaultCode.EXIT_STATUS, "exit status 3"),
        (saying(""), FaultCode.DOCUMENT, "not JSON"),
        (saying(json.dumps({**RESPONSE, "kind": CANARY})), FaultCode.KIND, "kind"),
        (saying(json.dumps({**RESPONSE, "apiVersion": "v1"})), FaultCode.API_VERSION, V1),
        (saying(json.dumps({**RESPONSE, "x": 1})), FaultCode.UNKNOWN_FIELD, "not known"),
        (saying(json.dumps({**RESPONSE, "cacheKeyType": "x"})), FaultCode.CACHE_KEY_TYPE, "Image"),
        (saying(json.dumps({**RESPONSE, "auth": 1})), FaultCode.TYPE, "auth: is a number"),
        (["/no/such/program"], FaultCode.NOT_STARTED, "could not be started: No such file"),
    ],
    ids=lambda value: value.value if isinstance(value, FaultCode) else "",
)
def test_each_failure_is_told_apart(argv, code, shown):
    run = run_credential_provider(argv, image=IMAGE)
    assert [fault.code for fault in run.faults] == [code]
    assert run.credentials == ()
    with pytest.raises(AssertionError) as caught:
        assert_gives_credentials(run)
    assert shown in str(caught.value)
    assert CANARY not in str(caught.value) + repr(run)


def test_an_older_version_reads_an_answer_laxly():
    argv = saying(json.dumps({**RESPONSE, "x": 1}))
    assert run_credential_provider(argv, image=IMAGE, kubernetes="1.31").credentials


def test_an_answer_for_another_image():
    argv = saying(json.dumps({**RESPONSE, "auth": {"gcr.io": {}}}))
    run = run_credential_provider(argv, image=IMAGE)
    assert run.response is not None
    with pytest.raises(AssertionError, match=r"no entry of its answer matches quay\.io/acme/app"):
        assert_gives_credentials(run)


def test_another_user():
    run = run_credential_provider(saying(json.dumps(RESPONSE)), image=IMAGE)
    assert_gives_credentials(run, username="u")
    with pytest.raises(AssertionError, match="logs in as 'u', not as 'me'"):
        assert_gives_credentials(run, username="me")


def test_a_program_that_takes_too_long_is_killed_with_what_it_started(tmp_path):
    mark = tmp_path / "pid"
    child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    parent = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, sys.argv[1]])\n"
        "time.sleep(600)"
    )
    argv = [sys.executable, "-c", parent, mark]
    seconds = 0.5
    while not mark.exists() or not mark.read_text():  # a busy machine is slow to start them
        run = run_credential_provider(argv, image=IMAGE, timeout=seconds)
        assert [fault.code for fault in run.faults] == [FaultCode.TIMEOUT]
        assert run.exit_status is None
        seconds *= 2
    assert is_gone(int(mark.read_text()))


def is_gone(pid):
    """Whether the process has ended; its new parent may take a while to notice."""
    while True:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)


def test_a_program_that_does_not_read_its_input():
    run = run_credential_provider(
        [sys.executable, "-c", f"print({json.dumps(RESPONSE)!r})"], image=IMAGE
    )
    assert run.credentials


def test_bad_input_is_one_error(plugin):
    with pytest.raises(InvalidImage):
        run_credential_provider([plugin], image="A")
    with pytest.raises(InvalidProviderConfig):
        run_credential_provider([plugin], image=IMAGE, config=config("a b"))


def test_nothing_secret_is_shown(plugin):
    account = PodAccount("ns", "builder", token=Password(CANARY))
    given = config("plugin", tokenAttributes=TOKEN, args=[CANARY])
    run = run_credential_provider([plugin], image=IMAGE, config=given, service_account=account)
    assert CANARY in seen(run)[1]
    shown = repr(run).replace(run.credentials[-1].username, "")
    shown = shown.replace(repr(run.credentials[-1].username), "")
    assert CANARY not in shown
