"""`mcp local logs`: what the cluster's own parts have said."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local logs
mcp local logs operator --tail 50
mcp local logs -f
"""


@click.command("logs", cls=Command, examples=EXAMPLES)
@click.argument("part", type=click.Choice(["daemon", "operator"]), default="daemon")
@click.option("-f", "--follow", is_flag=True, help="Go on until interrupted.")
@click.option("--tail", type=click.IntRange(min=0), default=200, show_default=True, help="How many of the last lines.")
def command(part: str, follow: bool, tail: int) -> None:
    """Print what the embedded cluster's parts have said.

    PART is daemon (API server, workload controllers and node agent) or operator. The logs of a server are at
    `mcp logs NAME`.
    """
    from mcp_cli.errors import CliError
    from mcp_cli.local.logtail import follow_lines, last_lines
    from mcp_cli.local.paths import ClusterPaths

    paths = ClusterPaths.default()
    file = paths.operator_log if part == "operator" else paths.daemon_log
    if not file.exists():
        raise CliError(f"the embedded cluster has no {part} log yet", "`mcp local start` starts the cluster.")
    for line in last_lines(file, tail):
        click.echo(line, nl=False)
    if follow:
        for line in follow_lines(file):
            click.echo(line, nl=False)
