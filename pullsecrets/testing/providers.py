"""Runs a credential provider plugin as the kubelet does, and tells what the kubelet makes of it.

>>> import sys
>>> program = '''
... import json, sys
... request = json.load(sys.stdin)
... json.dump({
...     "kind": "CredentialProviderResponse",
...     "apiVersion": request["apiVersion"],
...     "cacheKeyType": "Registry",
...     "auth": {request["image"].partition("/")[0]: {"username": "me", "password": "secret"}},
... }, sys.stdout)
... '''
>>> run = run_credential_provider([sys.executable, "-c", program], image="quay.io/acme/api:v2")
>>> [credential.username for credential in run.credentials]
['me']
>>> assert_gives_credentials(run, username="me")
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from pullsecrets.dockerconfig import Credential
from pullsecrets.images import Image
from pullsecrets.node.answers import ProviderAnswer, Response
from pullsecrets.node.decoding import Document, Fault, FaultCode, Hidden, hide
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.providers import Asked, NotAsked, PodAccount, ProviderRequest, consult
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import HiddenBytes, Password, printable

__all__ = ["ProviderRun", "assert_gives_credentials", "run_credential_provider"]

TIMEOUT: Final = 60.0
"""Seconds that the kubelet gives a program."""

MADE_UP_TOKEN: Final = Password("a-token-that-pullsecrets-made-up")
"""The service account's token, where the caller gives none."""


@frozen
class ProviderRun:
    """What a provider's program did for an image, and what the kubelet makes of it.

    Attributes:
        consulted: What the kubelet does with the provider: that it asks, with the request, the
            response or the faults; or that it does not ask, and why. Then nothing was run.
        credentials: The credentials that the image gets, in the order in which they are tried.
        stdout: What the program wrote to its standard output. Hidden.
        stderr: What it wrote to its standard error. Hidden: it may hold anything.
        exit_status: How it ended, None where it was not run to its end.
    """

    consulted: Asked | NotAsked
    credentials: tuple[Credential, ...] = ()
    stdout: HiddenBytes = field(default=HiddenBytes(b""))
    stderr: HiddenBytes = field(default=HiddenBytes(b""))
    exit_status: int | None = None

    @property
    def response(self) -> Response | None:
        """The response, None where there is none that the kubelet takes."""
        return self.consulted.response if isinstance(self.consulted, Asked) else None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the answer: any of it makes the kubelet go on without."""
        return self.consulted.faults if isinstance(self.consulted, Asked) else ()


def run_credential_provider(
    argv: Sequence[str | os.PathLike[str]],
    *,
    image: str,
    service_account: PodAccount | None = None,
    config: Document | Provider | None = None,
    kubernetes: str | Release | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> ProviderRun:
    """Run a provider's program as the kubelet does for an image (D10 to D14).

    The request goes to its standard input, the configuration's arguments and environment are added
    to the given ones, and its answer is read strictly, and matched against the image once more.

    Args:
        argv: The program, and what comes before the arguments of the configuration.
        image: The image, as in a pod.
        service_account: The pod's service account. Where it brings no token, one is made up.
        config: A CredentialProviderConfig, in which the provider has the program's name or is the
            only one; or the provider itself; None for one that is asked for each image of the
            image's registry and keeps nothing.
        kubernetes: The kubelet's version, None for the newest known.
        env: The environment, before that of the configuration; None for this process's.
        timeout: Seconds until the program is killed.

    Raises:
        InvalidImage: The image is no image reference.
        InvalidProviderConfig: The kubelet would not start with the configuration.
        ValueError: The configuration names several providers, and none like the program.
        UnknownRelease: The version is not known.
    """
    # No traceback shows what this frame was given.
    given = config if config is None or isinstance(config, Provider) else hide(config)
    variables = _variables(os.environ if env is None else env)
    del config, env
    name = Image.parse(image).name
    program = Path(argv[0]).name
    release = Release.parse(kubernetes)
    provider = _provider(given, program, name.partition("/")[0], release)
    if service_account is not None and service_account.token is None:
        service_account = evolve(service_account, token=MADE_UP_TOKEN)
    (consulted,) = consult(Providers((provider,), release), name, service_account)
    if isinstance(consulted, NotAsked):
        return ProviderRun(consulted)
    command = (*(Password(os.fspath(part)) for part in argv), *provider.args)
    try:
        answer, stderr = _run(command, consulted.request, (*variables, *provider.env), timeout)
    except OSError as error:
        reason = f"could not be started: {error.strerror}"
        return ProviderRun(evolve(consulted, faults=(Fault(FaultCode.NOT_STARTED, reason),)))
    read = answer.read(provider, release, consulted.request.token)
    status = None if answer.timed_out else answer.exit_status
    if isinstance(read, tuple):
        consulted = evolve(consulted, faults=read)
        return ProviderRun(consulted, (), answer.stdout, stderr, status)
    consulted = evolve(consulted, response=read)
    return ProviderRun(consulted, read.serving(name), answer.stdout, stderr, status)


_Variables = tuple[tuple[str, Password], ...]


def _variables(env: Mapping[str, str]) -> _Variables:
    return tuple((name, Password(value)) for name, value in env.items())


def _provider(
    config: Hidden | Provider | None, program: str, registry: str, release: Release
) -> Provider:
    if config is None:
        return Provider(program, (registry,), timedelta())
    if isinstance(config, Provider):
        return config
    providers = Providers.from_config(config, kubernetes=release).providers
    named = [each for each in providers if each.name == program] or list(providers)
    if len(named) > 1:
        raise ValueError(f"the configuration has no provider of the name {printable(program)}")
    return named[0]


def _run(
    command: tuple[Password, ...], request: ProviderRequest, variables: _Variables, timeout: float
) -> tuple[ProviderAnswer, HiddenBytes]:
    # Its own session, so that what it started ends with it.
    with subprocess.Popen(  # noqa: S603 - to run it is what the caller asks for
        [part.reveal() for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value.reveal() for name, value in variables},
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(request.to_json().encode(), timeout)
            timed_out = False
        except subprocess.TimeoutExpired:
            _kill(process)
            stdout, stderr = process.communicate()
            timed_out = True
    answer = ProviderAnswer(HiddenBytes(stdout), process.returncode, timed_out)
    return answer, HiddenBytes(stderr)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, 9)
        else:  # pragma: no cover - where there are no process groups
            process.kill()


def assert_gives_credentials(run: ProviderRun, *, username: str | None = None) -> None:
    """The image gets a credential from the provider.

    Args:
        run: What `run_credential_provider` returned.
        username: The user that the first one logs in as, too.

    Raises:
        AssertionError: It gets none, or another; the message says why the kubelet has none.
    """
    __tracebackhide__ = True
    if isinstance(run.consulted, NotAsked):
        raise AssertionError(str(run.consulted))
    called = f"provider {printable(run.consulted.provider.name)}"
    if run.faults:
        raise AssertionError("\n".join(f"{called} gives nothing: {each}" for each in run.faults))
    if not run.credentials:
        image = run.consulted.request.image
        raise AssertionError(f"{called} gives nothing: no entry of its answer matches {image}")
    if username is not None and run.credentials[0].username != username:
        first = printable(run.credentials[0].username)
        raise AssertionError(f"{called} logs in as '{first}', not as '{printable(username)}'")
