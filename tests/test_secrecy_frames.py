"""What an error carries along: frames, their arguments and their locals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pullsecrets
from support.canary import error_texts, leaks
from support.ways_to_fail import WAYS

PACKAGE = str(Path(pullsecrets.__file__).parent)


def frames(error):
    """The locals of each frame of the package, of the error and of what hangs on it."""
    waiting, seen = [error], []
    while waiting:
        current = waiting.pop()
        if current is None or current in seen:
            continue
        seen.append(current)
        waiting += [current.__cause__, current.__context__]
        trace = current.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
                yield trace.tb_frame
            trace = trace.tb_next


@pytest.mark.parametrize("fail", WAYS, ids=lambda way: way.__name__)
def test_no_frame_holds_it(fail):
    with pytest.raises(Exception) as raised:
        fail()
    for text in error_texts(raised.value):
        assert not leaks(text), text
    for frame in frames(raised.value):
        for name, value in frame.f_locals.items():
            assert not leaks(f"{value!r} {value!s}"), f"{frame.f_code.co_qualname}: {name}"


@pytest.mark.parametrize("options", [[], ["-l"], ["--tb=short", "-l"]], ids=" ".join)
def test_what_pytest_prints(options, tmp_path):
    file = tmp_path / "test_all.py"
    file.write_text(
        "from support.ways_to_fail import WAYS\n\n"
        "import pytest\n\n\n"
        "@pytest.mark.parametrize('fail', WAYS, ids=lambda way: way.__name__)\n"
        "def test_it(fail):\n    fail()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-vv", *options, str(file)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert f"{len(WAYS)} failed" in done.stdout, done.stdout[-2000:] + done.stderr
    shown = [line for line in done.stdout.splitlines() if leaks(line)]
    assert not shown
