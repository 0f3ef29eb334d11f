"""Writes requests down with the kubelet's answers, for the tests of machines without Go.

`python -m referee.vectors` in `tests/` draws them anew, from the newest release and from one before
it. Each line of a file is one request with its release; bytes are `{"base64": …}`.
"""

from __future__ import annotations

import gzip
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from referee.__main__ import DRAWN
from referee.comparing import at_drawn_times, difference
from referee.kubelet import Answer, Kubelet, Request
from support.go_programs import NEWEST

FOLDER = Path(__file__).parent / "vectors"
COUNTS = {
    "keyring": {NEWEST: 2000},
    "providers": {NEWEST: 600, "1.32": 200},
    "present": {NEWEST: 400, "1.33": 150},
}
"""Part → release → how many requests are written down."""
SEED = 7


class Recorded:
    """A kubelet of which it was written down what it answers to one request.

    Attributes:
        release: Its release.
        answers: Its answers: a look-up may be asked for several times. The last counts for more.
    """

    def __init__(self, release: str, answers: list[Answer]) -> None:
        self.release = release
        self.answers = answers
        self._next = iter(answers)

    def ask(self, request: Request) -> Answer:
        """What it answered."""
        answer: Answer = next(self._next, self.answers[-1])
        return json.loads(json.dumps(answer))  # type: ignore[no-any-return]  # a copy


class _Recording:
    """A kubelet whose answers to one request are written down."""

    def __init__(self, kubelet: Kubelet) -> None:
        self.release = kubelet.release
        self.kubelet = kubelet
        self.answers: list[Answer] = []

    def ask(self, request: Request) -> Answer:
        answer = at_drawn_times(self.kubelet.ask(request))
        self.answers.append(json.loads(json.dumps(answer)))
        return answer


def path_of(part: str) -> Path:
    return FOLDER / f"{part}.jsonl.gz"


def read(part: str) -> Iterator[tuple[Recorded, Request]]:
    """The requests of a part, each with the kubelet that answered it."""
    with gzip.open(path_of(part), "rt", encoding="utf-8") as file:
        for line in file:
            vector = json.loads(line, object_hook=_bytes)
            yield Recorded(vector["kubernetes"], vector["answers"]), vector["request"]


def _bytes(value: dict[str, Any]) -> Any:
    return b64decode(value["base64"]) if value.keys() == {"base64"} else value


def write(part: str) -> None:
    """Draw requests of a part, and write them down with the answers."""
    FOLDER.mkdir(exist_ok=True)
    lines = []
    for release, count in COUNTS[part].items():
        with Kubelet(release, part) as kubelet:
            for request in DRAWN[part](SEED, count):
                recording = _Recording(kubelet)
                found = difference(recording, request)
                if found is not None:
                    raise SystemExit(f"{part} {release}: a difference in {found}: {request}")
                vector = {"kubernetes": release, "request": request, "answers": recording.answers}
                lines.append(json.dumps(vector, default=_base64))
    with gzip.GzipFile(path_of(part), "wb", mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def _base64(value: bytes) -> dict[str, str]:
    return {"base64": b64encode(value).decode()}


if __name__ == "__main__":
    for part in sys.argv[1:] or DRAWN:
        write(part)
