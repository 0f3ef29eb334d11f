"""For each namespace: the images pulled anonymously, and those whose pull fails, and why.

python anonymous_pulls.py MANIFESTS...
"""

import sys
from collections import defaultdict
from collections.abc import Iterable

from pullsecrets import Cluster, Note, load
from pullsecrets.notes import NoteCode

HINTS = {
    NoteCode.INVALID_IMAGE: "fix the image's name",
    NoteCode.UNDECODABLE_SECRET: "make the secret again",
}


def why(notes: Iterable[Note]) -> str:
    """What was passed over on the way to an anonymous pull."""
    return "; ".join(str(note) for note in notes) or "no entry matches"


def report(cluster: Cluster) -> dict[str, set[str]]:
    """The lines of each namespace."""
    lines: dict[str, set[str]] = defaultdict(set)
    for answer in cluster.resolve_all():
        for image in answer.images:
            resolution, failure = image.resolution, image.resolution.failure
            if failure is not None:
                hint = HINTS.get(failure.code, "see the message")
                lines[answer.pod.namespace].add(f"{resolution.written} fails: {failure} ({hint})")
            elif resolution.anonymous:
                reason = why(answer.notes)
                lines[answer.pod.namespace].add(f"{resolution.written} is anonymous: {reason}")
    return lines


for namespace, found in sorted(report(load(*sys.argv[1:])).items()):
    print(namespace, *sorted(found), sep="\n  ")
