"""The Kubernetes API as plain dicts: get, list, create, replace, patch, apply, delete, watch.

Role: the only module that sends requests to an API server, over the REST layer of `kubernetes.aio` (its typed classes
cost 30 MB and are not touched). Not its job: caching (see `informer`) and retries (callers have queues with back-off).
Called by informers, controllers, the embedded cluster's controllers and node agent.
"""

from __future__ import annotations

import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from mcp_operator.runtime import config
from mcp_operator.runtime.applybody import apply_body
from mcp_operator.runtime.errors import Unavailable, error_of
from mcp_operator.runtime.impersonation import Headers
from mcp_operator.runtime.resources import Resource
from mcp_operator.version import __version__

Object = dict[str, Any]
JsonPatch = list[dict[str, Any]]
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    # The parameter keeps the library from encoding the body once more; API servers look at what stands before it.
    "apply": "application/apply-patch+yaml; charset=utf-8",
}
REQUEST_TIMEOUT = 60.0
CONNECT_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Way:
    """Headers that say who acts, the kubeconfig's proxy, whether the environment's count, the name to be certified."""

    acts_as: Headers = ()
    proxy: str | None = None
    trust_env: bool = False
    server_name: str | None = None


class KubeClient:
    """One API server, one set of credentials. Safe for any number of tasks of one event loop."""

    def __init__(self, configuration: Any, source: config.Source | None = None) -> None:
        from kubernetes.aio.client.rest import RESTClientObject

        self._configuration = configuration
        self._source = source
        self._rest = RESTClientObject(configuration)
        self.base_url: str = configuration.host.rstrip("/")
        self.requests: Counter[tuple[str, str]] = Counter()
        """How many requests were sent, by method and resource path without names: what tests of quietness count."""

    @classmethod
    async def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> KubeClient:
        """From a kubeconfig, or from the pod's service account where none is named and there is one."""
        source = config.Source(kubeconfig, context)
        configuration = await config.load(source)
        try:
            return cls(configuration, source)
        except (OSError, ValueError) as error:
            raise config.ConfigError(f"the certificates of {configuration.host} cannot be used: {error}") from error

    async def close(self) -> None:
        await self._rest.close()

    # --- objects -------------------------------------------------------------------------------------------------

    async def get(self, r: Resource, name: str, namespace: str | None = None) -> Object:
        return await self._json("GET", r.path(namespace, name))

    async def list(
        self,
        r: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int | None = None,
        continue_: str | None = None,
        resource_version: str | None = None,
    ) -> Object:
        query = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": limit,
            "continue": continue_,
            "resourceVersion": resource_version,
        }
        return await self._json("GET", r.path(namespace), query=query)

    async def create(
        self,
        r: Resource,
        body: Object,
        namespace: str | None = None,
        *,
        dry_run: bool = False,
        field_manager: str | None = None,
    ) -> Object:
        path = r.path(namespace or _namespace(body))
        return await self._json("POST", path, query=_write_query(dry_run, field_manager), body=body)

    async def replace(
        self, r: Resource, body: Object, namespace: str | None = None, *, subresource: str | None = None
    ) -> Object:
        path = r.path(namespace or _namespace(body), body["metadata"]["name"], subresource)
        return await self._json("PUT", path, body=body)

    async def patch(
        self,
        r: Resource,
        name: str,
        body: Object | JsonPatch,
        namespace: str | None = None,
        *,
        type: Literal["merge", "json", "strategic"] = "merge",
        subresource: str | None = None,
        field_manager: str | None = None,
    ) -> Object:
        headers = {"Content-Type": PATCH_TYPES[type]}
        path = r.path(namespace, name, subresource)
        return await self._json("PATCH", path, query=_write_query(False, field_manager), body=body, headers=headers)

    async def apply(
        self,
        r: Resource,
        body: Object,
        *,
        field_manager: str,
        force: bool = True,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply: the fields of `body` become those of the manager, and what it owned before is let go."""
        path = r.path(_namespace(body), body["metadata"]["name"], subresource)
        query = {**_write_query(dry_run, field_manager), "force": "true" if force else "false"}
        headers = {"Content-Type": PATCH_TYPES["apply"]}
        return await self._json("PATCH", path, query=query, body=apply_body(body), headers=headers)

    async def delete(
        self,
        r: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Literal["Background", "Foreground", "Orphan"] | None = None,
        uid: str | None = None,
        grace_period: int | None = None,
    ) -> Object:
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if propagation:
            options["propagationPolicy"] = propagation
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        return await self._json("DELETE", r.path(namespace, name), body=options)

    async def watch(
        self,
        r: Resource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
        timeout: float | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncIterator[Object]:
        """Events `{"type", "object"}` until the server ends the watch; an ERROR event raises (410 as `Gone`).

        `opened` is called when the server has accepted the watch, which may then be silent for long.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "resourceVersion": resource_version,
            "timeoutSeconds": int(timeout) if timeout else None,
        }
        # The server ends the watch after `timeout`; a little later the connection counts as dead.
        limit = timeout + 30 if timeout else None
        lines = self.stream_lines("GET", r.path(namespace), query=query, read_timeout=limit, opened=opened)
        async for line in lines:
            event = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise error_of(int(status.get("code") or 500), status)
            yield event

    # --- raw -----------------------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """The body of the answer; an answer of 400 and above raises, no answer raises `Unavailable`."""
        response = await self._send(method, path, query, body, headers, _timeout(timeout or REQUEST_TIMEOUT))
        with _connection_errors(self.base_url):
            data = await response.read()
        if response.status >= 400:
            raise error_of(response.status, data, response.reason or "")
        return data

    async def stream_lines(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        read_timeout: float | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncIterator[bytes]:
        """The lines of a long answer as they come; `read_timeout` is the longest silence borne."""
        response = await self._send(method, path, query, None, None, _stream_timeout(read_timeout))
        try:
            with _connection_errors(self.base_url):
                if response.status >= 400:
                    raise error_of(response.status, await response.read(), response.reason or "")
                if opened is not None:
                    opened()
                async for line in _lines(response.content):
                    yield line
        finally:
            response.close()

    async def auth_headers(self) -> dict[str, str]:
        """The headers that authenticate a request, refreshed where the credentials say so."""
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        return {"Authorization": token} if token else {}

    def tls_context(self) -> ssl.SSLContext | None:
        """For another HTTP client to the same server (the MCP client through the API server's proxy)."""
        return self._rest.ssl_context if self.base_url.startswith("https") else None

    def way(self) -> Way:
        """How else another HTTP client gets to the same server, as the same user."""
        configuration = self._configuration
        session = configuration.client_session_kwargs or {}
        return Way(
            tuple(session.get("headers") or ()),
            configuration.proxy,
            bool(session.get("trust_env")),
            configuration.tls_server_name,
        )

    async def _json(self, method: str, path: str, **options: Any) -> Object:
        data = await self.request(method, path, **options)
        return json.loads(data) if data else {}

    async def _send(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None,
        body: Any,
        headers: dict[str, str] | None,
        timeout: Any,
    ) -> Any:
        """The aiohttp response; a 401 makes the credentials be read once more (they may have been renewed)."""
        url = self.base_url + path + _query_string(query)
        for attempt in (1, 2):
            sent = {"Accept": "application/json", "User-Agent": f"mcp-operator/{__version__}", **(headers or {})}
            sent.update(await self.auth_headers())
            self.requests[_label(method, path, query)] += 1
            with _connection_errors(self.base_url):
                answer = await self._rest.request(method, url, headers=sent, body=body, _request_timeout=timeout)
            if answer.status != 401 or attempt == 2 or self._source is None:
                break
            answer.response.release()
            await self._renew()
        return answer.response

    async def _renew(self) -> None:
        fresh = await config.load(self._source or config.Source())
        self._configuration.api_key = fresh.api_key


def _namespace(body: Object) -> str | None:
    return body["metadata"].get("namespace")


def _write_query(dry_run: bool, field_manager: str | None) -> dict[str, Any]:
    return {"dryRun": "All" if dry_run else None, "fieldManager": field_manager}


def _query_string(query: dict[str, Any] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return "?" + urlencode(given) if given else ""


def _label(method: str, path: str, query: dict[str, Any] | None) -> tuple[str, str]:
    """Method ("WATCH" for a watch) and the resource's plural with its subresource."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    resource = "/".join([rest[0], *rest[2:3]]) if rest else path
    return ("WATCH" if (query or {}).get("watch") else method), resource


def _timeout(total: float) -> Any:
    from aiohttp import ClientTimeout

    return ClientTimeout(total=total, sock_connect=CONNECT_TIMEOUT)


def _stream_timeout(read: float | None) -> Any:
    from aiohttp import ClientTimeout

    return ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=read)


@contextmanager
def _connection_errors(server: str) -> Iterator[None]:
    """Turns the HTTP library's ways of not getting an answer into `Unavailable`."""
    from aiohttp import ClientError

    try:
        yield
    except (ClientError, TimeoutError, ConnectionError) as error:
        words = str(error) or type(error).__name__
        raise Unavailable(0, "Unavailable", f"{server} does not answer: {words}") from error


async def _lines(content: Any) -> AsyncIterator[bytes]:
    """Lines of any length (the library's own `readline` has a limit)."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest
