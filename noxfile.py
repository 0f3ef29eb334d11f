"""The project's checks: `nox` runs all, `nox -s NAME` one, `nox --list` lists them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15", "3.14t"]
PYPROJECT = nox.project.load_toml("pyproject.toml")

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"  # uv where it is installed: much faster
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # a Python that is not there is skipped
nox.options.sessions = ["lint", "types", "docs", "build", "tests"]


def _let_pyenv_answer() -> None:
    """Make pyenv's `python3.x` shims work: they answer only for the versions that are selected."""
    pyenv = shutil.which("pyenv")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    if pyenv is None and not (root / "versions").is_dir():
        return
    installed = sorted(path.name for path in (root / "versions").iterdir())
    wanted = [name for name in installed if name.rpartition(".")[0] in PYTHONS]
    if wanted:
        os.environ["PYENV_VERSION"] = ":".join(wanted)
        os.environ["PATH"] = os.pathsep.join([str(root / "shims"), os.environ["PATH"]])


_let_pyenv_answer()


def _group(name: str) -> list[str]:
    """Return the requirements of one of pyproject.toml's dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def _works(version: str) -> bool:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return True
    python = shutil.which(f"python{version}")
    return bool(python) and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


FOUND = [version for version in PYTHONS if _works(version)]
NEWEST = [version for version in FOUND if not version.endswith("t")][-1]
# What comes out the same on every Python is tested on the newest.
WHAT_MAY_DIFFER = ["-m", "not one_python"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests on the newest Python, measured, and on the others what may differ there."""
    session.install("-e", ".[all]", *_group("test"))
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    side_by_side = ["-n", "auto", "--dist", "worksteal"]
    if session.python != NEWEST:
        effort = {"PULLSECRETS_TEST_EFFORT": "0.2"}
        session.run("pytest", *side_by_side, *WHAT_MAY_DIFFER, env=effort)
        return
    # pytest loads the package's own plugin before any of its plugins could start to measure,
    # so that coverage has to start pytest, not the other way round.
    # (Not in session.create_tmp(): as TMPDIR inside of the project, it would give its pytest
    # settings to the tests that run pytest.)
    data = {"COVERAGE_FILE": str(Path(session.virtualenv.location).resolve() / ".coverage")}
    session.run("coverage", "erase", env=data)
    session.run("coverage", "run", "-m", "pytest", *side_by_side, env=data)
    session.notify("coverage")


@nox.session(python=NEWEST)
def fast(session: nox.Session) -> None:
    """Run what needs no other program, client or resolver, on one Python, with few packages."""
    session.install("-e", ".[all]", *_group("fast"))
    files = sorted(map(str, Path("tests").glob("test_*.py")))
    folders = ["cli", "conformance", "diagnoses", "go", "makers", "node", "properties", "reading"]
    arguments = session.posargs or ["-n", "auto", "--dist", "worksteal"]
    arguments += ["--ignore", "tests/reading/test_clients.py", *files]
    session.run("pytest", *arguments, *(f"tests/{name}" for name in folders))


