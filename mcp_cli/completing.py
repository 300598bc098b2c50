"""What the shell offers after a TAB: names from the cluster, namespaces, contexts, output formats.

Role: completion callbacks. A completion never fails aloud, never starts the embedded cluster and gives up after a
moment. Called by Click, and by the hidden command that answers kubectl.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster

GIVE_UP_SECONDS = 2.0
OFFERED_NAMES = 200

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


def complete_kind(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The kinds that `get` and `describe` know first, names after one."""
    from mcp_cli import kinds

    words = ctx.params.get("words") or ()
    if not words:
        return [name for name in kinds.PLURALS if name.startswith(incomplete)]
    kind = kinds.kind_of(words[0])
    return _names(ctx, kind, incomplete) if kind else []


def complete_namespace(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from mcp_operator.runtime.resources import NAMESPACES

    return _names(ctx, NAMESPACES, incomplete)


def complete_context(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The contexts of the kubeconfig, without asking a cluster."""
    from mcp_cli.errors import CliError
    from mcp_cli.target import config_files, context_names

    try:
        names = context_names(config_files(ctx.params.get("kubeconfig")))
    except CliError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def complete_catalogue(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The servers of the catalogue's index."""
    try:
        from mcp_operator.catalog.catalogue import open_catalogue

        with open_catalogue() as catalogue:
            return catalogue.names(incomplete, OFFERED_NAMES)
    except Exception:  # a completion has nowhere to complain to
        return []


def _names(ctx: click.Context, resource: Any, incomplete: str) -> list[str]:
    """The names of objects; an empty list for whatever goes wrong, since a completion has nowhere to complain to."""
    try:
        cluster = _cluster(ctx)
        if cluster is None:
            return []
        namespace = ctx.params.get("namespace") or (ctx.find_root().params or {}).get("namespace") or cluster.namespace
        items = cluster.list(resource, namespace if resource.namespaced else None)["items"]
    except Exception:  # a completion has nowhere to complain to
        return []
    return [name for name in (item["metadata"]["name"] for item in items) if name.startswith(incomplete)]


def _cluster(ctx: click.Context) -> Cluster | None:
    """The cluster as the flags so far say; the embedded one only if it runs already."""
    from mcp_cli import target
    from mcp_cli.kube import Cluster

    def flag(name: str) -> Any:
        return ctx.params.get(name) or ctx.find_root().params.get(name) or os.environ.get(f"MCP_{name.upper()}")

    files = [] if flag("local") else target.config_files(flag("kubeconfig"))
    if not files:
        from mcp_cli.local.paths import ClusterPaths

        embedded = ClusterPaths.default().kubeconfig
        files = [str(embedded)] if embedded.is_file() else []
    if not files:
        return None
    return Cluster(target.from_files(files, flag("context")), request_timeout=GIVE_UP_SECONDS)
