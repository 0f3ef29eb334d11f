"""Ask the registry itself: which candidate gets in, which does not and why, does the pod start?

Needs the extra ``probe``; nothing else of pullsecrets uses the network::

    from pullsecrets import load
    from pullsecrets.probe import Prober

    with Prober() as prober:
        for pod in prober.probe_all(load("manifests/")):
            print(pod.name, pod.starts)

The modules, in the order of what they know: `challenges`, `sites` and `realms` (text), `outcomes`
and `results` (values), `policy` and `proxies` (where requests may go), `leash` and `transport`
(HTTP that ends), `trail`, `answers` and `sender` (a request, noted and tried again), `login` and
`manifests` (what an answer means), `flow` (one registry), `run` (which of them is next), `prober`
(all of them); `identity` looks into secrets once more.
"""

from __future__ import annotations

from pullsecrets.errors import MissingExtra
from pullsecrets.probe.identity import identity_tokens
from pullsecrets.probe.outcomes import Attempt, Outcome, Request
from pullsecrets.probe.results import ClusterProbe, Finding, FindingKind, ImageProbe, PodProbe

try:
    from pullsecrets.probe.prober import Prober, Run
except ModuleNotFoundError as _error:
    if _error.name not in ("publicsuffixlist", "requests", "urllib3"):
        raise
    raise MissingExtra("asking registries", "probe") from None

__all__ = [
    "Attempt",
    "ClusterProbe",
    "Finding",
    "FindingKind",
    "ImageProbe",
    "Outcome",
    "PodProbe",
    "Prober",
    "Request",
    "Run",
    "identity_tokens",
]
