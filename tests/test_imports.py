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


def test_import_alone_loads_none_of_its_modules() -> None:
    loaded = loaded_by("import pullsecrets")
    assert {name for name in loaded if name.startswith("pullsecrets")} == {"pullsecrets"}
    assert "attr" not in loaded


def test_resolving_leaves_the_rest_alone() -> None:
    loaded = loaded_by(RESOLVE)
    rest = {"cli", "cluster", "diagnoses", "handover", "picture", "probe", "testing"}
    assert not loaded & {f"pullsecrets.{name}" for name in (*rest, "trace", "loading")}
    others = {name.partition(".")[0] for name in loaded} - {"pullsecrets"}
    third_parties = {name for name in others if name not in sys.stdlib_module_names}
    # docker-image-py brings regex.
    assert third_parties <= {
        "attr", "attrs", "docker_image", "lazy_loader", "packaging", "pytz", "regex",
        "typing_extensions",
    }  # fmt: skip


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


def test_every_public_name_is_there() -> None:
    assert len(pullsecrets.__all__) <= 25
    assert set(pullsecrets.__all__) <= set(dir(pullsecrets))
    for name in pullsecrets.__all__:
        assert getattr(pullsecrets, name).__name__ == name
    with pytest.raises(AttributeError, match="attribute"):
        _ = pullsecrets.nonsense  # type: ignore[attr-defined]


def test_explain_is_the_function_whatever_is_loaded_first() -> None:
    program = "import pullsecrets.trace, pullsecrets.diagnoses, pullsecrets; pullsecrets.explain"
    loaded_by(program + "('nginx', []).resolution")
    loaded_by("from pullsecrets import explain; import pullsecrets.trace; explain('nginx', [])")


def test_values_pickle_by_their_modules() -> None:
    assert pickle.loads(pickle.dumps(pullsecrets.Image)) is pullsecrets.Image
