# What to see: no sentence is parsed. Every reason is a code, and the secret that it is about.
"""List, by namespace, the images that are pulled anonymously or not at all, and why.

Usage: python anonymous_pulls.py PATH...
"""

import sys
from collections import defaultdict
from collections.abc import Iterator

from pullsecrets import Cluster, load
from pullsecrets.trace import Explanation, explain_all


def reasons(explanation: Explanation) -> Iterator[str]:
    """What keeps each secret and each entry from the image."""
    failure = explanation.resolution.failure
    if failure is not None:
        yield f"{failure.code}: {failure.subject}"
        return
    for secret in explanation.secrets:
        if secret.note is not None:
            yield f"{secret.note.code}: {secret.note.subject}"
        for entry in secret.entries:
            yield f"{entry.reason}: entry '{entry.entry}' of {entry.source}"


def without_credential(cluster: Cluster) -> dict[str, list[Explanation]]:
    """Namespace → the images that have no candidate."""
    found: dict[str, list[Explanation]] = defaultdict(list)
    for pod in explain_all(cluster):
        found[pod.pod.namespace] += (each for each in pod if not each.candidates)
    return found


if __name__ == "__main__":
    for namespace, images in sorted(without_credential(load(*sys.argv[1:])).items()):
        for each in images:
            outcome = "anonymous" if each.resolution.anonymous else "fails"
            print(f"{namespace}: {each.resolution.written}: {outcome}")
            for reason in reasons(each):
                print(f"    {reason}")
