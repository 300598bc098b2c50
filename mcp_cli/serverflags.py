"""The flags that say what a server is; `deploy` and `update` share them.

Role: Click options, and their values as `ServerFlags`. On the path of those commands' help, so it imports little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.errors import WrongUsage

if TYPE_CHECKING:
    from mcp_cli.serverspec import ServerFlags

RUNTIMES = ("docker", "python", "node", "remote", "stdio")
TRANSPORTS = ("stdio", "http", "streamable-http", "sse")
PORTS_HELP = "Port of the Service: 8080, name:8080, 8080:8081, name:port:target[:TCP|UDP[:appProtocol]]."
RUNTIME_HELP = "How the server is packaged; remote runs elsewhere; stdio is docker that speaks stdio."
TRANSPORT_HELP = "What the server speaks; stdio runs behind a bridge."


def server_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags, each as a keyword argument; `flags_of` makes them one value."""
    port = click.IntRange(1, 65535)
    options = (
        click.option("--replicas", type=click.IntRange(min=0), help="How many pods; 0 stops the server."),
        click.option("--image", help="Container image; NAME need not be in the catalogue then."),
        click.option("--package", help="PyPI or npm package, with --runtime; NAME need not be in the catalogue then."),
        click.option("--runtime", type=click.Choice(RUNTIMES), help=RUNTIME_HELP),
        click.option("--transport", type=click.Choice(TRANSPORTS), help=TRANSPORT_HELP),
        click.option("--http-path", help="Path of the server's endpoint."),
        click.option("--port", type=port, help="Port of the server."),
        click.option("--ports", multiple=True, help=PORTS_HELP),
        click.option("--env", multiple=True, metavar="NAME=VALUE", help="Environment variable of the server."),
        click.option(
            "--env-from-secret", multiple=True, metavar="SECRET", help="Variables from every key of a Secret."
        ),
        click.option("--command", "words", multiple=True, metavar="WORD", help="Command of the server, word by word."),
        click.option("--arg", "args", multiple=True, metavar="WORD", help="Argument of the server, word by word."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def check(given: dict[str, Any], *, known: bool = False) -> None:
    """Flags that do not go together; `known` where the server's runtime is known from elsewhere."""
    if given["image"] and given["package"]:
        raise WrongUsage("--image and --package exclude each other", "Give one of them.")
    if given["package"] and given["runtime"] not in (("python", "node", None) if known else ("python", "node")):
        raise WrongUsage(
            "--package needs --runtime python or --runtime node", "PyPI packages are python, npm packages are node."
        )


def flags_of(name: str, given: dict[str, Any]) -> ServerFlags:
    """The values as one."""
    from mcp_cli.serverspec import ServerFlags

    words = given["words"]
    values = {key: value for key, value in given.items() if key != "words"}
    if values["runtime"] == "stdio" and not values["transport"]:
        values["transport"] = "stdio"
    return ServerFlags(name=name, command=words, **values)
