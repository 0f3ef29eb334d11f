"""The kubelet's rules read a second time, as plainly as they are written.

Nothing here is shared with the package, and nothing here is fast, general or pretty: each function
is one of the rules 1 to 16, word by word, for the inputs that `worlds` draws. Where this and the
package disagree, one of them misreads a rule.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import unquote

# --- Rule 11: the image's name ---------------------------------------------------------------

DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?"
)
COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


def image_name(text):
    """The normalised name, None for what is no image."""
    if re.fullmatch(r"[a-f0-9]{64}", text):
        return None
    first, slash, rest = text.partition("/")
    names_a_registry = slash and (
        "." in first or ":" in first or first == "localhost" or first != first.lower()
    )
    if not names_a_registry:
        first, rest = "docker.io", text
    if first == "index.docker.io":
        first = "docker.io"
    if first == "docker.io" and "/" not in rest:
        rest = "library/" + rest
    rest, at, digest = rest.partition("@")
    if at:
        algorithm, _, digits = digest.partition(":")
        if HEX_DIGITS.get(algorithm) != len(digits) or not re.fullmatch("[a-f0-9]*", digits):
            return None
    *parents, last = rest.split("/")
    last, colon, tag = last.partition(":")
    if colon and not TAG.fullmatch(tag):
        return None
    path = [*parents, last]
    if not all(COMPONENT.fullmatch(component) for component in path):
        return None
    if DOMAIN.fullmatch(first):
        return "/".join([first, *path]) if len("/".join(path)) <= 255 else None
    name = "/".join([first, *path])
    if not all(COMPONENT.fullmatch(component) for component in name.split("/")):
        return None
    return name if len(name) <= 255 else None


# --- Rules 7 to 9: what a secret holds -------------------------------------------------------


class Undecodable(Exception):
    pass


class Pairs(list):
    """An object of JSON with all of its members."""


def members(value):
    if value is None:
        return []
    if not isinstance(value, Pairs):
        raise Undecodable
    return value


def string(value):
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Undecodable
    return value


def decode_config(data, *, legacy):
    """The list of (entry, user, password, email)."""
    try:
        document = json.loads(data.decode(), object_pairs_hook=Pairs)
    except ValueError:
        raise Undecodable from None
    if legacy:
        maps = [document]
    else:
        maps = [value for name, value in members(document) if name.lower() == "auths"]
    found = {}
    for auths in maps:
        if auths is None:
            found.clear()
        for entry, value in members(auths):
            found[entry] = decode_entry(value)
    return [(entry, *credential) for entry, credential in found.items()]


def decode_entry(value):
    fields = {"username": "", "password": "", "email": "", "auth": ""}
    for name, text in members(value):
        if name.lower() in fields and text is not None:
            fields[name.lower()] = string(text)
    user, password = fields["username"], fields["password"]
    if fields["auth"]:
        user, password = decode_auth(fields["auth"])
    return user, password, fields["email"]


def decode_auth(text):
    padded = text.strip().endswith("=")
    text = text.replace("\r", "").replace("\n", "")
    if not padded:
        if len(text) % 4 == 1:
            raise Undecodable
        text += "=" * (-len(text) % 4)
    try:
        plain = base64.b64decode(text, validate=True)
    except ValueError:
        raise Undecodable from None
    if b":" not in plain:
        raise Undecodable
    user, _, password = plain.partition(b":")
    return user.decode(), password.decode()


def secret_value(secret):
    """The value that counts and whether it is a .dockercfg; None where the secret is skipped."""
    values = {name: base64.b64decode(v or "") for name, v in (secret.get("data") or {}).items()}
    values.update({n: (v or "").encode() for n, v in (secret.get("stringData") or {}).items()})
    if secret.get("type") == "kubernetes.io/dockerconfigjson" and values.get(".dockerconfigjson"):
        return values[".dockerconfigjson"], False
    if secret.get("type") == "kubernetes.io/dockercfg" and values.get(".dockercfg"):
        return values[".dockercfg"], True
    return None


# --- Rules 10 and 12: keys -------------------------------------------------------------------


def parse_url(text):
    """Host and path of a URL less its scheme, None where Go refuses it."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text.partition("#")[0]):
        return None
    text, _, fragment = text.partition("#")
    text = text.partition("?")[0]
    authority, slash, path = text.partition("/")
    user, at, host = authority.rpartition("@")
    if at and not re.fullmatch(r"(?:[A-Za-z0-9._:~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})*", user):
        return None
    for part in (path, fragment):
        if re.search(r"%(?![0-9A-Fa-f]{2})", part):
            return None
    if host.startswith("["):
        # Only the literals that are drawn: an address, maybe a port behind it.
        if not re.fullmatch(r"\[[0-9a-f:]+\](?::[0-9]*)?", host):
            return None
    else:
        if not re.fullmatch(r"(?:[A-Za-z0-9.!$&'()*+,;=:<>\"_~-]|%25|%[89A-Fa-f].)*", host):
            return None
        if ":" in host and not re.fullmatch(r"[^:]*:[0-9]*", host):
            return None
    return unquote(host, errors="surrogateescape"), unquote(slash + path, errors="surrogateescape")


def key_of(entry):
    """Rule 10; None where the entry is dropped."""
    for scheme in ("https://", "http://"):
        if entry.startswith(scheme):
            entry = entry[len(scheme) :]
            break
    url = parse_url(entry)
    if url is None:
        return None
    host, path = url
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path in ("", "/") else host + path


def split_port(host):
    if host.startswith("["):
        literal, _, port = host.rpartition("]")
        return (literal[1:], port[1:]) if port.startswith(":") else (host, "")
    name, _, port = host.partition(":")
    return name, port


def glob(pattern, text):
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[at:]) for at in range(len(text) + 1))
    if pattern[0] == "[":  # of an IPv6 literal without a port: a set of characters
        characters, bracket, rest = pattern[1:].partition("]")
        return bool(bracket and text) and text[0] in characters and glob(rest, text[1:])
    return bool(text) and pattern[0] == text[0] and glob(pattern[1:], text[1:])


def matches(key, name):
    """Rule 12. The key is parsed a second time."""
    of_key, of_name = parse_url(key), parse_url(name)
    if of_key is None or of_name is None:
        return False
    (key_host, key_port), (host, port) = split_port(of_key[0]), split_port(of_name[0])
    key_labels, labels = key_host.split("."), host.split(".")
    return (
        key_port == port
        and len(key_labels) == len(labels)
        and all(glob(k, label) for k, label in zip(key_labels, labels, strict=True))
        and of_name[1].startswith(of_key[1])
    )


# --- Rules 13 to 15: the order ---------------------------------------------------------------


def lookup(configs, name):
    """The tiers for a name: lists of (source, entry, key, user, password, email).

    Args:
        configs: Source and entries of each config in the order of the list.
        name: The image's normalised name.
    """
    keyed = [
        (key_of(entry), number, (source, entry, key_of(entry), *credential))
        for number, (source, entries) in enumerate(configs)
        for entry, *credential in entries
    ]
    keys = sorted(
        {key for key, _, _ in keyed if key is not None},
        key=lambda key: key.encode("utf-8", "surrogateescape"),
        reverse=True,
    )
    chosen = [key for key in keys if matches(key, name)]
    first = name.split("/")[0]
    if not chosen and (
        first in ("docker.io", "index.docker.io") or not ("." in first or ":" in first)
    ):
        chosen = ["index.docker.io"]
    tiers = [
        [candidate for k, n, candidate in keyed if k == key and n == number]
        for key in chosen
        for number in range(len(configs))
    ]
    return [tier for tier in tiers if tier]


# --- Rules 1 to 6: a pod's list --------------------------------------------------------------

TEMPLATES = {
    "Pod": [],
    "Deployment": ["spec", "template"],
    "ReplicaSet": ["spec", "template"],
    "StatefulSet": ["spec", "template"],
    "DaemonSet": ["spec", "template"],
    "ReplicationController": ["spec", "template"],
    "Job": ["spec", "template"],
    "CronJob": ["spec", "jobTemplate", "spec", "template"],
    "PodTemplate": ["template"],
}


