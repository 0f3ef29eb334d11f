"""Questions of the form "what if": the same cluster with something else in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve, fields, frozen

from pullsecrets.cli._filters import parse_image, select
from pullsecrets.cli._given import Given
from pullsecrets.cli._problems import echo_problems
from pullsecrets.cluster import Cluster
from pullsecrets.loading import Environment
from pullsecrets.objects import Pod
from pullsecrets.reading import Objects, objects_of, read_documents
from pullsecrets.secrecy import printable

__all__ = ["WhatIf", "what_if_options"]

_OPTIONS: Final = (
    click.option(
        "--without-secret",
        "without_secrets",
        metavar="NS/NAME",
        multiple=True,
        help="As if this secret were not there. May be given more than once.",
    ),
    click.option(
        "--with-secret",
        "with_secrets",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        multiple=True,
        help="As if the Secrets in FILE were there, too, or instead. May be given more than once.",
    ),
    click.option(
        "--as-service-account",
        "account",
        metavar="NAME",
        help="As if the pods were created to run as this service account.",
    ),
    click.option(
        "--add-image",
        "added_image",
        metavar="IMAGE",
        help="As if the pod (--pod) had this image, too, as kubectl debug adds it.",
    ),
)


@frozen
class WhatIf:
    """What is to be different.

    Attributes:
        without_secrets: Secrets that are not there, as NS/NAME.
        with_secrets: Files with Secrets that are there.
        account: The service account that the pods are created to run as, or None.
        added_image: An image that the pod has, too, or None.
    """

    without_secrets: tuple[str, ...] = ()
    with_secrets: tuple[Path, ...] = ()
    account: str | None = None
    added_image: str | None = None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The service accounts that it takes to answer."""
        return () if self.account is None else (self.account,)

    def apply(self, environments: Sequence[Environment], given: Given) -> tuple[Environment, ...]:
        """The environments as they would be.

        Raises:
            click.UsageError: There is no such secret, no such pod or no such image.
        """
        found = tuple(environments)
        for secret in self.without_secrets:
            namespace, _, name = secret.partition("/")
            if all(each.cluster.listed(namespace, name) is None for each in found):
                where = "the cluster" if given.live else "the manifests"
                raise click.UsageError(f"no secret '{printable(secret)}' in {where} (NS/NAME)")
            found = tuple(
                evolve(each, cluster=each.cluster.without(namespace, name)) for each in found
            )
        for file in self.with_secrets:
            secrets = _secrets_in(file, found, given)
            found = tuple(
                evolve(each, cluster=each.cluster.with_objects(secrets)) for each in found
            )
        if self.added_image is not None:
            parse_image(self.added_image)
            if given.pod is None:
                raise click.UsageError("--add-image is for one pod or workload: --pod says which")
        if self.account is None and self.added_image is None:
            return found
        chosen = select(found, evolve(given, image=None))
        return tuple(
            evolve(each, cluster=self._changed(each.cluster, set(some.cluster.pods)))
            for each, some in zip(found, chosen, strict=True)
        )

    def _changed(self, cluster: Cluster, chosen: Set[Pod]) -> Cluster:
        def changed(pod: Pod) -> Pod:
            if self.account is not None:
                pod = cluster.as_service_account(pod, self.account)
            return pod if self.added_image is None else pod.with_image(self.added_image)

        pods = (changed(pod) if pod in chosen else pod for pod in cluster.pods)
        return evolve(cluster, pods=tuple(pods))


def _secrets_in(file: Path, environments: Iterable[Environment], given: Given) -> Objects:
    """The Secrets in a file, and what is wrong with it."""
    # A Secret that names no namespace is meant for the pods that are asked about.
    namespaces = {pod.namespace for each in environments for pod in each.cluster.pods}
    only = namespaces.pop() if len(namespaces) == 1 else "default"
    objects = objects_of(read_documents(file), namespace=given.namespace or only)
    echo_problems(objects.problems)
    if not objects.secrets:
        raise click.UsageError(f"{printable(str(file))} holds no Secret")
    return Objects(secrets=objects.secrets, problems=objects.problems)


def what_if_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `WhatIf`, as one argument: `what_if`."""

    @wraps(command)
    def collected(*arguments: Any, **options: Any) -> Any:
        what_if = WhatIf(**{each.name: options.pop(each.name) for each in fields(WhatIf)})
        return command(*arguments, what_if=what_if, **options)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected
