"""`mcp prompts get`: one prompt of a server, filled in."""

from __future__ import annotations

import click

from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp prompts get everything simple-prompt
mcp prompts get everything args-prompt --arg city=Berlin --arg state=BE
"""


@click.command("get", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml", "jsonpath="))
@server_argument()
@click.argument("prompt")
@click.option("--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument of the prompt; always text.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An answer to what the server asks.")
def command(session: Session, name: str, prompt: str, pairs: tuple[str, ...], inputs: tuple[str, ...]) -> None:
    """Fill in a prompt of a server and print its messages, each under its role.

    The arguments of prompts are texts; `mcp prompts list` shows which there are.
    """
    from mcp_cli.mcpclient import connected
    from mcp_cli.serverspec import key_values
    from mcp_cli.views.content import prompt_text

    arguments = key_values(pairs, "--arg")
    with connected(session, name, inputs, lister="prompts") as client:
        result = client.get_prompt(prompt, arguments)
    session.printer.show(result, text=lambda: prompt_text(result))
