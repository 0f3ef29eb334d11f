"""The pytest plugin, in a pytest of its own: a user's ini file, markers and tests."""

from __future__ import annotations

import sys

import pytest

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: api}
spec:
  containers: [{name: api, image: quay.io/acme/api}]
  imagePullSecrets: [{name: regcred}]
---
apiVersion: v1
kind: Secret
metadata: {name: regcred}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"quay.io": {"username": "u", "password": "hunter2-canary"}}}'
"""


@pytest.fixture(autouse=True)
def _a_project(pytester: pytest.Pytester) -> None:
    pytester.mkdir("rendered").joinpath("api.yaml").write_text(PODS)
    pytester.mkdir("other").joinpath("web.yaml").write_text(PODS.replace("name: api", "name: web"))


def test_paths_of_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npullsecrets_paths = rendered\npullsecrets_namespace = shop\n")
    pytester.mkdir("tests").joinpath("test_it.py").write_text(
        """
import pytest
from pullsecrets.testing import assert_pulls_with

def test_ini(pullsecrets_cluster):
    assert_pulls_with(pullsecrets_cluster, "pod/api", secret="regcred", namespace="shop")

@pytest.mark.pullsecrets("other/web.yaml", namespace="dev")
def test_marker(pullsecrets_cluster):
    assert_pulls_with(pullsecrets_cluster, "pod/web", secret="regcred", namespace="dev")
    assert len(pullsecrets_cluster.pods) == 1

@pytest.mark.pullsecrets("rendered", "other", namespace="dev")
class TestClass:
    def test_class(self, pullsecrets_cluster):
        assert len(pullsecrets_cluster.pods) == 2

    @pytest.mark.pullsecrets(namespace="own")
    def test_namespace_alone(self, pullsecrets_cluster):
        assert [pod.namespace for pod in pullsecrets_cluster.pods] == ["own"]
"""
    )
    result = pytester.runpytest_subprocess("--strict-markers", "--strict-config", "tests")
    result.assert_outcomes(passed=4)


def test_without_an_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import pytest

@pytest.mark.pullsecrets("rendered")
def test_marker(pullsecrets_cluster):
    assert pullsecrets_cluster.pods

def test_nothing_named(pullsecrets_cluster):
    pass

@pytest.mark.pullsecrets("nowhere")
def test_no_such_path(pullsecrets_cluster):
    pass

@pytest.mark.pullsecrets("rendered", naemspace="x")
def test_misspelt(pullsecrets_cluster):
    pass
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(
        [
            "*pullsecrets_cluster has no manifests: name them in the ini file (pullsecrets_paths)*",
            "*nowhere: no such file or folder",
            "*the marker pullsecrets takes no naemspace",
        ]
    )


def test_what_cannot_be_read_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("rendered", "bad.yaml").write_text("apiVersion: v1\nkind: [Pod\n")
    pytester.makepyfile(
        """
import pytest

@pytest.mark.pullsecrets("rendered")
def test_it(pullsecrets_cluster):
    pass
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bad.yaml, document 1: *"])


def test_a_failure_reads_well(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import pytest
from pullsecrets.testing import assert_pulls_with

@pytest.mark.pullsecrets("rendered")
def test_it(pullsecrets_cluster):
    assert_pulls_with(pullsecrets_cluster, "pod/api", secret="quay")
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       assert_pulls_with(pullsecrets_cluster, *",
            "E       AssertionError: 1 of 1 image is not pulled with secret quay first",
            "E*quay.io  candidate 1",
        ]
    )
    result.stdout.no_fnmatch_line("*def _answers*")
    result.stdout.no_fnmatch_line("*hunter2-canary*")


def test_fake_registry(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import urllib.request

hosts = []

def test_two(fake_registry):
    first = fake_registry()
    second = fake_registry("basic", users={"ann": "password"}, images=["team/app:1.0"])
    assert first.port != second.port
    assert urllib.request.urlopen(first.url + "/v2/").status == 200
    hosts.append(first)

def test_it_has_ended(fake_registry):
    import pytest
    with pytest.raises(OSError):
        urllib.request.urlopen(hosts[0].url + "/v2/")
"""
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


def test_other_test_runs_do_not_import_the_package(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import sys

def test_it():
    assert "_pullsecrets_pytest" in sys.modules
    assert not [name for name in sys.modules if name.startswith("pullsecrets")]
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_other_test_runs_do_not_depend_on_the_package(pytester: pytest.Pytester) -> None:
    broken = pytester.mkdir("broken")
    broken.joinpath("attrs.py").write_text("raise ImportError('broken')\n")
    pytester.makepyfile("def test_it(): pass")
    pytester.syspathinsert(broken)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_plugin_is_found_by_its_entry_point(pytester: pytest.Pytester) -> None:
    result = pytester.run(sys.executable, "-m", "pytest", "--fixtures", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.pullsecrets(*"])
