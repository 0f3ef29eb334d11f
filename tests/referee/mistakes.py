"""Puts mistakes into a copy of pullsecrets, one at a time, and counts until the referee disagrees.

`nox -s mistakes` writes what it found to a table of the docs. A comparison that finds nothing
proves little if it could find nothing. Exits with 1 where a mistake was not found, or where its
text is not in the sources any more.
"""

from __future__ import annotations

import argparse
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import frozen

from referee.__main__ import DOCS, DRAWN, write
from referee.comparing import difference
from referee.kubelet import Kubelet
from support.go_programs import NEWEST

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.parent / "pullsecrets"
REPORT = DOCS / "referee-mistakes.csv"
NOT_FOUND = "not found"


@frozen
class Mistake:
    """A deliberate mistake.

    Attributes:
        text: What is wrong then, in a few words.
        module: The file that it is made in.
        right: The text in it that is replaced, which is there once.
        wrong: What replaces it.
        part: The part of the referee that is to find it.
    """

    text: str
    module: str
    right: str
    wrong: str
    part: str = "keyring"


MATCHING, KEYRING, DOCKER = "matching.py", "keyring.py", "dockerconfig.py"
PROVIDERS, ANSWERS, NODE = "node/providers.py", "node/answers.py", "node/node.py"
DECISION, RECORDED, RECORDS = "node/decision.py", "node/recorded.py", "node/records.py"

MISTAKES = (
    # matching
    Mistake(
        "a path matches by whole components only",
        MATCHING,
        "return path.startswith(prefix) or (",
        "return path == prefix or path.startswith(prefix.rstrip('/') + '/') or (",
    ),
    Mistake("the port of a key is ignored", MATCHING, "if key.port != name.port:", "if False:"),
    Mistake("the number of labels is ignored", MATCHING, "!= len(name.labels)", "> 99"),
    Mistake("`/v2/` is not stripped from a key", MATCHING, '("/v1/", "/v2/")', '("/v1/",)'),
    Mistake("`/v1` without a slash is stripped", MATCHING, '("/v1/", "/v2/")', '("/v1", "/v2/")'),
    Mistake("a path of `/` stays in the key", MATCHING, 'if path == "/" else', "if False else"),
    Mistake(
        "a key is decoded once only",
        MATCHING,
        "    url = parse_url(text, strict_ports=strict_ports)",
        '    url = parse_url(text.replace("%", "%25"), strict_ports=strict_ports)',
    ),
    Mistake(
        "the index forgets the whole path",
        MATCHING,
        "for end in range(len(path) + 1):",
        "for end in range(len(path)):",
    ),
    Mistake(
        "the fallback to Docker Hub is in addition to what matched",
        MATCHING,
        "            keys = [DOCKER_HUB_KEY]",
        "            pass\n"
        "        if DOCKER_HUB_KEY in self._items and is_default_registry(image_name):\n"
        "            keys.append(DOCKER_HUB_KEY)",
    ),
    Mistake(
        "no fallback to Docker Hub for a host without a dot",
        MATCHING,
        ' or not ("." in host or ":" in host)',
        "",
    ),
    # decoding
    Mistake("field names match by letter case", DOCKER, '.replace("ſ", "s").lower()', ""),
    Mistake("the long s is no s in a field's name", DOCKER, '.replace("ſ", "s")', ""),
    Mistake("`auth` is split at its last colon", DOCKER, "text.partition", "text.rpartition"),
    Mistake(
        "`auth` does not replace a user name", DOCKER, 'if fields["auth"]:', "if not username:"
    ),
    Mistake(
        "base64 without padding is refused",
        DOCKER,
        'padded=auth.strip("\\r\\n").endswith("=")',
        "padded=True",
    ),
    Mistake(
        "a second `auths` replaces the first",
        DOCKER,
        "            if value is None:\n                auths.clear()",
        "            auths.clear()",
    ),
    Mistake("`HttpHeaders` are not looked at", DOCKER, 'folded == "httpheaders"', "False"),
    # the order
    Mistake("keys in ascending order", MATCHING, "key=go_bytes, reverse=True", "key=go_bytes"),
    Mistake(
        "the longest key first",
        MATCHING,
        "key=go_bytes, reverse=True",
        "key=lambda k: (len(k), go_bytes(k)), reverse=True",
    ),
    Mistake("a tier for each entry", KEYRING, "tier += config.slot != last", "tier += 1"),
    Mistake(
        "one tier for a key, whatever the secret",
        KEYRING,
        "tier += config.slot != last",
        "tier += last == -1",
    ),
    Mistake(
        "the node's docker config before the secrets",
        KEYRING,
        "for ring in rings for key",
        "for ring in rings[::-1] for key",
    ),
    # providers: caches and what they are asked
    Mistake(
        "an answer for a registry is kept for the image",
        PROVIDERS,
        'CacheKeyType.REGISTRY: image.partition("/")[0]',
        "CacheKeyType.REGISTRY: image",
        "providers",
    ),
    Mistake(
        "a global answer is kept for the registry",
        PROVIDERS,
        'CacheKeyType.GLOBAL: ""',
        'CacheKeyType.GLOBAL: image.partition("/")[0]',
        "providers",
    ),
    Mistake(
        "a cache key without the account's UID",
        PROVIDERS,
        "(account.namespace, account.name, account.uid),",
        '(account.namespace, account.name, ""),',
        "providers",
    ),
    Mistake(
        "a cache key without the account's namespace",
        PROVIDERS,
        "(account.namespace, account.name, account.uid),",
        '("", account.name, account.uid),',
        "providers",
    ),
    Mistake(
        "a cache key without the annotations",
        PROVIDERS,
        "tuple(sorted(self.request.annotations.items())),",
        "(),",
        "providers",
    ),
    Mistake(
        "a cache key without the token",
        PROVIDERS,
        "token.cache_type is CacheType.TOKEN,",
        "False,",
        "providers",
    ),
    Mistake(
        "a cache key with the token always",
        PROVIDERS,
        "token.cache_type is CacheType.TOKEN,",
        "True,",
        "providers",
    ),
    Mistake(
        "an answer's own duration is ignored",
        ANSWERS,
        "provider.default_cache_duration if given is None else given",
        "provider.default_cache_duration",
        "providers",
    ),
    Mistake(
        "an answer without a duration is not kept",
        ANSWERS,
        "provider.default_cache_duration if given is None else given",
        "given or timedelta()",
        "providers",
    ),
    Mistake(
        "a service account without a required annotation is let through",
        PROVIDERS,
        "return tuple(key for key in annotations if key not in self.annotations)",
        "return ()",
        "providers",
    ),
    # the record decision, and what is recorded
    Mistake(
        "100 recorded secrets are no limit",
        DECISION,
        "_MAX_SECRETS: Final = 100",
        "_MAX_SECRETS: Final = 1000",
        "present",
    ),
    Mistake(
        "a rotated secret is not trusted",
        DECISION,
        "        if same and adds:",
        "        if False:",
        "present",
    ),
    Mistake(
        "an empty hash equals another",
        DECISION,
        "if recorded.hash and secret.hash == recorded.hash:",
        "if secret.hash == recorded.hash or not recorded.hash.reveal():",
        "present",
    ),
    Mistake(
        "an equal credential of another secret is not recorded",
        DECISION,
        "added = secret if adds and not same else None",
        "added = None",
        "present",
    ),
    Mistake(
        "what is open to every pod is verified",
        DECISION,
        "    if known.node_pods_accessible:\n        return Conclusion(Step.OPEN_TO_ALL)\n",
        "",
        "present",
    ),
    Mistake(
        "a broken record is none",
        DECISION,
        "        return Conclusion(Step.BROKEN_RECORD, subject=(str(record),))",
        "        record = None",
        "present",
    ),
    Mistake(
        "an intent does not count",
        DECISION,
        "record is not None or intent is not None",
        "record is not None",
        "present",
    ),
    Mistake(
        "service accounts are not compared",
        DECISION,
        "account is not None and account in known.service_accounts",
        "False",
        "present",
    ),
    Mistake(
        "the allowlist is for the kubelet's own pulls only",
        "node/verification.py",
        "return self.allowing(image, release) is None",
        "return pulled_by_kubelet and self.allowing(image, release) is None",
        "present",
    ),
    Mistake(
        "the e-mail is no part of the hash",
        RECORDED,
        '        "email": credential.email,\n    }\n    text',
        "    }\n    text",
        "present",
    ),
    Mistake(
        "an image that is open to all becomes one secret's",
        RECORDED,
        "return self if self.node_pods_accessible else PullCredentials((), (), True)",
        "return new",
        "present",
    ),
    Mistake(
        "a failed pull leaves its intent",
        RECORDS,
        "pulling=begun.without(intent.key))",
        "pulling=begun if pull.image_id is None else begun.without(intent.key))",
        "present",
    ),
    Mistake(
        "names in records are normalised",
        RECORDS,
        "if not release.record_names_as_written:",
        "if True:",
        "present",
    ),
)


def found_after(mistake: Mistake, requests: Path) -> str:
    """After how many requests the copy with the mistake is found to answer differently.

    Args:
        mistake: The mistake.
        requests: The file of the part's requests. They are drawn once, which takes longest.
    """
    sources = PACKAGE.joinpath(mistake.module).read_text("utf-8")
    if sources.count(mistake.right) != 1:
        return f"not made: its text is there {sources.count(mistake.right)} times"
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(PACKAGE, Path(directory, "pullsecrets"))
        path = Path(directory, "pullsecrets", mistake.module)
        path.write_text(sources.replace(mistake.right, mistake.wrong), "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "referee.mistakes", "--first", mistake.part, str(requests)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([directory, str(TESTS)])},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        return f"not made: {done.stderr.strip().splitlines()[-1]}"
    return done.stdout.strip()


def first_difference(part: str, requests: Path) -> str:
    """The number of the first request that is answered differently."""
    with Kubelet(NEWEST, part) as kubelet:
        for number, request in enumerate(pickle.loads(requests.read_bytes()), 1):
            if difference(kubelet, request) is not None:
                return f"{number:,}"
    return NOT_FOUND


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mistakes", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="of requests (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (%(default)s)")
    parser.add_argument("--report", type=Path, default=REPORT, help="a CSV file to be written")
    parser.add_argument("--first", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.first:
        part, requests = options.first
        sys.stdout.write(f"{first_difference(part, Path(requests))}\n")
        return 0
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        for part in {mistake.part: None for mistake in MISTAKES}:
            drawn = list(DRAWN[part](options.seed, options.count))
            Path(directory, part).write_bytes(pickle.dumps(drawn))
        for mistake in MISTAKES:
            after = found_after(mistake, Path(directory, mistake.part))
            sys.stdout.write(f"{mistake.text}: {after}\n")
            sys.stdout.flush()
            rows.append({"mistake": mistake.text, "part": mistake.part, "found after": after})
    write(rows, options.report)
    return 0 if all(row["found after"][0].isdigit() for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
