"""What `import pullsecrets` loads, and what it leaves until it is used."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import pullsecrets


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads beyond those that each Python has loaded."""
    script = (
        f"import sys; before = set(sys.modules)\n{program}\nprint(*(set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


RESOLVE = """
from pullsecrets import PullSecret, resolve
secret = PullSecret.from_credentials("regcred", {"quay.io": ("user", "password")})
assert resolve("quay.io/acme/app", [secret]).candidates
"""


def test_import_alone_loads_no_more_than_the_package() -> None:
    assert loaded_by("import pullsecrets") <= {"pullsecrets", "__future__", "types"}


def test_resolving_loads_the_core_and_what_it_is_built_on() -> None:
    loaded = loaded_by(RESOLVE)
    assert {name for name in loaded if name.startswith("pullsecrets")} == {
        "pullsecrets",
        "pullsecrets._go.base64",
        "pullsecrets._go.json",
        "pullsecrets._go.marshal",
        "pullsecrets._go.url",
        "pullsecrets._index",
        "pullsecrets.matching",
        "pullsecrets.reading.clients",
        "pullsecrets.dockerconfig",
        "pullsecrets.errors",
        "pullsecrets.images",
        "pullsecrets.keyring",
        "pullsecrets.objects",
        "pullsecrets.registries",
        "pullsecrets.cluster",
        "pullsecrets.secrecy",
    }
    others = {name.partition(".")[0] for name in loaded} - {"pullsecrets"}
    third_parties = {name for name in others if name not in sys.stdlib_module_names}
    # docker-image-py brings regex.
    assert third_parties <= {"attr", "attrs", "docker_image", "regex", "pytz", "typing_extensions"}


@pytest.mark.parametrize(
    "program",
    [
        RESOLVE,
        RESOLVE + "from pullsecrets import check, explain, load",
        "from pullsecrets import *",
    ],
)
def test_optional_and_costly_packages_are_left_alone(program: str) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(program)}
    costly = {"asyncio", "click", "email", "http", "hypothesis", "pytest", "requests", "rich"}
    assert not loaded & (costly | {"socket", "ssl", "unittest", "urllib3", "yaml"})


def test_every_public_name_is_there_and_known_where_it_comes_from() -> None:
    assert sorted(pullsecrets._HOMES) == sorted(pullsecrets.__all__)
    for name in pullsecrets.__all__:
        assert getattr(pullsecrets, name).__name__ == name
        assert name in dir(pullsecrets)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = pullsecrets.nonsense  # type: ignore[attr-defined]


def test_explain_is_the_function_whatever_is_loaded_first() -> None:
    program = "import pullsecrets.trace, pullsecrets.diagnoses, pullsecrets; pullsecrets.explain"
    loaded_by(program + "('nginx', []).resolution")
    loaded_by("import pullsecrets; f = pullsecrets.explain; import pullsecrets.trace; f is not 1")
    assert callable(pullsecrets.explain)
    assert "pullsecrets.trace" in sys.modules


def test_the_package_pickles_like_any_module_for_cloudpickle() -> None:
    assert pickle.loads(pickle.dumps(pullsecrets)) is pullsecrets


def test_values_pickle_by_their_modules() -> None:
    assert pickle.loads(pickle.dumps(pullsecrets.Image)) is pullsecrets.Image
