"""What the shell offers after a TAB: names from the cluster, namespaces, contexts, output formats.

Role: completion callbacks. A completion never fails aloud, never starts the embedded cluster and gives up after a
moment. Called by Click, and by the hidden command that answers kubectl.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster

GIVE_UP_SECONDS = 2.0

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def complete_output(formats: tuple[str, ...]) -> Completer:
    """The formats a command has."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        return [known for known in formats if known.startswith(incomplete)]

    return complete


def complete_server(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The servers of the namespace in use."""
    from mcp_cli.kinds import SERVERS

    return _names(ctx, SERVERS, incomplete)


def complete_objects(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The kinds that `get` and `describe` know first, names after one; names after `TYPE/`."""
    from mcp_cli import kinds

    words = ctx.params.get("words") or ()
    kind, slash, start = incomplete.partition("/")
    if slash:
        resource = kinds.kind_of(kind)
        return [f"{kind}/{name}" for name in _names(ctx, resource, start)] if resource else []
    if not words:
        return [name for name in kinds.PLURALS if name.startswith(incomplete)]
    first = kinds.kind_of(words[0])
    return [name for name in _names(ctx, first, incomplete) if name not in words] if first else []


def complete_victims(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of servers, or the same as after `get` once a kind was given."""
    from mcp_cli import kinds

    words = ctx.params.get("words") or ()
    if "/" in incomplete or (words and kinds.kind_of(words[0])):
        return complete_objects(ctx, param, incomplete)
    return [name for name in complete_server(ctx, param, incomplete) if name not in words]


def complete_tool(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The tools that the status of the server names; the server itself is not asked."""
    from mcp_cli.kinds import SERVERS, status_of

    try:
        cluster = _cluster(ctx)
        server = cluster and cluster.find(SERVERS, ctx.params.get("name") or "", _namespace(ctx) or cluster.namespace)
    except Exception:  # a completion has nowhere to complain to
        return []
    tools = (status_of(server).get("mcp") or {}).get("tools") or [] if server else []
    return [name for name in tools if name.startswith(incomplete)]


def complete_container(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The containers that a server's pods have; an unfinished -c hides the server's name, so it is not asked for."""
    from mcp_operator.api.names import CONTAINER_INSTALL, CONTAINER_SERVER

    return [name for name in (CONTAINER_SERVER, CONTAINER_INSTALL) if name.startswith(incomplete)]


def complete_namespace(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from mcp_operator.runtime.resources import NAMESPACES

    return _names(ctx, NAMESPACES, incomplete)


def complete_context(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The contexts of the kubeconfig, without asking a cluster."""
    from mcp_cli.errors import CliError
    from mcp_cli.target import config_files, context_names

    try:
        names = context_names(config_files(_flag(ctx, "kubeconfig")))
    except CliError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _names(ctx: click.Context, resource: Any, incomplete: str) -> list[str]:
    """The names of objects; an empty list for whatever goes wrong, since a completion has nowhere to complain to."""
    try:
        cluster = _cluster(ctx)
        if cluster is None:
            return []
        items = cluster.list(resource, _namespace(ctx) if resource.namespaced else None)["items"]
    except Exception:  # a completion has nowhere to complain to
        return []
    return [name for name in (item["metadata"]["name"] for item in items) if name.startswith(incomplete)]


def _flag(ctx: click.Context, name: str) -> Any:
    """A session flag so far: after the command, before it, or of the environment, in this order."""
    if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return ctx.params.get(name)
    return ctx.find_root().params.get(name) or ctx.params.get(name) or os.environ.get(f"MCP_{name.upper()}")


def _namespace(ctx: click.Context) -> str | None:
    """The namespace to look in; None is the context's."""
    return "" if ctx.params.get("all_namespaces") else _flag(ctx, "namespace")


def _cluster(ctx: click.Context) -> Cluster | None:
    """The cluster as the flags so far say; the embedded one only if it runs already."""
    from mcp_cli import target
    from mcp_cli.kube import Cluster

    files = [] if _flag(ctx, "local") else target.config_files(_flag(ctx, "kubeconfig"))
    if not files:
        from mcp_cli.local.paths import ClusterPaths

        embedded = ClusterPaths.default().kubeconfig
        files = [str(embedded)] if embedded.is_file() else []
    if not files:
        return None
    return Cluster(target.from_files(files, _flag(ctx, "context")), request_timeout=GIVE_UP_SECONDS)
