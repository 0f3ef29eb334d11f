"""A connection to an API server, as a kubeconfig describes it. It only reads.

The kubeconfig, its certificates and proxies are the business of Kubernetes' own client. Of its
classes for the API none is used, as importing them takes two seconds. What the server answers is
read by `pullsecrets.reading`, so that no text of a secret is in a message, a log or a frame.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import quote, urlsplit

from attrs import field, frozen

from pullsecrets.errors import MissingExtra, PullsecretsError
from pullsecrets.kinds import KINDS, Kind
from pullsecrets.live.plugins import PluginFailed, asked_plugin
from pullsecrets.metadata import Place
from pullsecrets.reading import Document, read_data
from pullsecrets.secrecy import HiddenBytes, printable

try:
    from kubernetes import client, config
    from kubernetes.config import kube_config
    from urllib3 import Retry
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, ReadTimeoutError
except ImportError:
    raise MissingExtra("reading a cluster", "cluster") from None

__all__ = ["Connection", "Refusal", "Unreachable", "connect"]

_CONFIG: Final[Any] = config  # has no types
_KUBE_CONFIG: Final[Any] = kube_config

PAGE: Final = 500
"""Objects in an answer; kubectl's ``--chunk-size``."""

_CONNECT: Final = 10.0  # seconds
_ANSWER: Final = 60.0  # seconds without a byte
_PROVIDER: Final = 60.0  # seconds for a server that gives tokens, of the auth-provider "oidc"
_BUSY: Final = 3  # how often to ask again a server that says that it is too busy
_SHOWN: Final = 300
# The client prefers these to an exec plugin, as kubectl does.
_BEFORE_PLUGINS: Final = frozenset({"auth-provider", "token", "tokenFile"})
_IN_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Unreachable(PullsecretsError, OSError):
    """A cluster cannot be read: no kubeconfig, no connection, or no answer that can be used."""


@frozen
class Refusal:
    """An answer of the API server's other than what was asked for.

    Attributes:
        verb: What was asked, as RBAC names it: ``get`` or ``list``.
        kind: The kind that was asked for.
        namespace: The namespace, None for all.
        name: The object's name, None for a list of all.
        status: The status of HTTP.
    """

    verb: str
    kind: Kind
    namespace: str | None
    name: str | None
    status: int

    @property
    def forbidden(self) -> bool:
        """Whether the right is missing."""
        return self.status == 403

    @property
    def missing(self) -> bool:
        """Whether there is no such object."""
        return self.status == 404

    @property
    def expired(self) -> bool:
        """Whether a list expired before its last page."""
        return self.status == 410

    @property
    def right(self) -> str:
        """The right that it takes: ``list pods in namespace shop``. Safe to show."""
        where = "all namespaces" if self.namespace is None else f"namespace {self.namespace}"
        return printable(f"{self.verb} {self.kind.title} in {where}")

    @property
    def reason(self) -> str:
        """What is refused, in one line. Safe to show."""
        if self.forbidden:
            return f"the user of the kubeconfig has no right to {self.right} (403)"
        return f"the API server answers with status {self.status}: {self.right}"