@nox.session(python=PYTHONS[0], venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that pyproject.toml allows."""
    # At once: a second installation would put newer versions in the place of some of them.
    session.install("--resolution", "lowest-direct", "-e", ".[all]", *_group("test"))
    session.run("pytest", *WHAT_MAY_DIFFER, *session.posargs)


@nox.session(python=NEWEST)
def coverage(session: nox.Session) -> None:
    """Put the processes' data together; fail below 100 % of the branches."""
    session.install("coverage[toml]>=7.10")
    found = sorted(map(str, Path(".nox").glob("tests-*/.coverage*")))
    if not found:
        session.skip("there is no data; run the tests session first")
    session.run("coverage", "combine", "--quiet", *found)
    session.run("coverage", "report")


@nox.session(python=NEWEST)
def lint(session: nox.Session) -> None:
    """Check rules and format (ruff), and the workflows, the docs' included (zizmor, actionlint)."""
    session.install(*_group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    shown = _workflows_in_docs(Path(session.create_tmp()) / "shown")
    own = [".github", "action.yml"]
    strict = ["--offline", "--persona", "pedantic", "--quiet", "--config", ".github/zizmor.yml"]
    session.run("zizmor", *strict, *own, *shown)
    if tag := _last_tag(session):
        session.run("python", ".ci/public_api.py", tag)
    else:
        session.warn("the public API is compared with nothing: there is no release yet")
    if shutil.which("go") is None:
        session.warn("actionlint is left out: it is a Go program, and there is no Go")
        return
    workflows = [*sorted(map(str, Path(".github/workflows").glob("*.yml"))), *shown]
    session.run("go", "run", ACTIONLINT, *workflows, external=True)


def _last_tag(session: nox.Session) -> str:
    """Return the newest release that this commit comes from, or nothing."""
    tags = ["git", "tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v*.*.*"]
    return (session.run(*tags, external=True, silent=True) or "").partition("\n")[0]


def _workflows_in_docs(folder: Path) -> list[str]:
    """Write the workflows that README and docs show as files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = []
    for page in [Path("README.md"), *sorted(Path("docs").rglob("*.md"))]:
        for block in re.findall(r"```yaml\n(.*?)\n```", page.read_text("utf-8"), re.DOTALL):
            if re.search(r"^jobs:", block, re.MULTILINE):
                file = folder / f"{page.stem}-{len(written)}.yml"
                file.write_text(f"{block}\n", "utf-8")
                written.append(str(file))
    return written


@nox.session(python=NEWEST)
def types(session: nox.Session) -> None:
    """Check the types: mypy strict over the package, pyright over it and its public API."""
    session.install("-e", ".[all]", *_group("types"))
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "pullsecrets", "--ignoreexternal")


@nox.session(python=NEWEST)
def docs(session: nox.Session) -> None:
    """Build the docs, warnings as errors, and run each example of README, docs and docstrings."""
    session.install("-e", ".[all]", *_group("docs"))
    session.run("pytest", "-p", "no:cacheprovider", "README.md", "docs", "pullsecrets")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=NEWEST)
def bench(session: nox.Session) -> None:
    """Run the benchmarks: print the functions' table, write the commands' into the docs."""
    session.install("-e", ".[all]", *_group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)
    session.run("python", "-m", "benchmarks.commands", *session.posargs)


@nox.session(python=NEWEST)
def differential(session: nox.Session) -> None:
    """Compare the index with the plain walk on a million drawn lookups (or `--lookups N`)."""
    session.install("-e", ".")
    session.chdir("tests")
    session.run("python", "-m", "support.differential", *session.posargs)


@nox.session(python=NEWEST)
def referee(session: nox.Session) -> None:
    """Compare with the kubelet's code (needs Go): `-- --release 1.37 --count 100000 --seed 1`."""
    session.install("-e", ".[testing]")
    session.chdir("tests")
    session.run("python", "-m", "referee", *session.posargs)


@nox.session(python=NEWEST)
def mistakes(session: nox.Session) -> None:
    """Show that the referee finds deliberate mistakes, each within 10,000 requests (needs Go)."""
    session.install("-e", ".[testing]")
    session.chdir("tests")
    session.run("python", "-m", "referee.mistakes", *session.posargs)


@nox.session(python=NEWEST)
def cluster(session: nox.Session) -> None:
    """Put pods through a real cluster and compare (needs Go and etcd): `-- --release 1.37`."""
    session.install("-e", ".[all]", *_group("test"))
    session.chdir("tests")
    session.run("python", "-m", "live", *session.posargs)


@nox.session(python=NEWEST)
def live(session: nox.Session) -> None:
    """Read a real API server, through a real kubectl, too (needs Go and etcd); or `-- FILES`."""
    session.install("-e", ".[all]", *_group("test"))
    # Their names keep them out of the ordinary run: they build programs first, which takes minutes.
    files = sorted(map(str, Path("tests/live").glob("live_*.py")))
    session.run("pytest", *(session.posargs or files))


@nox.session(python=NEWEST)
def drawn(session: nox.Session) -> None:
    """Run the tests of the rules that draw their inputs with 50 times as many (or `-- TIMES`)."""
    session.install("-e", ".[all]", *_group("test"))
    times = session.posargs[0] if session.posargs else "50"
    files = ["properties/test_rules.py", "test_objects.py", "reading/test_files.py"]
    session.run(
        "pytest",
        *(f"tests/{name}" for name in [*files, "cli/test_resolve.py"]),
        env={"PULLSECRETS_TEST_EFFORT": times},
    )


@nox.session(python=NEWEST)
def hostile(session: nox.Session) -> None:
    """Have thousands of conversations with servers that mean harm (or `-- NUMBER SEED`)."""
    session.install("-e", ".[all]", *_group("test"))
    arguments = session.posargs or ["5000"]
    session.run(
        *("python", "-W", "error", "tests/probe/hostile.py", *arguments),
        env={"PYTHONPATH": "tests"},
    )


@nox.session(python=NEWEST)
def mutants(session: nox.Session) -> None:
    """Count the small changes that no test notices: `-- --module matching --count 30 --seed 1`."""
    session.install("-e", ".[all]", *_group("test"), *_group("mutants"))
    session.chdir("tests")
    session.run("python", "-m", "support.mutants", *session.posargs)


@nox.session(python="3.13")  # the newest that atheris has wheels for
def fuzz(session: nox.Session) -> None:
    """Fuzz what reads untrusted text, guided by coverage, for ten minutes (or `-- SECONDS`)."""
    session.install("-e", ".[all]", *_group("fuzz"))
    seconds = int(session.posargs[0]) if session.posargs else 600
    folder = Path(session.create_tmp()).resolve()
    targets = sorted(path.name for path in Path("tests/fuzzing/corpus").iterdir())
    crashed = []
    for target in targets:
        found = folder / target
        found.mkdir(exist_ok=True)  # what reached something new; the next run starts with it
        options = [f"-max_total_time={seconds // len(targets)}", "-timeout=20", "-max_len=4096"]
        options += ["-print_final_stats=1", f"-artifact_prefix={found}-", str(found)]
        command = [str(Path(session.bin) / "python"), "-m", "fuzzing", target, *options]
        done = subprocess.run(command, cwd="tests", capture_output=True)
        told = done.stderr.decode(errors="replace")
        executions = re.search(r"number_of_executed_units: *([0-9]+)", told)
        session.log(f"{target}: {executions[1] if executions else '?'} executions")
        if done.returncode:
            crashed.append(target)
            session.warn(told[-4000:])
    if crashed:
        session.error(f"crashes of {', '.join(crashed)}; the inputs are in {folder}")


@nox.session(python=NEWEST)
def build(session: nox.Session) -> None:
    """Build wheel and sdist and check both; run the README's first command in a copy."""
    session.install(*_group("build"))
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist))
    session.run("twine", "check", "--strict", *sorted(map(str, dist.iterdir())))
    [wheel] = dist.glob("*.whl")
    session.run("check-wheel-contents", str(wheel))
    names = zipfile.ZipFile(wheel).namelist()
    if "pullsecrets/py.typed" not in names:
        session.error("the wheel holds no py.typed")
    if foreign := [
        name
        for name in names
        if not re.match(r"pullsecrets(-[^/]+\.dist-info)?/|_pullsecrets_pytest\.py$", name)
    ]:
        session.error(f"the wheel holds {foreign}")

    # As a newcomer does: a copy of what git knows, an empty environment, the command as it is.
    copy = Path(session.create_tmp()) / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    files = session.run("git", "ls-files", external=True, silent=True).splitlines()
    for name in files:
        if Path(name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, copy / name)
    readme = (copy / "README.md").read_text("utf-8")
    command = re.search(r"```sh\n(.*)\n```", readme)[1]
    with session.chdir(copy):
        # 1: some of the examples are broken on purpose, as the README says.
        session.run("bash", "-c", command, external=True, success_codes=[1])
