"""The way of results to stdout, after their form is made.

Role: what a terminal would act on instead of showing it is replaced on a terminal, and passes to programs as it is.
Called by the printers.
"""

from __future__ import annotations

import sys

import click

from mcp_cli.output.harmless import harmless
from mcp_cli.output.style import is_terminal


def put(text: str, *, newline: bool = True, coloured: bool = False) -> None:
    """Write a result; `coloured` says that our own colours are in it."""
    click.echo(harmless(text, coloured=coloured) if is_terminal(sys.stdout) else text, nl=newline)
