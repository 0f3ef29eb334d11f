"""The program of docs/how-to/fleet.md on a real Dask cluster of two worker processes."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pullsecrets import PullSecret, load

pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "fleet.md"
DUMPS = 6
NAME = "fleet_of_the_page"

# Of the libraries, not of the program.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.one_python]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Any:
    """The program of the page, as a module that workers can import."""
    [program] = re.findall(r"```python\n# file: fleet\.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = folder / f"{NAME}.py"
    file.write_text(program)
    sys.path.insert(0, str(folder))  # new processes get the path of this one
    yield importlib.import_module(NAME)
    sys.path.remove(str(folder))
    del sys.modules[NAME]


@pytest.fixture(scope="module")
def dumps(folder: Path) -> Path:
    """Some clusters as `kubectl get --output json` dumps them, one of them with a broken secret."""
    target = folder / "dumps"
    target.mkdir()
    for number in range(DUMPS):
        good = PullSecret.from_credentials("good", {"quay.io": (f"robot-{number}", "PASSWORD")})
        broken = good.to_manifest()
        broken["metadata"] = {"name": "broken"}
        broken["data"] = {".dockerconfigjson": "bm90IEpTT04="}
        pods = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"app-{at}", "uid": str(at)},
                "spec": {
                    "imagePullSecrets": [{"name": "broken" if at % 50 == 49 else "good"}],
                    "containers": [
                        {"name": "app", "image": f"quay.io/acme/app-{at % 40}"},
                        {"name": "proxy", "image": "nginx"},
                    ],
                },
            }
            for at in range(100 * (number + 1))
        ]
        items = [good.to_manifest(), broken, *pods]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        (target / f"cluster-{number}.json").write_text(text)
    return target


def without_dask(fleet: ModuleType, dumps: Path) -> Any:
    frames = []
    for path in sorted(dumps.iterdir()):
        records = [{"cluster": path.stem, **record} for record in load(path).to_records()]
        frames.append(pd.DataFrame(records, columns=list(fleet.COLUMNS)).astype(fleet.COLUMNS))
    return pd.concat(frames, ignore_index=True)


def test_two_processes_give_what_one_gives(fleet: ModuleType, dumps: Path, folder: Path) -> None:
    expected = without_dask(fleet, dumps)
    times = {}
    for workers in (1, 2):
        with (
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            assert all(w.address.startswith("tcp://127.0.0.1:") for w in cluster.workers.values())
            pids = set(client.run(os.getpid).values())
            assert len(pids) == workers
            assert os.getpid() not in pids
            start = time.perf_counter()
            rows = client.compute(fleet.resolve_fleet(str(dumps)))
            found = rows.result(timeout=120)
            times[workers] = time.perf_counter() - start
        # pandas 2 stores the workers' strings in another way than ours; the values are the same.
        pd.testing.assert_frame_equal(found.reset_index(drop=True), expected, check_dtype=False)
    assert found["cluster"].nunique() == DUMPS
    assert found["failure"].notna().sum() == sum(4 * (number + 1) for number in range(DUMPS))
    sys.stdout.write(f"seconds by workers: {times}\n")


def test_the_program_writes_parquet(
    fleet: ModuleType, dumps: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = folder / "results"
    fleet.main(str(dumps), str(results), "0")
    expected = without_dask(fleet, dumps)
    assert f"{len(expected)} images in " in capsys.readouterr().out
    pd.testing.assert_frame_equal(pd.read_parquet(results), expected, check_dtype=False)
    assert len(list(results.glob("*.parquet"))) == DUMPS


def test_results_hold_no_password(fleet: ModuleType, dumps: Path) -> None:
    text = fleet.resolve_dump(str(dumps / "cluster-0.json")).to_csv()
    assert "robot" not in text
    assert "PASSWORD" not in text
