"""`mcp prompts get`: one prompt of a server, filled in."""

from __future__ import annotations

from typing import Any

import click

from mcp_cli.errors import CliError, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

EXAMPLES = """
mcp prompts get everything simple-prompt
mcp prompts get everything args-prompt --arg city=Berlin --arg state=BE
"""


@click.command("get", cls=Command, examples=EXAMPLES, surplus="An argument of the prompt: --arg NAME=VALUE.")
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
        _check(client.list_prompts(), prompt, arguments, name)
        result = client.get_prompt(prompt, arguments)
    session.printer.show(result, text=lambda: prompt_text(result))


def _check(prompts: list[dict[str, Any]], prompt: str, arguments: dict[str, str], server: str) -> None:
    """What servers answer to a wrong prompt is often an internal error; it can be said better before."""
    from difflib import get_close_matches

    known = {one["name"]: one for one in prompts}
    if prompt not in known:
        near = get_close_matches(prompt, list(known), n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"`mcp prompts list {server} -o wide` shows what it takes."
        raise CliError(f'{server} has no prompt "{prompt}"', hint)
    wanted = [one["name"] for one in known[prompt].get("arguments") or [] if one.get("required")]
    absent = [one for one in wanted if one not in arguments]
    if absent:
        flags = " ".join(f"--arg {one}=VALUE" for one in absent)
        raise WrongUsage(f"{prompt} needs {', '.join(absent)}", f"Give {flags}.")
