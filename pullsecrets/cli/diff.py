"""``pullsecrets diff``: what changes between two sets of manifests, or between two releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from pullsecrets.changes import (
    Change,
    ChangeGroup,
    Refusal,
    Setting,
    Upgrade,
    changes_table,
    diff_clusters,
    diff_releases,
    group_changes,
)
from pullsecrets.cli._filters import select
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._inputs import Unusable, read_environments, read_node, whole
from pullsecrets.cli._output import console, echo_json, exit_status
from pullsecrets.cli._sides import sides_of
from pullsecrets.cli.present import read_state, state_options
from pullsecrets.cluster import Cluster
from pullsecrets.errors import PullsecretsError
from pullsecrets.loading import Environment
from pullsecrets.node.versions import RELEASES, Release, UnknownRelease
from pullsecrets.pages import page, section, stacked_bar
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Row, Table, Tone

__all__ = ["diff"]


@click.command()
@cluster_options
@click.option(
    "--from-kubernetes",
    "first",
    metavar="VERSION",
    help="Compare releases instead: the one that the nodes run now.",
)
@click.option(
    "--to-kubernetes",
    "last",
    metavar="VERSION",
    help="The release that they are to run.",
)
@click.option(
    "--git",
    "range_",
    metavar="OLD..NEW",
    help="Compare two revisions of the git repository instead, as main..HEAD.",
)
@state_options
@format_option("text", "json", "markdown", "html")
def diff(
    given: Given,
    first: str | None,
    last: str | None,
    range_: str | None,
    images: Path | None,
    records: Path | None,
    form: str,
) -> None:
    """Show what changes, for which images, and because of what.

    Give two PATHs, the old manifests and the new ones; or --cluster and PATHs, to see what applying
    them would change; or --git OLD..NEW and perhaps PATHs in the repository; or any PATHs with
    --from-kubernetes and --to-kubernetes. What is on a node (--images, --records) is compared
    between releases only.

    Exits with 1 if an image that had candidates has none now, or its lookup fails now, or its
    container or the kubelet itself no longer starts; with 2 if some input could not be read.
    """
    state = images, records
    if first is None and last is None:
        if any(state) or given.kubelet_config is not None:
            raise click.UsageError("what is on a node is compared between two releases only")
        cluster, upgrade = _between(given, sides_of(given, range_))
    elif first is None or last is None:
        raise click.UsageError("--from-kubernetes and --to-kubernetes belong together")
    elif given.kubernetes is not None:
        raise click.UsageError("--kubernetes is for one release, not for two")
    else:
        cluster, upgrade = _between_releases(given, first, last, state)
    if form == "json":
        changes = [change.to_dict() for change in upgrade.changes]
        refused = upgrade.refusal and _refusal_as_json(upgrade.refusal)
        echo_json(cluster, changes=changes, **({"refused": refused} if refused else {}))
    else:
        _show(upgrade, form)
    raise SystemExit(exit_status(cluster, failed=upgrade.breaks))


def _between(
    given: Given, sides: tuple[tuple[Environment, ...], tuple[Environment, ...]]
) -> tuple[Cluster, Upgrade]:
    """The new manifests, with the problems of both sides, and what changes in each environment."""
    # What was asked for may be on one side only.
    chosen = select([each for side in sides for each in side], given)
    count = len(sides[0])
    old, new = (
        {each.name: each.cluster for each in side} for side in (chosen[:count], chosen[count:])
    )
    changes = (
        change
        for name in dict.fromkeys((*old, *new))
        for change in diff_clusters(old.get(name, Cluster()), new.get(name, Cluster()))
    )
    ordered = sorted(changes, key=lambda change: not change.breaks)
    cluster = whole(chosen[count:])
    problems = tuple(dict.fromkeys((*whole(sides[0]).problems, *cluster.problems)))
    return evolve(cluster, problems=problems), Upgrade(tuple(ordered))


def _between_releases(
    given: Given, first: str, last: str, state: tuple[Path | None, Path | None]
) -> tuple[Cluster, Upgrade]:
    """The cluster, and what changes."""
    try:
        ends = Release.parse(first), Release.parse(last)
    except UnknownRelease as error:
        raise click.UsageError(str(error)) from None
    way = [release for release in RELEASES if min(ends) <= release <= max(ends)]
    if not set(ends) <= set(way):
        raise click.UsageError(f"nodes are known from Kubernetes {RELEASES[0]} on")
    if ends[0] > ends[1]:
        way.reverse()
    manifests = evolve(
        given, node_config=None, node_root=None, provider_config=None, kubelet_config=None
    )
    environments = select(read_environments(manifests), given)
    upgrades: list[Upgrade] = []
    for cluster in (each.cluster for each in environments):
        settings = [_setting(cluster, given, release, state) for release in way]
        if settings[0].refused and settings[-1].refused:
            faults = "\n".join(settings[-1].refused)
            raise Unusable(f"both releases refuse the configuration:\n{faults}")
        upgrades.append(diff_releases(settings))
    # Whether the kubelet starts at all is the same in all of them.
    changes = tuple(change for each in upgrades for change in each.changes)
    return whole(environments), evolve(upgrades[0], changes=changes)


def _setting(
    cluster: Cluster,
    given: Given,
    release: Release,
    state: tuple[Path | None, Path | None],
) -> Setting:
    try:
        node, faults = read_node(evolve(given, kubernetes=str(release)))
    except PullsecretsError as error:
        raise Unusable(str(error)) from None
    refusals = () if node.verification is None else node.verification.refusals(release)
    file = printable(str(given.kubelet_config))
    return Setting(
        evolve(cluster, node=node),
        read_state(*state) if any(state) or given.kubelet_config is not None else None,
        (
            *map(str, faults),
            *(f"{file}: the kubelet does not start: {refusal}" for refusal in refusals),
        ),
    )


def _show(upgrade: Upgrade, form: str) -> None:
    refusal = upgrade.refusal
    refused = [] if refusal is None else _lines(refusal)
    summary, groups = _summary(upgrade.changes), group_changes(upgrade.changes)
    if form == "html":
        click.echo(_page(upgrade, refused, groups))
    elif form == "markdown":
        above = "\n".join(f"- {line}" for line in refused)
        tables = [_table(groups).markdown()] if groups else []
        click.echo("\n\n".join([*([above] if above else []), summary, *tables]))
    else:
        for line in refused:
            click.echo(line)
        if groups:
            console().print(_text(groups).rich(), "")
        if refusal is None:
            click.echo(summary)


def _page(upgrade: Upgrade, refused: Sequence[str], groups: Sequence[ChangeGroup]) -> str:
    """The numbers with a chart, what got worse, and the rest."""
    broken = sum(change.breaks for change in upgrade.changes)
    parts = (
        ("for the worse", broken, Tone.ERROR),
        ("other", len(upgrade.changes) - broken, Tone.NOTE),
    )
    worse = [group for group in groups if group.first.breaks]
    rest = [group for group in groups if not group.first.breaks]
    return page(
        "What changes",
        stacked_bar(parts),
        # A kubelet that does not start has no answers that could change.
        Table((), title="" if refused else _summary(upgrade.changes), notes=tuple(refused)).html(),
        section("For the worse", *([_table(worse).html(None)] if worse else [])),
        section("Other changes", *([_table(rest).html(None)] if rest else [])),
    )


def _table(groups: Sequence[ChangeGroup]) -> Table:
    return changes_table((group.first for group in groups), [group.title for group in groups])


def _text(groups: Iterable[ChangeGroup]) -> Table:
    """Before, after and why below each other: next to each other they are too wide to read."""
    rows: list[Row] = []
    for group in groups:
        change = group.first
        answer = change.subject
        title = f"{answer.container.title}: {answer.container.image}"
        head = group.title, Cell(answer.container.name, title)
        for name, side in (("before", change.before), ("after", change.after)):
            tone = Tone.ERROR if name == "after" and change.breaks else Tone.PLAIN
            lines = ("not there",) if side is None else side.lines
            rows.append((*head, Cell(name, tone=Tone.FAINT), Cell(None, lines, tone)))
        rows.append((*head, Cell("because", tone=Tone.FAINT), Cell(None, change.reasons)))
    columns = Column("workload", group=True), Column("container", group=True)
    return Table((*columns, Column("what", ""), Column("text", "")), tuple(rows))


def _summary(changes: Iterable[Change]) -> str:
    found = list(changes)
    broken = sum(change.breaks for change in found)
    if not found:
        return "nothing changes"
    what = "1 image changes" if len(found) == 1 else f"{len(found):,} images change"
    return f"{what}, {broken:,} for the worse"


def _lines(refusal: Refusal) -> list[str]:
    said = [f"no longer refused: {fault}" for fault in refusal.before]
    said += [f"refused now: {fault}" for fault in refusal.after]
    return [*said, *(f"because {cause}" for cause in refusal.because)]


def _refusal_as_json(refusal: Refusal) -> dict[str, Any]:
    return {
        "before": list(refusal.before),
        "after": list(refusal.after),
        "because": [cause.to_dict() for cause in refusal.because],
    }
