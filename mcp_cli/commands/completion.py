"""`mcp completion`: a shell's completion script."""

from __future__ import annotations

import click

from mcp_cli.groups import Command

EXAMPLES = """
source <(mcp completion bash)
mcp completion zsh > "${fpath[1]}/_mcp"
mcp completion fish > ~/.config/fish/completions/mcp.fish
mcp completion kubectl > ~/.local/bin/kubectl_complete-mcp && chmod +x ~/.local/bin/kubectl_complete-mcp
"""


@click.command("completion", cls=Command, examples=EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "kubectl"]))
def command(shell: str) -> None:
    """Print the completion script of a shell, for mcp and for kubectl-mcp.

    It completes commands, flags, output formats, namespaces, contexts, and the names of servers, which it asks the
    cluster for. For `kubectl mcp` kubectl runs a program of its own: `mcp completion kubectl` prints it, to be saved
    on the PATH as kubectl_complete-mcp.
    """
    from mcp_cli.completionscripts import script

    click.echo(script(shell), nl=False)
