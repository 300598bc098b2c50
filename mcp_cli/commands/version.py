"""`mcp version`: this program, and the cluster it would talk to."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.groups import Command
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp version
mcp version --client
mcp version -o json
"""


@click.command("version", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml"), all_namespaces=False)
@click.option("--client", is_flag=True, help="Only this program; asks no cluster.")
def command(session: Session, client: bool) -> None:
    """Print the versions of mcp and of the cluster.

    Asks the cluster that the other commands would use, and never starts the embedded one: where none is configured and
    the embedded one does not run, only the client's version is printed.
    """
    from mcp_operator.version import __version__

    versions: dict[str, Any] = {"client": {"version": __version__}}
    printer = session.printer
    try:
        if not client and _has_cluster(session):
            answer = session.cluster.json("GET", "/version")
            versions["server"] = {key: answer[key] for key in ("gitVersion", "platform") if key in answer}
    finally:
        # A cluster that does not answer is an error, but no reason to keep the client's version back.
        printer.show(versions, text=lambda: _text(versions))


def _has_cluster(session: Session) -> bool:
    """Whether asking would not start anything."""
    from mcp_cli.target import config_files, in_pod

    if not session.local and (config_files(session.kubeconfig) or in_pod()):
        return True
    from mcp_cli.local.paths import ClusterPaths

    return ClusterPaths.default().kubeconfig.is_file() and _embedded_runs()


def _embedded_runs() -> bool:
    from mcp_cli.local.client_side import is_running

    return is_running()


def _text(versions: dict[str, Any]) -> str:
    lines = [f"mcp version {versions['client']['version']}"]
    if "server" in versions:
        lines.append(f"cluster: Kubernetes {versions['server'].get('gitVersion', '(unknown)')}")
    return "\n".join(lines)
