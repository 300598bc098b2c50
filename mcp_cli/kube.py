"""The cluster as the command line sees it: synchronous, plain dicts, our own exceptions.

Role: requests to the Kubernetes API on the connections that a login makes; no exception of urllib3 leaves this module.
Not its job: choosing the cluster (`target`), words of refusals (`refusals`). Called by commands through
`Session.cluster`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from mcp_operator.api.names import FIELD_MANAGER_CLI
from mcp_operator.runtime.applybody import apply_body

from mcp_cli import refusals
from mcp_cli.errors import CliError, ClusterProblem, NotFound

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

    from mcp_cli.target import Target

CONNECT_SECONDS = 10.0

# Whoever wrote insecure-skip-tls-verify into a kubeconfig knows; results stay free of library warnings.
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Access:
    """What another HTTP client needs to go through the API server: see `mcpclient` and `relay`."""

    base_url: str
    headers: tuple[tuple[str, str], ...]
    verify: Any
    proxy: str | None
    extensions: dict[str, Any]
    """What httpx needs with each request: the name to find in the server's certificate."""


class Cluster:
    """One cluster and the ways to ask it."""

    def __init__(self, target: Target, *, request_timeout: float | None = None, verbose: int = 0) -> None:
        self.target = target
        self.namespace = target.namespace
        self.host = target.login.host
        self._timeout = request_timeout
        self._verbose = verbose
        try:
            self._pool = target.login.pool()
        except (OSError, urllib3.exceptions.HTTPError, ValueError) as error:
            raise ClusterProblem(
                f"the certificates of {target.source} cannot be used: {error}", "Correct the kubeconfig."
            ) from error

    # Reading

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> dict[str, Any]:
        return self.json("GET", resource.path(self._space(resource, namespace), name), about=(resource, name))

    def find(self, resource: Resource, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """The object, or None where it is not there."""
        try:
            return self.get(resource, name, namespace)
        except NotFound:
            return None

    def list(self, resource: Resource, namespace: str | None = None, **selectors: str | None) -> dict[str, Any]:
        """A whole list, page by page; `namespace=""` is all namespaces."""
        query = {"limit": "500"} | {_camel(k): v for k, v in selectors.items() if v}
        path = resource.path(self._space(resource, namespace))
        answer = self.json("GET", path, query=query, about=(resource, ""))
        page = answer
        while token := page.get("metadata", {}).get("continue"):
            page = self.json("GET", path, query=query | {"continue": token}, about=(resource, ""))
            answer["items"] = answer["items"] + page["items"]
            answer["metadata"]["resourceVersion"] = page["metadata"].get("resourceVersion")
        for item in answer["items"]:
            item.setdefault("apiVersion", resource.api_version)
            item.setdefault("kind", resource.kind)
        return answer

    def watch(
        self, resource: Resource, namespace: str | None, resource_version: str, **selectors: str | None
    ) -> Iterator[dict[str, Any]]:
        """One watch until the server ends it: raw events, bookmarks included; `Expired` when the version is too old."""
        query = {"watch": "true", "resourceVersion": resource_version, "allowWatchBookmarks": "true"}
        query |= {_camel(k): v for k, v in selectors.items() if v}
        path = resource.path(self._space(resource, namespace))
        with self.stream("GET", path, query=query, about=(resource, "")) as response:
            for line in filter(None, lines_of(response)):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise refusals.from_status(event["object"], (resource, ""), self.host)
                yield event

    # Writing

    def apply(self, resource: Resource, body: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Server-side apply in the name of the command line; unknown fields are refused where the server can."""
        metadata = body["metadata"]
        query = {"fieldManager": FIELD_MANAGER_CLI, "force": "true", "fieldValidation": "Strict"}
        path = resource.path(self._space(resource, metadata.get("namespace")), metadata["name"])
        return self.json(
            "PATCH",
            path,
            query=query | _dry(dry_run),
            body=body,
            content_type=APPLY_PATCH,
            about=(resource, metadata["name"]),
        )

    def merge(
        self,
        resource: Resource,
        name: str,
        patch: dict[str, Any],
        namespace: str | None,
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        path = resource.path(self._space(resource, namespace), name, subresource or None)
        query = {"fieldManager": FIELD_MANAGER_CLI} | _dry(dry_run)
        return self.json("PATCH", path, query=query, body=patch, content_type=MERGE_PATCH, about=(resource, name))

    def delete(
        self, resource: Resource, name: str, namespace: str | None = None, *, propagation: str, dry_run: bool = False
    ) -> dict[str, Any]:
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        path = resource.path(self._space(resource, namespace), name)
        return self.json("DELETE", path, query=_dry(dry_run), body=body, about=(resource, name))

    # Requests

    def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request, its whole answer as an object."""
        with self.stream(method, path, timeout=self._timeout, **options) as response:
            try:
                data = response.read()
            except urllib3.exceptions.HTTPError as error:
                raise self._unreachable(error) from error
        try:
            return json.loads(data)
        except ValueError as error:
            raise ClusterProblem(
                f"{self.host} does not answer like a Kubernetes API server",
                f"Check the server in {self.target.source}.",
            ) from error

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float | None = None,
        about: tuple[Resource, str] | None = None,
    ) -> urllib3.response.BaseHTTPResponse:
        """One request whose answer is read by the caller; refusals are raised."""
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json"})
        for name, value in self.auth_headers():
            headers.add(name, value)
        if body is not None:
            headers["Content-Type"] = content_type
        encode = apply_body if content_type == APPLY_PATCH else json.dumps
        url = self.host + path + (f"?{_encode(query)}" if query else "")
        if self._verbose:
            self._say(f"{method} {url}")
        try:
            response = self._pool.request(
                method,
                url,
                body=None if body is None else encode(body),
                headers=headers,
                preload_content=False,
                retries=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout or CONNECT_SECONDS), read=timeout),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise self._refused(response, about)
        return response

    def auth_headers(self) -> tuple[tuple[str, str], ...]:
        """The credentials of the configuration, renewed where they have to be, and who they act as; names repeat."""
        try:
            return (*self.target.login.headers().items(), *self.target.impersonate)
        except OSError as error:
            raise ClusterProblem(f"the credentials of {self.target.source} cannot be read: {error}") from error

    def access(self) -> Access:
        """The same way in, for a client that speaks HTTP itself."""
        login = self.target.login
        extensions = {"sni_hostname": login.server_name} if login.server_name else {}
        return Access(self.host, self.auth_headers(), login.tls(), login.proxy, extensions)

    def _space(self, resource: Resource, namespace: str | None) -> str | None:
        if not resource.namespaced:
            return None
        return self.namespace if namespace is None else namespace

    def _refused(self, response: urllib3.response.BaseHTTPResponse, about: tuple[Resource, str] | None) -> CliError:
        try:
            data = response.read()
        except urllib3.exceptions.HTTPError:
            data = b""
        return refusals.from_answer(response.status, data, about, self.host)

    def _unreachable(self, error: Exception) -> CliError:
        return refusals.unreachable(error, self.host, self.target.source)

    @staticmethod
    def _say(words: str) -> None:
        import click

        click.echo(words, err=True)


def lines_of(response: urllib3.response.BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a streamed answer, empty ones too, each as soon as it is whole; the connection's end ends them."""
    rest = b""
    try:
        while chunk := response.read1():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
    except (urllib3.exceptions.HTTPError, OSError):
        return
    if rest:
        yield rest


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _encode(query: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(query)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)
