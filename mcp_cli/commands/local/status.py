"""`mcp local status`: whether the embedded cluster runs, where, and what it uses."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp local status
mcp local status -o json
"""


@click.command("status", cls=Command, examples=EXAMPLES)
@click.option(
    "-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="The form of the answer."
)
def command(output: str) -> None:
    """Show whether the embedded cluster runs and what it uses.

    Memory is the cluster's own share (PSS) of the daemon and of the operator, where the system tells it. Exits with 1
    when the cluster does not run.
    """
    from mcp_cli.errors import Silent
    from mcp_cli.local.paths import ClusterPaths
    from mcp_cli.local.report import report, report_text

    found = report(ClusterPaths.default())
    if output == "text":
        click.echo(report_text(found))
    elif output == "json":
        import json

        click.echo(json.dumps(found, indent=2))
    else:
        import yaml

        click.echo(yaml.safe_dump(found, sort_keys=False), nl=False)
    if not found["running"]:
        raise Silent