def objects(manifests):
    for manifest in manifests:
        kind = manifest["kind"]
        if kind == "List" or kind.removesuffix("List") in (*TEMPLATES, "Secret", "ServiceAccount"):
            if kind.endswith("List"):
                implied = {} if kind == "List" else {"kind": kind.removesuffix("List")}
                yield from objects({**implied, **item} for item in manifest["items"])
                continue
            yield manifest


def resolve_world(manifests, namespace, node):
    """What there is to say about each image of each pod, in order, as dictionaries."""
    pods, accounts, secrets = {}, {}, {}
    for number, manifest in enumerate(objects(manifests)):
        metadata = manifest["metadata"]
        where = metadata.get("namespace") or namespace
        kind = manifest["kind"]
        if kind == "Secret":
            secrets[where, metadata["name"]] = manifest
        elif kind == "ServiceAccount":
            accounts[where, metadata["name"]] = manifest
        elif metadata.get("name"):
            pods[kind, where, metadata["name"]] = manifest
        else:
            pods[kind, where, metadata["generateName"], number] = manifest
    return [
        answer
        for (kind, where, name, *_), manifest in pods.items()
        for answer in resolve_pod(kind, where, name, manifest, accounts, secrets, node)
    ]


def names_of(references):
    return [reference.get("name") or "" for reference in references or []]


def resolve_pod(kind, namespace, pod_name, manifest, accounts, secrets, node):
    spec = manifest
    for field in TEMPLATES[kind]:
        spec = spec[field]
    spec = spec["spec"]
    metadata = manifest["metadata"]
    warnings = []
    own = names_of(spec.get("imagePullSecrets"))
    account = spec.get("serviceAccountName") or "default"
    if kind == "Pod" and "kubernetes.io/config.mirror" in (metadata.get("annotations") or {}):
        origin, used = "mirror-pod", []
        if own or account != "default":
            warnings.append(("static pod", ""))
    elif kind == "Pod" and (metadata.get("uid") or metadata.get("creationTimestamp")):
        origin, used = "stored-pod", own
    else:
        known = accounts.get((namespace, account))
        origin, used = ("pod", own) if own else ("service-account", [])
        if known is not None:
            used = own or names_of(known.get("imagePullSecrets"))
        elif account != "default":
            warnings.append(("refuses", f"{namespace}/{account}"))
        elif not own:
            warnings.append(("assumed", f"{namespace}/default"))
    failure, configs, seen = None, [], []
    for position, name in enumerate(used):
        secret = secrets.get((namespace, name))
        if not name:
            warnings.append(("no name", f"[{position}]"))
        elif secret is None:
            if name not in used[:position]:
                warnings.append(("not among", f"{namespace}/{name}"))
        else:
            if used[:position].count(name) == 1:
                warnings.append(("more than once", f"{namespace}/{name}"))
            value = secret_value(secret)
            if value is None:
                if name not in used[:position]:
                    warnings.append(("skipped", f"{namespace}/{name}"))
                continue
            try:
                configs.append((name, decode_config(value[0], legacy=value[1])))
            except Undecodable:
                failure = failure or f"{namespace}/{name}"
    try:
        of_node = decode_config(node, legacy=False) if node is not None else []
    except Undecodable:
        of_node = []
    if failure is None:
        for source, entries in [*configs, (None, of_node)]:
            for entry, *_ in entries:
                if key_of(entry) is None and (source, entry) not in seen:
                    seen.append((source, entry))
                    warnings.append(("dropped", f"{namespace}/{source}" if source else "node"))
    for container, what, image in images(spec):
        name = image_name(image)
        answer = {
            "pod": (kind, namespace, pod_name),
            "container": container,
            "kind": what,
            "image": image,
            "name": name,
            "origin": origin,
            "account": account,
            "used": used,
            "warnings": warnings,
            "failure": image if name is None else failure,
            "tiers": [],
        }
        if answer["failure"] is None:
            answer["tiers"] = lookup(configs, name) + lookup([(None, of_node)], name)
        yield answer


def images(spec):
    for field, what in (
        ("containers", "container"),
        ("initContainers", "init"),
        ("ephemeralContainers", "ephemeral"),
    ):
        for container in spec.get(field) or []:
            yield container["name"], what, container["image"]
    for volume in spec.get("volumes") or []:
        if "image" in volume:
            yield volume["name"], "volume", volume["image"]["reference"]
