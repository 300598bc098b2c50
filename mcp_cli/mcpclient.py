"""A client of one server, over the way that works from here.

Role: find the server's endpoint, choose direct or through the API server, make the HTTP client, turn the protocol's
failures into ours. Not its job: the protocol (`mcp_operator.client`). Called by the commands that use a server.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from mcp_operator.client import errors
from mcp_operator.client.options import TIMEOUT
from mcp_operator.client.route import Route, Target, choose
from mcp_operator.client.sync import McpClient
from mcp_operator.runtime.resources import SECRETS
from mcp_operator.version import __version__

from mcp_cli.asking import Answers
from mcp_cli.endpoints import Endpoint, endpoint_of
from mcp_cli.errors import CliError
from mcp_cli.kinds import spec_of
from mcp_cli.servers import find_server
from mcp_cli.target import in_pod

if TYPE_CHECKING:
    from mcp_cli.session import Session

CLIENT_INFO = {"name": "mcp", "title": "mcp command line", "version": __version__}
CONNECT_SECONDS = 10.0


@contextmanager
def connected(
    session: Session, name: str, inputs: tuple[str, ...] = (), *, lister: str = "tools"
) -> Iterator[McpClient]:
    """A client of the server of that name; ends its session, and says in our words what goes wrong meanwhile.

    `lister` is the group whose `list` tells what the server would have taken.
    """
    server = find_server(session, name)
    endpoint = endpoint_of(session, server)
    route = route_to(session, endpoint)
    headers = {**route.headers, **(remote_headers(session, server) if endpoint.url else {})}
    if session.verbose:
        session.say(f"MCP {route.url}")
    with http_client(session, route, outside=bool(endpoint.url)) as http:
        client = McpClient(
            http,
            route.url,
            client_info=CLIENT_INFO,
            headers=headers,
            on_input=Answers(inputs),
            timeout=session.request_timeout or TIMEOUT,
        )
        try:
            yield client
        except errors.McpError as error:
            raise in_our_words(error, name, lister) from error
        finally:
            _end(client, session)


def route_to(session: Session, endpoint: Endpoint) -> Route:
    if endpoint.url:
        return Route(endpoint.url, proxied=False)
    target = Target(
        "services", endpoint.namespace, endpoint.name, endpoint.port, endpoint.path, endpoint.cluster_ip or None
    )
    return choose(target, api_server=session.cluster.host, in_cluster=in_pod())


def http_client(session: Session, route: Route, *, outside: bool = False) -> httpx.Client:
    """With the cluster's TLS and credentials where the way leads through it, and without them where it does not.

    For a server of the world outside the environment's proxies and certificates count.
    """
    timeout = httpx.Timeout(session.request_timeout or TIMEOUT, connect=CONNECT_SECONDS)
    if not route.proxied:
        return httpx.Client(timeout=timeout, trust_env=outside)
    access = session.cluster.access()
    return httpx.Client(
        headers=access.headers,
        verify=access.verify,
        proxy=access.proxy,
        trust_env=False,
        timeout=timeout,
        event_hooks={"request": [lambda request: request.extensions.update(access.extensions)]},
    )


def remote_headers(session: Session, server: dict[str, Any]) -> dict[str, str]:
    """The headers that a remote server wants; their values are shown nowhere."""
    found = {}
    for item in (spec_of(server).get("runtime") or {}).get("headers") or []:
        reference = (item.get("valueFrom") or {}).get("secretKeyRef")
        value = item.get("value", "") if reference is None else _secret(session, server, reference)
        if value:
            found[item["name"]] = value
    return found


def _secret(session: Session, server: dict[str, Any], reference: dict[str, Any]) -> str:
    secret = session.cluster.find(SECRETS, reference["name"], server["metadata"]["namespace"]) or {}
    encoded = (secret.get("data") or {}).get(reference["key"])
    if encoded is not None:
        return base64.b64decode(encoded).decode("latin-1").strip()
    if reference.get("optional"):
        return ""
    words = f"the Secret {reference['name']}, which a header needs, has no key {reference['key']}"
    raise CliError(words, f"Create it in namespace {server['metadata']['namespace']}.")


def in_our_words(error: errors.McpError, name: str, lister: str = "tools") -> CliError:
    """What failed, and what to do next by the kind of failure."""
    hint = f"`mcp status {name}` tells how the server is, `mcp logs {name}` what it said."
    if isinstance(error, errors.InputNeeded):
        hint = "Answer with --input NAME=VALUE, or run the command on a terminal."
    elif isinstance(error, errors.McpTimeout):
        hint = f"Raise --request-timeout; {hint}"
    elif isinstance(error, errors.ProtocolError | errors.UnusableTool):
        hint = f"`mcp {lister} list {name} -o wide` shows what it takes."
    return CliError(f"{name}: {error}", hint)


def _end(client: McpClient, session: Session) -> None:
    """The session's end is a courtesy to the server: its failure changes nothing of what was done."""
    try:
        client.close()
    except errors.McpError as error:
        if session.verbose:
            session.say(f"the session did not end well: {error}")
