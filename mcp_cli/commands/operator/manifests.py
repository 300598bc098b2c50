"""`mcp operator manifests`: what a cluster needs before servers can be deployed."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
mcp operator manifests
mcp operator manifests | kubectl apply -f -
mcp operator manifests -o json
"""


@click.command("manifests", cls=Command, examples=EXAMPLES)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="Form of the documents.",
)
def command(output: str) -> None:
    """Print the custom resource definitions of MCPServer, MCPRegistry and MCPServerBackup.

    They install on Kubernetes 1.20 and newer. Nothing is sent to any cluster. Once they are installed, `mcp operator
    run` beside the cluster keeps its servers.
    """
    from mcp_operator.api.crds import crds

    documents = crds()
    if output == "json":
        import json

        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}, indent=4))
        return
    from mcp_cli.output.structured import to_yaml

    click.echo("---\n".join(to_yaml(document) for document in documents), nl=False)
