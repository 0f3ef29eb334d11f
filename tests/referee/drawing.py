"""Draws requests: what is put to the kubelet and to pullsecrets alike.

A request is a dict with the fields that its operation `op` reads (see `kubelet/main.go`). One part
of what it holds comes from the strategies of `pullsecrets.testing`, the rest from here. This aims
at the corners of the parsers: escapes, globs, ports, shared prefixes, Docker Hub, names of fields
in other letters, broken JSON and base64. All hosts and paths are of a few, so that entries and
images meet.

Plain functions of a `Draw`, not strategies: they draw twenty times as fast, and repeat nothing.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pullsecrets.testing import strategies

Request = dict[str, Any]
T = TypeVar("T")
Text = TypeVar("Text", str, bytes)

HOSTS = (
    *("quay.io", "registry.example.com", "registry.example.com:5000", "docker.io") * 2,
    *("index.docker.io", "registry-1.docker.io", "eu.registry.example.com", "quay.io:443"),
    *("QUAY.io", "quay-io", "localhost", "localhost:5000", "LOCAL", "reg:80", "[::1]:5000"),
    *("my_reg.example.com", "10.0.0.1:5000", "[::1]", "xn--rksmrgs-5wao1o.example"),
)
ODD_HOSTS = (*HOSTS, "quay.io.", "[fe80::1]", "quay..io", "-quay.io", "", "qüay.io", "a b")
PATHS = (
    *("acme/api", "acme/api/v2", "acme-labs/api", "library/nginx", "nginx", "acme"),
    *("v1/acme", "v2/acme", "v1", "a__b/c-d.e", "a/b/c/d"),
)
ODD_PATHS = (*PATHS, "acme/api%2fv2", "acme/*", "Acme/api", "é")
NASTY = "/:.@?#%*[]\\_-+~= \t\n\x00\x7fAaé€\ufeff0"
"""The characters that are put in somewhere: each means something to one of the parsers."""


class Draw(Random):
    """A source of chance, and what a request is to be drawn from."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.given = Given(seed)
        self.hosts: Sequence[str] = HOSTS
        self.paths: Sequence[str] = PATHS


def settle(r: Draw, hosts: Sequence[str], paths: Sequence[str]) -> None:
    """Draw the next request about one host and one path mostly."""
    r.hosts = (r.choice(hosts),) * len(hosts) * 4 + tuple(hosts)
    r.paths = (r.choice(paths),) * len(paths) * 4 + tuple(paths)


def once_in(r: Draw, times: int) -> bool:
    return r.randrange(times) == 0


def mutated(r: Draw, text: Text, alphabet: Text) -> Text:
    """The text with one character put in, left out or replaced."""
    place = r.randrange(len(text) + 1)
    index = r.randrange(len(alphabet) + 1)
    return text[:place] + alphabet[index : index + 1] + text[place + r.randrange(2) :]


# --- images

_HEX = "0123456789abcdef" * 8
DIGESTS = (f"sha256:{_HEX[:64]}", f"sha384:{_HEX[:96]}", f"sha512:{_HEX[:128]}")
ODD_DIGESTS = (
    *(f"sha256:{_HEX[:63]}", f"sha1:{_HEX[:40]}", f"sha256:{_HEX[:64].upper()}", "sha256:"),
    *(f"md5:{_HEX[:32]}", f"sha256+b64u:{_HEX[:64]}", f"sha512:{_HEX[:64]}", _HEX[:64], ""),
)
TAGS = ("latest", "1.27", "v2_x-y.Z", "_", "x" * 128)
ODD_TAGS = ("-x", ".x", "x" * 129, "", "é", "a:b", "a b")
ODD_IMAGES = (
    *("", "a", "A", "/", "a/", "/a", "a//b", _HEX[:64], _HEX[:63], f"a/{_HEX[:64]}", "a:b:c"),
    *("docker.io", "docker.io/", "docker.io/a", "localhost/a", "a.b", "a.b/c", "a:5/b", "a:/b"),
    *("http://quay.io/a", "quay.io/a:", "quay.io/a@", "-a/b", "a-/b", "a..b/c", "a.-b/c", "é/a"),
    *("a_b/c", "a__b/c", "a___b/c", "a-----b", "a._b", "a.b_c:5/d", "0/0", "0:0/0", "a/b\n", " a"),
)


def suffix(r: Draw, tags: Sequence[str], digests: Sequence[str]) -> str:
    """A tag, a digest, both or neither."""
    tag = f":{r.choice(tags)}" if once_in(r, 2) else ""
    return f"{tag}@{r.choice(digests)}" if once_in(r, 3) else tag


