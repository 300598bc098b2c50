"""The flags of commands that change something.

Role: `--dry-run`, `--wait` and `--wait-timeout`, as one value. On the path of those commands' help, so it imports
little. Called by the writing commands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, NamedTuple

import click

from mcp_cli.errors import WrongUsage
from mcp_cli.session import Duration


class Writing(NamedTuple):
    """How a change is made: tried or done, and whether to wait for what follows from it."""

    dry_run: str = "none"
    wait: bool = False
    wait_timeout: float = 300.0

    @property
    def on_server(self) -> bool:
        return self.dry_run == "server"

    @property
    def suffix(self) -> str:
        """What kubectl appends to its messages."""
        return {"client": " (dry run)", "server": " (server dry run)"}.get(self.dry_run, "")


def writing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a writing command `--dry-run`, `--wait` and `--wait-timeout` as one `writing` value."""

    def run(*args: Any, dry_run: str, wait: bool, wait_timeout: float, **params: Any) -> Any:
        if wait and dry_run != "none":
            raise WrongUsage(
                "--wait and --dry-run exclude each other", "A dry run changes nothing that could be waited for."
            )
        return function(*args, writing=Writing(dry_run, wait, wait_timeout), **params)

    wrapped = update_wrapper(run, function)
    choices = click.Choice(["none", "client", "server"])
    for option in (
        click.option(
            "--wait-timeout", type=Duration(), default=300.0, help="Give up waiting after this time (default 5m)."
        ),
        click.option("--wait/--no-wait", help="Wait until it is done."),
        click.option(
            "--dry-run",
            type=choices,
            default="none",
            metavar="[=none|client|server]",
            help="Only show what would be done; alone it means client.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped
