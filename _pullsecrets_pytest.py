"""The pytest plugin: fixtures for the tests of deployment code.

pytest imports this module in each of its runs wherever pullsecrets is installed. So it is
outside of the package, whose import takes its time, and imports it only when a test asks for one of
the fixtures.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pullsecrets import Cluster
    from pullsecrets.testing import FakeRegistry

__all__ = ["fake_registry", "pullsecrets_cluster"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options of the ini file."""
    help_ = "files and folders with the manifests of the fixture pullsecrets_cluster"
    parser.addini("pullsecrets_paths", help_, type="paths", default=[])
    help_ = "namespace of objects that name none, for the fixture pullsecrets_cluster"
    parser.addini("pullsecrets_namespace", help_, default="default")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "pullsecrets(*paths, namespace=...): the manifests of the fixture pullsecrets_cluster, "
        "relative to the root directory; they replace those of pullsecrets_paths.",
    )


@pytest.fixture
def pullsecrets_cluster(request: pytest.FixtureRequest) -> Cluster:
    """The cluster that the manifests describe which the marker or the ini file names.

    Paths are relative to the directory of the ini file, or pytest's root directory without one.
    What cannot be read is an error of the test.
    """
    __tracebackhide__ = True
    from pullsecrets import PullsecretsError
    from pullsecrets.testing import cluster

    config = request.config
    paths = [Path(path) for path in config.getini("pullsecrets_paths")]
    namespace = str(config.getini("pullsecrets_namespace"))
    marker = request.node.get_closest_marker("pullsecrets")
    if marker is not None:
        root = config.rootpath if config.inipath is None else config.inipath.parent
        paths = [root / path for path in marker.args] or paths
        options = dict(marker.kwargs)
        namespace = options.pop("namespace", namespace)
        if options:
            pytest.fail(f"the marker pullsecrets takes no {', '.join(options)}", pytrace=False)
    if not paths:
        pytest.fail(
            "pullsecrets_cluster has no manifests: name them in the ini file (pullsecrets_paths) "
            'or mark the test with @pytest.mark.pullsecrets("path")',
            pytrace=False,
        )
    try:
        return cluster(*paths, namespace=namespace)
    except PullsecretsError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def fake_registry() -> Iterator[Callable[..., FakeRegistry]]:
    """Start registries that end with the test: ``fake_registry("basic", users={...})``.

    Takes what `pullsecrets.testing.FakeRegistry` takes.
    """
    from pullsecrets.testing import FakeRegistry

    with ExitStack() as stack:

        def start(*args: Any, **kwargs: Any) -> FakeRegistry:
            return stack.enter_context(FakeRegistry(*args, **kwargs))

        yield start