def image(r: Draw) -> str:
    """An image as a container has it."""
    if once_in(r, 4):
        return r.choice(r.given.images)
    host = "" if once_in(r, 6) else r.choice(r.hosts) + "/"
    return host + r.choice(r.paths) + suffix(r, TAGS, DIGESTS)


def odd_image(r: Draw) -> str:
    """An image that is likely to be refused, or that has just not been."""
    form = r.randrange(8)
    if form == 0:
        return r.choice(r.given.invalid_images) if once_in(r, 2) else image(r)
    if form == 1:  # about the limit of a name's length
        host = r.choice(("quay.io", "docker.io/library", f"{'x' * 200}.io", "x"))
        text = f"{host}/{'a' * r.randrange(225, 262)}"
    elif form == 2:
        text = r.choice(ODD_IMAGES)
    elif form == 3:
        text = f"quay.io/acme/api{suffix(r, TAGS + ODD_TAGS, DIGESTS + ODD_DIGESTS)}"
    else:
        text = image(r)
    while once_in(r, 2):
        text = mutated(r, text, NASTY)
    return text


# --- entries and patterns


def escaped(r: Draw, text: str) -> str:
    """Write one character as `%61`, or the percent sign of that, once more, as `%25`."""
    place = r.randrange(len(text))
    times = r.choice((0, 0, 1, 2))
    return f"{text[:place]}%{'25' * times}{ord(text[place]):02x}{text[place + 1 :]}"


def glob(r: Draw, host: str) -> str:
    """Replace one of the host's labels: `registry.example.com` → `*.example.com`."""
    labels = host.split(".")
    at = r.randrange(len(labels))
    text = labels[at]
    globs = ("*", "*", f"{text[:2]}*", f"*{text[-2:]}", f"{text[:1]}*{text[-1:]}", f"{text}*")
    odd = ("**", f"?{text[1:]}", f"[a-z]{text[1:]}", f"\\{text}", "")
    labels[at] = r.choice(globs if once_in(r, 2) else odd)
    return ".".join(labels)


def host(r: Draw) -> str:
    text = r.choice(r.hosts)
    form = r.randrange(8)
    if form == 0 and text:
        return escaped(r, text)
    return glob(r, text) if form <= 2 else text


ODD_PREFIXES = (
    *("/v1/", "/v2/", "/v1", "/v2/acme", "/v1/v2/acme", "//", "/./acme", "/../acme", "/*", "/v1//"),
    *("/%zz", "/%", "/%4", "/%ff", "/%c3%a9", "/é", "/%2f", "/acme%2fapi", "/%00"),
)


def path(r: Draw) -> str:
    """A path's prefix, cut off anywhere, or one that means something."""
    form = r.randrange(8)
    if form <= 2:
        return r.choice(("", "", "/"))
    if form <= 4:
        return f"/{r.choice(r.paths)}"[: r.randrange(1, 16)]
    if form == 5:
        return f"/{escaped(r, r.choice(r.paths))}"
    return r.choice(ODD_PREFIXES)


PORTS = (":443", ":5000", ":", ":*", ":a", ":0443", ":443:443", "::1", ":-1", ":%35000")
USERINFO = ("u@", "u:p@", "u:p@q@", "%zz@", "@", "u:%zz@")
TAILS = ("/", "?a=b", "#f", "?a#f", "?%zz", "#%zz", ";x", "/?")


def pattern(r: Draw) -> str:
    """A key, or a pattern of `matchImages`: a host with a path, and oddities."""
    text = host(r)
    if once_in(r, 8):
        text += r.choice(PORTS)
    text += path(r)
    if once_in(r, 16):
        text = r.choice(USERINFO) + text
    if once_in(r, 16):
        text += r.choice(TAILS)
    while once_in(r, 6):
        text = mutated(r, text, NASTY)
    return text


SCHEMES = ("HTTPS://", "oci://", "//", "https:", "https:///", "https://https://", ":")
USUAL = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "*.io", "*", "quay.io/acme")


def entry(r: Draw) -> str:
    """An entry of a docker config as written."""
    form = r.randrange(8)
    if form == 0:
        return r.choice(r.given.entries)
    if form == 1:
        return r.choice(USUAL)
    scheme = r.choice(SCHEMES) if once_in(r, 16) else r.choice(("", "", "https://", "http://"))
    return scheme + (r.choice(r.hosts) if form <= 3 else pattern(r))


