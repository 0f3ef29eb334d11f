"""A connection to an API server, as a kubeconfig describes it. It only reads.

The kubeconfig, its exec plugins, certificates and proxies are the business of Kubernetes' own
client; what it answers is read by `pullsecrets.reading`, so that no text of a secret is in a
message, a log or a frame.
"""

from __future__ import annotations

import logging
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from pullsecrets.errors import MissingExtra, PullsecretsError
from pullsecrets.kinds import KINDS, Kind
from pullsecrets.metadata import Place
from pullsecrets.reading import Document, read_data
from pullsecrets.secrecy import HiddenBytes, printable

try:
    from kubernetes import client, config
    from urllib3 import Retry
    from urllib3.exceptions import ConnectTimeoutError, HTTPError, ReadTimeoutError
except ImportError:
    raise MissingExtra("reading a cluster", "cluster") from None

__all__ = ["Connection", "Refusal", "Unreachable", "connect"]

_CONFIG: Final[Any] = config  # has no types

PAGE: Final = 500
"""Objects in an answer; kubectl's ``--chunk-size``."""

_CONNECT: Final = 10.0  # seconds
_ANSWER: Final = 60.0  # seconds without a byte
_PLUGIN: Final = 60.0  # seconds for an exec plugin
_LOGIN: Final = 600.0  # the same, where it may ask somebody to log in
_BUSY: Final = 3  # how often to ask again a server that says that it is too busy
_SHOWN: Final = 300
_IN_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_APIS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "": client.CoreV1Api,
    "apps": client.AppsV1Api,
    "batch": client.BatchV1Api,
}
_METHODS: Final = {
    "ReplicaSet": "replica_set",
    "StatefulSet": "stateful_set",
    "DaemonSet": "daemon_set",
    "ReplicationController": "replication_controller",
    "CronJob": "cron_job",
    "PodTemplate": "pod_template",
    "ServiceAccount": "service_account",
}


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


_List = Callable[..., Any]


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
        read = getattr(self._group(kind), f"read_namespaced_{_method(kind)}")
        answer = self._ask(partial(read, name, namespace, **_RAW))
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
        lists = self._lists(kind, namespace)
        some = {} if name is None else {"field_selector": f"metadata.name={name}"}
        more: dict[str, Any] = {"limit": self.page}
        while True:
            answer = self._ask(partial(lists, **some, **more, **_RAW))
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
            more = {"limit": self.page, "_continue": token}

    def _lists(self, kind: str, namespace: str | None) -> Callable[..., Any]:
        group = self._group(kind)
        if namespace is None:
            everywhere: _List = getattr(group, f"list_{_method(kind)}_for_all_namespaces")
            return everywhere
        within: _List = getattr(group, f"list_namespaced_{_method(kind)}")
        return partial(within, namespace)

    def _group(self, kind: str) -> Any:
        return _APIS[KINDS[kind].group](self._api)

    def _ask(self, call: Callable[[], Any]) -> HiddenBytes | int:
        """The body of an answer, or the status of one that is none.

        Raises:
            Unreachable: There is no answer, or the credentials are not accepted.
        """
        reason = ""
        try:
            return HiddenBytes(call().data)
        except client.ApiException as error:
            status = int(error.status or 0)
        except (HTTPError, OSError, ValueError) as error:
            status, reason = 0, _of_connection(error)
        if reason:
            server = urlsplit(self._api.configuration.host).netloc.rpartition("@")[2]
            text = f"the API server {server} cannot be asked: {reason}"
            raise Unreachable(printable(text[:_SHOWN]))
        if status == 401:
            raise Unreachable(
                "the API server does not accept the credentials of the kubeconfig (401)"
            )
        return status

    def close(self) -> None:
        """Close its sockets."""
        self._api.close()


# The client hands on what it received, and does not make objects of its own from it.
_RAW: Final = {"_preload_content": False, "_request_timeout": (_CONNECT, _ANSWER)}


def _method(kind: str) -> str:
    return _METHODS.get(kind, kind.lower())


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
    settings.retries = Retry(_BUSY, connect=0, read=0, redirect=0, other=0, backoff_factor=0.5)
    reason: str | None = None
    namespace, api = "", None
    with _errors_of_plugins() as said:
        try:
            namespace = _configure(settings, files, context)
            api = client.ApiClient(settings)  # which looks at the proxy's URL
        except Exception as error:  # noqa: BLE001  (of the client, its plugins and their packages)
            reason = _of_config(error)
    if reason is None and said:
        reason = f"the credentials of the kubeconfig cannot be had: {said[-1]}"
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
    contexts, current = _CONFIG.list_kube_config_contexts(config_file=files)
    chosen = current
    if context is not None:
        named = [each for each in contexts if each.get("name") == context]
        if not named:
            raise config.ConfigException(f"the kubeconfig has no context {context}")
        chosen = named[0]
    # A plugin's answer is not written into the kubeconfig, as nothing is written anywhere.
    load = partial(
        _CONFIG.load_kube_config,
        files,
        context=context,
        client_configuration=settings,
        persist_config=False,
    )
    # The client decides by this, too, whether a plugin may ask somebody.
    limit = _LOGIN if getattr(sys.stdout, "isatty", bool)() else _PLUGIN
    if not _ends(load, limit):
        raise config.ConfigException(
            f"the kubeconfig's exec plugin gives no credentials within {limit:.0f} seconds"
        )
    settings.refresh_api_key_hook = None  # or it would start the plugin again, without that limit
    return str(chosen["context"].get("namespace") or "default")


def _ends(call: Callable[[], object], limit: float) -> bool:
    """Whether a call ends in time, which is left to itself if not.

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
    """What is wrong with a kubeconfig. The messages name files and fields, not their values."""
    if isinstance(error, config.ConfigException):
        return str(error)
    # Of a SOCKS proxy it says which package is missing.
    why = str(error) if isinstance(error, ImportError) else getattr(error, "strerror", None)
    return f"the kubeconfig cannot be used: {why or type(error).__name__}"


@contextmanager
def _errors_of_plugins() -> Iterator[list[str]]:
    """Collect what the client only logs: that an exec plugin gave no credentials."""
    said: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler = Collecting(logging.ERROR)
    logger = logging.getLogger()
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


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
