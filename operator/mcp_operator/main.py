"""`mcp-operator`: the manager's command line.

Role: flags, signals, exit codes. Everything heavy is imported when it runs. Not its job: what the operator does
(`controllers.setup`).
"""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_operator.version import __version__

if TYPE_CHECKING:
    from mcp_operator.controllers.setup import OperatorConfig

LEASE_NAME = "mcp-operator.mcp.allbeone.io"
IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The flags of `run`."""

    kubeconfig: str | None
    context: str | None
    namespace: tuple[str, ...]
    workers: int
    leader_elect: bool
    leader_election_namespace: str | None
    metrics_bind_address: str
    health_probe_bind_address: str
    runner_image: str | None
    cluster_domain: str
    log_level: str


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mcp-operator")
def main() -> None:
    """Keeps a Kubernetes cluster true to its MCPServers.

    \b
    Examples:
      mcp-operator run --kubeconfig ~/.kube/config
      mcp-operator run --leader-elect --metrics-bind-address :8080 --health-probe-bind-address :8081
    """


@main.command()
def version() -> None:
    """Print the version.

    \b
    Example:
      mcp-operator version
    """
    click.echo(__version__)


@main.command()
@click.option("--kubeconfig", help="Kubeconfig file. Default: $KUBECONFIG, else the pod's service account.")
@click.option("--context", help="Context of the kubeconfig. Default: its current one.")
@click.option("-n", "--namespace", multiple=True, help="Namespace to watch; repeat for more. Default: all.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Reconciles at a time.")
@click.option("--leader-elect", is_flag=True, help="Of several operators, let one work at a time.")
@click.option("--leader-election-namespace", help="Namespace of the Lease. Default: the pod's, else default.")
@click.option("--metrics-bind-address", default="0", show_default=True, help="HOST:PORT of /metrics; 0 is none.")
@click.option(
    "--health-probe-bind-address", default="0", show_default=True, help="HOST:PORT of /healthz, /readyz; 0 is none."
)
@click.option("--runner-image", help="Image that installs and bridges packages. Default: this version's.")
@click.option("--cluster-domain", default="cluster.local", show_default=True, help="DNS domain of the cluster.")
@click.option("--log-level", type=click.Choice(LEVELS), default="info", show_default=True, help="What to log.")
def run(**flags: object) -> None:
    """Run the operator until it gets SIGTERM or SIGINT.

    \b
    Examples:
      mcp-operator run --kubeconfig "$(mcp local kubeconfig)"
      mcp-operator run -n team-a -n team-b --workers 8
    """
    from mcp_operator.runtime.logs import set_up

    options = RunOptions(**flags)  # type: ignore[arg-type]
    config = _config(options)
    set_up(options.log_level)
    sys.exit(asyncio.run(_run(options, config)))


async def _run(options: RunOptions, config: OperatorConfig) -> int:
    from mcp_operator.controllers import setup
    from mcp_operator.runtime.client import KubeClient
    from mcp_operator.runtime.config import ConfigError
    from mcp_operator.runtime.leader import LeadershipLost

    stop = _stop_on_signals()
    try:
        client = await KubeClient.connect(options.kubeconfig, options.context)
    except ConfigError as error:
        return _fail(error)
    try:
        await setup.run(client, config, stop)
    except (setup.NotInstalled, LeadershipLost, OSError) as error:
        return _fail(error)
    finally:
        await client.close()
    return 0


def _config(options: RunOptions) -> OperatorConfig:
    from mcp_operator.controllers.mcpserver import Options
    from mcp_operator.controllers.setup import OperatorConfig
    from mcp_operator.render.context import RUNNER_IMAGE
    from mcp_operator.runtime.health import parse_address
    from mcp_operator.runtime.leader import LeaseConfig
    from mcp_operator.runtime.manager import ManagerConfig

    try:
        metrics, health = parse_address(options.metrics_bind_address), parse_address(options.health_probe_bind_address)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    lease = LeaseConfig(LEASE_NAME, options.leader_election_namespace or _own_namespace())
    return OperatorConfig(
        namespaces=tuple(dict.fromkeys(options.namespace)),
        workers=options.workers,
        system_namespace=_own_namespace(),
        options=Options(options.runner_image or RUNNER_IMAGE, options.cluster_domain),
        manager=ManagerConfig(metrics, health, lease if options.leader_elect else None),
    )


def _own_namespace() -> str:
    return IN_CLUSTER_NAMESPACE.read_text().strip() if IN_CLUSTER_NAMESPACE.exists() else "default"


def _stop_on_signals() -> asyncio.Event:
    """The first signal ends the work in order, the second one at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    return stop


def _fail(error: Exception) -> int:
    click.echo(f"mcp-operator: {error}", err=True)
    return 1


if __name__ == "__main__":
    main()
