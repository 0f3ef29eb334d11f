"""Puts the conformance vectors of images, keys, docker configs and secrets to the newest release.

`python -m referee.conformance` in `tests/` writes that release into each line. A line that the
release answers in another way than pullsecrets ends it, and so does one that pullsecrets answers in
another way than the line: `conformance/test_vectors.py`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from referee.comparing import difference
from referee.kubelet import Kubelet, Request
from support.go_programs import NEWEST

FOLDER = Path(__file__).parents[1] / "conformance"
FILES = ("images", "matches", "configs", "lookups")


def read(name: str) -> Iterator[dict[str, Any]]:
    """The vectors of a file."""
    return map(json.loads, path_of(name).read_text("utf-8").splitlines())


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.jsonl"


def request_of(name: str, vector: dict[str, Any]) -> Request:
    """What the referee is asked for a vector of a file."""
    if name == "images":
        return {"op": "image", "image": vector["image"]}
    if name == "matches":
        return {"op": "match", "pattern": vector["pattern"], "image": vector["target"]}
    if name == "configs":
        return {"op": "config", "config": b64decode(vector["config_b64"])}
    secrets = [
        {**secret, "data": {key: b64decode(value) for key, value in secret["data"].items()}}
        for secret in vector["secrets"]
    ]
    config = vector.get("node_config_b64")
    node = {} if config is None else {"root/config.json": b64decode(config)}
    return {"op": "lookup", "image": vector["image"], "secrets": secrets, "node": node}


def write(name: str, kubelet: Kubelet) -> None:
    """Write a file anew, with the kubelet's release."""
    lines = []
    for number, vector in enumerate(read(name), 1):
        found = difference(kubelet, request_of(name, vector))
        if found is not None:
            raise SystemExit(f"{name}.jsonl, line {number}: a difference in {found}")
        lines.append(json.dumps({**vector, "kubernetes": kubelet.release}, sort_keys=True))
    path_of(name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    with Kubelet(NEWEST) as kubelet:
        for name in FILES:
            write(name, kubelet)
