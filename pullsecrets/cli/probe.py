"""``pullsecrets probe``: which credential the registry lets in, and whether the pod starts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
from attrs import evolve
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from pullsecrets.cli._common import (
    FAILED,
    OK,
    UNUSABLE,
    cluster_options,
    console,
    indented,
    read_cluster,
    select_pods,
)
from pullsecrets.cluster import ImageResolution
from pullsecrets.errors import MissingExtra
from pullsecrets.images import Image, InvalidImage
from pullsecrets.secrecy import printable, redact_entry

try:
    from pullsecrets.probe import Attempt, ClusterProbe, ImageProbe, Outcome, PodProbe, Prober, Run
except MissingExtra as _missing:
    raise click.UsageError(str(_missing)) from None

__all__ = ["probe"]

UNASKED: Final = 3
"""The registry could not be asked."""


@click.command()
@cluster_options
@click.option(
    "--image",
    metavar="IMAGE",
    help="Only this image; without tag and digest it stands for all of them.",
)
@click.option(
    "--exhaustive",
    is_flag=True,
    help="Try all candidates, not only up to the first success, and anonymously besides.",
)
@click.option(
    "--insecure-registry",
    "insecure",
    metavar="HOST",
    multiple=True,
    help="Ask this host over plain http (localhost always is). Can be given several times.",
)
@click.option(
    "--allow-realm",
    "realms",
    metavar="HOST",
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
@click.option("--proxy", metavar="URL", help="Use this proxy, http://HOST:PORT.")
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
def probe(
    paths: tuple[str, ...],
    namespace: str | None,
    pod: str | None,
    node_config: Path | None,
    image: str | None,
    exhaustive: bool,
    insecure: tuple[str, ...],
    realms: tuple[str, ...],
    api_hosts: tuple[str, ...],
    ca: Path | None,
    proxy: str | None,
    timeout: float,
    deadline: float,
    form: str,
) -> None:
    """Try the credentials against the registries, in the kubelet's order.

    Exits with 0 where every pod would start, 1 where one would not, 2 for bad usage or unreadable
    input, 3 where a registry could not be asked.
    """
    try:
        prober = Prober(
            exhaustive=exhaustive,
            timeout=timeout,
            deadline=deadline,
            insecure_registries=insecure,
            allowed_realms=realms,
            api_hosts=dict(map(_api_host, api_hosts)),
            ca=ca,
            proxy=proxy,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with prober:
        cluster = read_cluster(paths, namespace, node_config)
        wanted = None if image is None else _image_filter(image)
        run = prober.start(select_pods(cluster, namespace, pod), wanted)
        interrupted = _wait(run)
        found = run.result()
    if image is not None:
        found = evolve(found, pods=tuple(pod for pod in found.pods if pod.images))
        if not found.pods:
            raise click.UsageError(f"no image '{printable(image)}' in the pods")
    if form == "json":
        click.echo(json.dumps(found.to_dict(), indent=2))
    else:
        for one in found:
            console().print(_pod_text(one))
        if not found.pods:
            click.echo("no pods and no workloads in the manifests", err=True)
    if interrupted:
        click.echo(f"interrupted: {run.done} of {run.total} images were asked about", err=True)
    raise SystemExit(
        UNUSABLE if any(problem.error for problem in cluster.problems) else _status(found)
    )


def _api_host(text: str) -> tuple[str, str]:
    name, _, url = text.partition("=")
    if not name or not url:
        raise click.UsageError("--api-host is NAME=URL")
    return name, url


def _image_filter(text: str) -> Callable[[ImageResolution], bool]:
    try:
        wanted = str(Image.parse(text))
    except InvalidImage:
        wanted = text

    def select(answer: ImageResolution) -> bool:
        image = answer.image
        return wanted in ((str(image), image.name) if isinstance(image, Image) else (image,))

    return select


def _wait(run: Run) -> bool:
    """Make the probe, with a progress bar on a terminal; tell whether it was interrupted."""
    try:
        with _progress() as progress:
            run.wait(progress)
    except KeyboardInterrupt:
        run.stop()
        return True
    return False


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


# From here on: what is printed. Text from registries is never read as markup.

_STYLES: Final = {True: "green", False: "red", None: "yellow"}
_VERDICTS: Final = {
    True: "starts",
    False: "does not start",
    None: "not known: a registry could not be asked",
}


def _pod_text(pod: PodProbe) -> RenderableType:
    title = Text.assemble(
        (printable(f"{pod.kind} {pod.namespace}/{pod.name}"), "bold"),
        ": ",
        (_VERDICTS[pod.starts], _STYLES[pod.starts]),
    )
    return Group(title, *map(_image_text, pod.images), Text())


def _image_text(image: ImageProbe) -> RenderableType:
    kind = "" if image.kind == "container" else f" ({image.kind})"
    lines: list[RenderableType] = [
        Text.assemble(f"{printable(image.container)}{kind}: ", (printable(image.image), "cyan"))
    ]
    if image.failure is not None:
        lines.append(indented(Text(printable(image.failure), style="red"), 2))
    if image.attempts:
        grid = Table.grid(padding=(0, 2, 0, 0))
        for number, attempt in enumerate(image.attempts, start=1):
            grid.add_row(*_attempt_row(number, attempt))
        lines.append(indented(grid, 2))
    lines += [indented(Text(f"! {one.message}", style="yellow"), 2) for one in image.findings]
    if image.outcome is Outcome.BAD_CREDENTIAL and not any(a.beside for a in image.attempts):
        hint = "If the image is public, a stale credential hides it: --exhaustive tells."
        lines.append(indented(Text(hint, style="dim"), 2))
    return indented(Group(*lines), 2)


def _attempt_row(number: int, attempt: Attempt) -> tuple[Text, ...]:
    candidate = attempt.candidate
    style = _STYLES[attempt.outcome is Outcome.PULLABLE if attempt.outcome.is_final else None]
    if candidate is None:
        source, entry = "anonymous", "not tried by the kubelet" if attempt.beside else ""
    else:
        source = printable(candidate.source.name or candidate.source.kind)
        entry = redact_entry(candidate.entry)
    detail = attempt.detail
    if attempt.wait is not None:
        detail += f", wait {attempt.wait:g} s"
    if attempt.rate_limit:
        detail += f" [{', '.join(f'{k}: {v}' for k, v in attempt.rate_limit.items())}]"
    return (
        Text("-" if attempt.beside else f"{number}"),
        Text(source),
        Text(entry),
        Text(attempt.outcome.value, style=style),
        Text(detail, style="dim"),
    )
