"""``pullsecrets probe``: which credential the registry lets in, and whether the pod starts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pullsecrets.cli._filters import select
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._inputs import read_environments, whole
from pullsecrets.cli._output import FAILED, OK, UNUSABLE, console, echo_json
from pullsecrets.errors import MissingExtra
from pullsecrets.pages import page

try:
    from pullsecrets.probe import ClusterProbe, Prober, Run, identity_tokens
except MissingExtra as _missing:
    raise click.UsageError(str(_missing)) from None

__all__ = ["probe"]

UNASKED: Final = 3
"""The registry could not be asked."""


@click.command()
@cluster_options
@click.option(
    "--exhaustive",
    is_flag=True,
    help="Try all candidates, not only up to the first success, and anonymously, too.",
)
@click.option(
    "--insecure-registry",
    "insecure",
    metavar="HOST",
    multiple=True,
    help="Ask this host over plain http (loopback always is). Can be given several times.",
)
@click.option(
    "--allow-realm",
    "realms",
    metavar="[REGISTRY=]HOST",
    multiple=True,
    help="Send credentials to this token server, though it is on another site than the registry.",
)
@click.option(
    "--api-host",
    "api_hosts",
    metavar="NAME=URL",
    multiple=True,
    help="Ask URL for the images of registry NAME: a mirror, another API host.",
)
@click.option(
    "--ca",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust these certificate authorities (PEM), too.",
)
@click.option(
    "--client-cert",
    "client_certificates",
    metavar="HOST=CERT[,KEY]",
    multiple=True,
    help="Present this certificate to HOST, and to no other (PEM files).",
)
@click.option("--proxy", metavar="URL", help="Use this proxy, http(s)://HOST:PORT.")
@click.option(
    "--no-proxy",
    metavar="HOSTS",
    default="",
    help="Ask these hosts without the proxy: names, .domains, networks, with commas.",
)
@click.option(
    "--identity-token",
    is_flag=True,
    help="Log in with an entry's identity token, which the kubelet ignores, where it has one.",
)
@click.option(
    "--platform",
    metavar="OS/ARCH",
    help="An index has to have an image for this platform, linux/arm64 for one.",
)
@click.option(
    "--retries",
    metavar="N",
    type=click.IntRange(0, 10),
    default=2,
    show_default=True,
    help="How often to ask again after a cut connection, 429, 502, 503 or 504.",
)
@click.option("--trace", is_flag=True, help="Show each request and answer, secrets masked.")
@click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=10.0,
    show_default=True,
    help="Seconds for each request.",
)
@click.option(
    "--deadline",
    metavar="S",
    type=click.FloatRange(min=0, min_open=True, max=24 * 3600),
    default=300.0,
    show_default=True,
    help="Seconds for the whole probe.",
)
@format_option("table", "json", "markdown", "html")
def probe(
    given: Given,
    insecure: tuple[str, ...],
    realms: tuple[str, ...],
    api_hosts: tuple[str, ...],
    client_certificates: tuple[str, ...],
    identity_token: bool,
    trace: bool,
    form: str,
    **settings: Any,
) -> None:
    """Try the credentials at the registries, in the kubelet's order.

    Exits with 0 where every pod would start, 1 where one would not, 2 for bad usage or unreadable
    input, 3 where a registry could not be asked.
    """
    environments = read_environments(given)
    cluster = whole(environments)
    try:
        prober = Prober(
            insecure_registries=insecure,
            allowed_realms=realms,
            api_hosts=dict(_pair("--api-host", "NAME=URL", text) for text in api_hosts),
            client_certificates=dict(map(_certificate, client_certificates)),
            identity_token=identity_tokens(cluster) if identity_token else None,
            trace=(lambda text: click.echo(text, err=True)) if trace else None,
            **settings,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with prober:
        run = prober.start(*(each.cluster for each in select(environments, given)))
        ended = _wait(run)
        found = run.result()
    if form == "json":
        echo_json(cluster, **found.to_dict())
    else:
        _print(found, form)
        if not found.pods:
            click.echo("no pods and no workloads in the manifests", err=True)
    if ended:
        click.echo(f"interrupted: {run.done} of {run.total} images were asked about", err=True)
    raise SystemExit(
        UNUSABLE if any(problem.error for problem in cluster.problems) else _status(found)
    )


def _pair(option: str, form: str, text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise click.UsageError(f"{option} is {form}")
    return name, value


def _certificate(text: str) -> tuple[str, tuple[str, str | None]]:
    host, files = _pair("--client-cert", "HOST=CERT or HOST=CERT,KEY", text)
    certificate, _, key = files.partition(",")
    return host, (certificate, key or None)


def _wait(run: Run) -> bool:
    """Make the probe, with a progress bar on a terminal; tell whether it was ended early."""
    try:
        with _terminable(), _progress() as progress:
            run.wait(progress)
    except KeyboardInterrupt:
        run.stop()
        return True
    return False


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # where no signal can be handled
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(found: ClusterProbe, form: str) -> None:
    tables = [pod.table() for pod in found]
    if form == "html":
        click.echo(page("What the registries say", *(table.html(None) for table in tables)))
    elif form == "markdown":
        click.echo("\n\n".join(table.markdown() for table in tables))
    else:
        for table in tables:
            console().print(table.rich(), "")


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield None
        return
    columns = TextColumn("asking registries"), BarColumn(), MofNCompleteColumn()
    # Drawn here, not by a thread of rich's that would still run when the answer is printed.
    with Progress(*columns, console=screen, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=None)
        drawn = -1

        def draw(done: int, total: int) -> None:
            nonlocal drawn
            if (percent := done * 100 // total) != drawn:
                drawn = percent
                bar.update(task, completed=done, total=total, refresh=True)

        yield draw


def _status(found: ClusterProbe) -> int:
    return {True: OK, False: FAILED, None: UNASKED}[found.starts]