# --- docker configs: JSON as tools write it, and with every mistake that one can make in it

ODD_VALUES = (
    *(b"null", b"null", b"null", b"true", b"1", b"-0.5e+3", b"1e999", b"01", b"[]", b"{}", b'[""]'),
    *(b'""', b'"x"', b'{"a":{"b":[1,{}]}}', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xff"', b"NaN"),
    *(b'"\\x"', b'"\t"', b'"\x7f"', b'"\\/"', b"'x'", b"nul", b"", b'"\xc3\xa9"'),
    b'"\xed\xa0\x80"',
)
SPACES = (*(b" ", b"\n", b"\t\r\n") * 8, b"\x0c", b"\xc2\xa0", b"/**/")
USERS = ("", "_json_key", "ann@example.com", "a\x00b", "ü", "😀", "a\u2028b", '"\\', "<&>")
PASSWORDS = ("", "p:q", ":", "a\nb", "é", "\ud7ff", " ", "\\")
LOGINS = (b"user", b"", b":", b"::", b"user:", b"\xff:\xfe", b"u\xc3:\xa9p", b"\xed\xa0\x80:p")


def json_text(r: Draw, text: str) -> bytes:
    """A JSON string, in one of the ways to write it."""
    form = r.randrange(12)
    if form == 0 and text.isascii():
        return ('"' + "".join(f"\\u{ord(c):04X}" for c in text) + '"').encode()
    return json.dumps(text, ensure_ascii=form > 1).encode()


def folded(r: Draw, *names: str) -> str:
    """A field's name, now and then in letters that `encoding/json` takes for it, or nearly."""
    name = r.choice(names)
    if not once_in(r, 6):
        return name
    return r.choice((name.upper(), name.title(), name.replace("s", "ſ"), f"{name} ", name[1:]))


def json_object(r: Draw, members: list[tuple[str, bytes]]) -> bytes:
    space = r.choice(SPACES) if once_in(r, 12) else b""
    pairs = [space + json_text(r, name) + b":" + space + value for name, value in members]
    return b"{" + b",".join(pairs) + space + b"}"


def user(r: Draw) -> str:
    return r.choice(USERS) if once_in(r, 8) else f"user{r.randrange(1000)}"


def password(r: Draw) -> str:
    return r.choice(PASSWORDS) if once_in(r, 8) else "password"


def auth(r: Draw) -> bytes:
    """A value of `auth`: a login in base64, which the kubelet can read mostly."""
    login = r.choice(LOGINS) if once_in(r, 12) else f"{user(r)}:{password(r)}".encode()
    text = b64encode(login)
    if not once_in(r, 4):
        return text
    middle = len(text) // 2
    harmless = (
        text.rstrip(b"="),
        text[:middle] + b"\n" + text[middle:],
        text[:middle] + b"\r\n" + text[middle:] + b"\n",
        text.rstrip(b"=")[:-1] + b"B" + b"=" * text.count(b"="),  # bits that no byte has
    )
    harmful = (
        text.replace(b"+", b"-").replace(b"/", b"_"),
        text[:middle] + b" " + text[middle:],
        text[:middle] + b"=" + text[middle:],
        *(text + b"=", text + b" ", b"\t" + text, text[:-1], login, text.rstrip(b"=") + b"\n"),
    )
    return r.choice(harmful if once_in(r, 4) else harmless)


def member(r: Draw) -> tuple[str, bytes]:
    """A field of an entry."""
    if once_in(r, 32):
        return folded(r, "auth", "username", "email", "x", ""), r.choice(ODD_VALUES)
    form = r.randrange(8)
    if form <= 4:
        return folded(r, "auth"), json_text(r, auth(r).decode("latin-1"))
    if form <= 6:
        text = user(r) if once_in(r, 2) else password(r)
        return folded(r, "username", "password", "email"), json_text(r, text)
    return r.choice(("identitytoken", "registrytoken", "x")), json_text(r, password(r))


def entry_value(r: Draw) -> bytes:
    if once_in(r, 2):  # as every tool writes it
        return b'{"auth":"' + b64encode(f"{user(r)}:{password(r)}".encode()) + b'"}'
    if once_in(r, 48):
        return r.choice(ODD_VALUES)
    return json_object(r, [member(r) for _ in range(r.choice((1, 1, 2, 3)))])


def entries(r: Draw) -> bytes:
    """The map of entries: all of a `.dockercfg`."""
    members = [(entry(r), entry_value(r)) for _ in range(r.choice((1, 1, 2, 2, 3, 5)))]
    if once_in(r, 8):  # one entry twice
        members.append((r.choice(members)[0], entry_value(r)))
    return json_object(r, members)


def document(r: Draw) -> bytes:
    """A `.dockerconfigjson`."""
    if once_in(r, 6):
        return r.choice(r.given.documents)
    members = [(folded(r, "auths"), entries(r))]
    while once_in(r, 8):
        name = folded(r, "HttpHeaders", "credsStore", "credHelpers", "auths", "x")
        value = r.choice((b'{"X":"y"}', b'"desktop"', b'{"quay.io":"q"}', b"{}", *ODD_VALUES))
        members.insert(r.randrange(2), (name, value))
    if once_in(r, 16):
        members.append((folded(r, "auths"), entries(r)))
    return json_object(r, members)


SYNTAX = b'{}[]":,\\u\x00 \n' * 8 + bytes(range(256))


def perhaps_broken(r: Draw, document: bytes) -> bytes:
    form = r.randrange(40)
    if form == 0:
        return mutated(r, document, SYNTAX)
    if form == 1:
        before = r.choice((b"", b" ", b"\n\t", b"\xef\xbb\xbf", b"[", b"x"))
        after = r.choice((b"", b" ", b"\r\n", b"\x00", b"]", b"}", b"//", b"{}", b"null"))
        return before + document + after
    return document


# --- secrets and the node's file

CONFIG, LEGACY = "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"
KEYS = {CONFIG: ".dockerconfigjson", LEGACY: ".dockercfg"}


def secret(r: Draw) -> Request:
    """One of a few names, so that one may be in the list twice."""
    type_ = LEGACY if once_in(r, 4) else CONFIG
    value = perhaps_broken(r, entries(r) if type_ == LEGACY else document(r))
    key = KEYS[type_]
    if once_in(r, 24):
        type_ = r.choice((*KEYS, "Opaque", "", "kubernetes.io/DockerConfigJson"))
        key = r.choice((*KEYS.values(), "x"))
        value = r.choice((b"", value))
    return {"name": r.choice("abc"), "type": type_, "data": {key: value}}


def lookup_request(r: Draw) -> Request:
    settle(r, HOSTS, PATHS)
    secrets = [secret(r) for _ in range(r.choice((0, 1, 1, 1, 2, 2, 3)))]
    if secrets and once_in(r, 12):
        secrets.append(r.choice(secrets))
    node = {}
    if once_in(r, 3):
        node["root/config.json"] = perhaps_broken(r, document(r))
    written = odd_image(r) if once_in(r, 24) else image(r)
    return {"op": "lookup", "image": written, "secrets": secrets, "node": node}


def image_request(r: Draw) -> Request:
    settle(r, ODD_HOSTS, ODD_PATHS)
    return {"op": "image", "image": odd_image(r)}


def match_request(r: Draw) -> Request:
    settle(r, ODD_HOSTS, ODD_PATHS)
    glob = pattern(r)
    name = f"{r.hosts[0]}/{r.paths[0]}"
    if once_in(r, 4):  # no image's name, but a text that is parsed like one
        name = r.choice((pattern(r), f"{glob}/a", name.replace("/", "//")))
    return {"op": "match", "pattern": glob, "image": name}


OPERATIONS: tuple[Callable[[Draw], Request], ...] = (
    *(lookup_request,) * 6,
    *(match_request,) * 2,
    *(image_request,) * 2,
)


def requests(seed: int, count: int) -> Iterator[Request]:
    """So many requests; the same ones for the same seed."""
    r = Draw(seed)
    for _ in range(count):
        yield r.choice(OPERATIONS)(r)


# --- what pullsecrets.testing draws


class Given:
    """A few hundred draws of each strategy that fits in a request."""

    def __init__(self, seed: int) -> None:
        self.images = drawn(strategies.written_images(), seed)
        self.invalid_images = drawn(strategies.invalid_images(), seed)
        self.entries = drawn(strategies.entries(), seed)
        self.documents = [
            *drawn(strategies.docker_configs(), seed, 600),
            *drawn(strategies.suspicious_docker_configs(), seed, 150),
            *drawn(strategies.broken_docker_configs(), seed, 25),
        ]


def drawn(strategy: st.SearchStrategy[T], number: int, count: int = 300) -> list[T]:
    """Distinct draws of a strategy: as many as it has, at most so many."""
    found: dict[T, None] = {}

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        found[value] = None

    collect()
    return list(found)