@frozen
class Connection:
    """A connection to the API server of a context.

    Attributes:
        namespace: The context's namespace.
        page: How many objects an answer holds at most.
    """

    namespace: str
    _api: Any = field(repr=False)
    page: int = PAGE

    def get(self, kind: str, namespace: str, name: str) -> Document | Refusal:
        """Read one object.

        Raises:
            Unreachable: There is no answer, or none that can be used.
        """
        answer = self._ask(_path(kind, namespace, name))
        if isinstance(answer, int):
            return Refusal("get", KINDS[kind], namespace, name, answer)
        return _document(answer)

    def pages(
        self, kind: str, namespace: str | None, name: str | None = None
    ) -> Iterator[Document | Refusal]:
        """Read the objects of a kind, page after page; a page is an object such as ``PodList``.

        A list that expires before its last page is a refusal that is `expired`: what came before
        is void, and the whole list follows in one page, as client-go does it (its ``ListPager``).

        Args:
            kind: The kind.
            namespace: Its namespace, None for all.
            name: Only the object of that name: a list of one, for which the right to list is
                enough.

        Raises:
            Unreachable: There is no answer, or none that can be used.
        """
        path = _path(kind, namespace)
        some = {} if name is None else {"fieldSelector": f"metadata.name={name}"}
        more = {"limit": str(self.page)}
        while True:
            answer = self._ask(path, some | more)
            if isinstance(answer, int):
                refusal = Refusal("list", KINDS[kind], namespace, name, answer)
                yield refusal
                if not (refusal.expired and more):
                    return
                more = {}
                continue
            page = _document(answer)
            token = _continue(page)
            yield page
            del page  # no traceback of the next question shows what this answer held
            if not token:
                return
            more = {"limit": str(self.page), "continue": token}

    def _ask(self, path: str, parameters: Mapping[str, str] | None = None) -> HiddenBytes | int:
        """The body of an answer, or the status of one that is none.

        Raises:
            Unreachable: There is no answer, or the credentials are not accepted.
        """
        # As the client's own classes do it.
        request = self._api.param_serialize(
            "GET",
            path,
            query_params=list((parameters or {}).items()),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        status, body, reason = 0, HiddenBytes(b""), ""
        try:
            answer = self._api.call_api(*request, _request_timeout=(_CONNECT, _ANSWER))
            status, body = int(answer.status), HiddenBytes(answer.read())
            del answer  # it holds the body, too
        except (client.ApiException, HTTPError, OSError, ValueError) as error:
            reason = _of_connection(error)
        if reason:
            server = urlsplit(self._api.configuration.host).netloc.rpartition("@")[2]
            text = f"the API server {server} cannot be asked: {reason}"
            raise Unreachable(printable(text[:_SHOWN]))
        if status == 401:
            raise Unreachable(
                "the API server does not accept the credentials of the kubeconfig (401)"
            )
        return body if 200 <= status <= 299 else status

    def close(self) -> None:
        """Close its sockets."""
        self._api.close()


def _path(kind: str, namespace: str | None, name: str | None = None) -> str:
    """The path of an object, or of a kind's objects, as the API has it."""
    group = KINDS[kind].group
    within = () if namespace is None else ("namespaces", quote(namespace, safe=""))
    named = () if name is None else (quote(name, safe=""),)
    start = f"/apis/{group}/v1" if group else "/api/v1"
    return "/".join((start, *within, KINDS[kind].resource, *named))


def connect(
    kubeconfig: str | os.PathLike[str] | None = None, context: str | None = None
) -> Connection:
    """Connect to a cluster, as kubectl would with the same options.

    Args:
        kubeconfig: A kubeconfig; None for those that ``KUBECONFIG`` names, or ``~/.kube/config``,
            or, where there is none, the service account of the pod that this runs in.
        context: One of its contexts, None for the current one.

    Raises:
        Unreachable: There is no such file or context, or its credentials cannot be had.
    """
    files = os.fspath(kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config")
    settings = client.Configuration()
    # Only a server that is too busy is asked again; redirects are not followed.
    settings.retries = Retry(
        _BUSY, connect=0, read=0, redirect=0, other=0, backoff_factor=0.5, raise_on_status=False
    )
    reason: str | None = None
    namespace, api = "", None
    try:
        namespace = _configure(settings, files, context)
        api = client.ApiClient(settings)  # which looks at the proxy's URL
    except Exception as error:  # noqa: BLE001  (of the client and its packages)
        reason = _of_config(error)
    if reason is not None:
        raise Unreachable(printable(reason[:_SHOWN]))
    return Connection(namespace, api)


def _configure(settings: Any, files: str, context: str | None) -> str:
    """Fill in the settings; the context's namespace."""
    found = [path for path in files.split(os.pathsep) if path and Path(path).expanduser().exists()]
    if not found and "KUBERNETES_SERVICE_HOST" in os.environ and context is None:
        _CONFIG.load_incluster_config(client_configuration=settings)
        return _IN_POD.read_text("utf-8").strip()
    if not found:
        raise config.ConfigException(f"there is no kubeconfig {files}")
    kubeconfig = _KUBE_CONFIG.KubeConfigMerger(files).config
    if context and kubeconfig["contexts"].get_with_name(context, safe=True) is None:
        raise config.ConfigException(f"the kubeconfig has no context {context}")
    # Nothing is written into the kubeconfig, as nothing is written anywhere.
    loader = _KUBE_CONFIG.KubeConfigLoader(kubeconfig, context, config_base_path=None)
    chosen = loader.current_context["context"]
    _ask_plugin(kubeconfig, chosen)
    if not _ends(partial(loader.load_and_set, settings), _PROVIDER):
        raise config.ConfigException(
            f"the kubeconfig's auth-provider gives no token within {_PROVIDER:.0f} seconds"
        )
    settings.refresh_api_key_hook = None  # or the provider would be asked again, without a limit
    return str(chosen.get("namespace") or "default")


def _ask_plugin(kubeconfig: Any, context: Mapping[str, Any]) -> None:
    """Ask the plugin of a context's user, if it has one; what it gives takes its place.

    Raises:
        PluginFailed: It gives nothing that can be used.
    """
    named = kubeconfig["users"].get_with_name(context.get("user"), safe=True)
    if named is None:
        return
    user = named["user"].value
    if "exec" in user and not user.keys() & _BEFORE_PLUGINS:
        cluster = kubeconfig["clusters"].get_with_name(context["cluster"])["cluster"].value
        user |= asked_plugin(user.pop("exec"), cluster, Path(named.path).absolute().parent)


def _ends(call: Callable[[], object], limit: float) -> bool:
    """Whether a call ends in time; if not, it is left to itself.

    What a kubeconfig makes it raise is raised here.
    """
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  (here it would be printed, with all that it holds)
            raised.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    if raised:
        raise raised[0]
    return not thread.is_alive()


def _of_config(error: Exception) -> str:
    """What is wrong with a kubeconfig, without its values."""
    if isinstance(error, PluginFailed):
        return str(error)
    if isinstance(error, config.ConfigException):
        # The client says of a missing key what it is missing in: the file, and what is in it.
        return str(error).partition("/{")[0]
    # Of a SOCKS proxy it says which package is missing.
    why = str(error) if isinstance(error, ImportError) else getattr(error, "strerror", None)
    return f"the kubeconfig cannot be used: {why or type(error).__name__}"


def _of_connection(error: BaseException) -> str:
    """Why there is no connection, from the root of the causes: without a URL and its password."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        cause = cause if isinstance(cause, BaseException) else None
    for each in reversed(seen):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, (ConnectTimeoutError, ReadTimeoutError)):
            connected = isinstance(each, ReadTimeoutError)
            what, limit = ("answer", _ANSWER) if connected else ("connection", _CONNECT)
            return f"there is no {what} within {limit:.0f} seconds"
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    return f"the connection breaks ({type(seen[-1]).__name__})"


def _document(body: HiddenBytes) -> Document:
    """The one object in an answer.

    Raises:
        Unreachable: It is something else.
    """
    documents = list(read_data(body, None))
    if len(documents) == 1 and isinstance(documents[0], Document):
        value = documents[0].value
        if isinstance(value, Mapping) and isinstance(value.get("kind"), str):
            return Document(value, Place())
    raise Unreachable("what answers is no API server: it sends something else than an object")


def _continue(page: Document) -> str:
    metadata = page.value.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, Mapping) else None
    return token if isinstance(token, str) else ""
