"""What a refresh of the catalogue found: results to stdout, the entries that were left out to stderr."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mcp_cli.views.catalogue import harmless

if TYPE_CHECKING:
    from mcp_operator.catalog.catalogue import Refreshed

    from mcp_cli.session import Session


def show_refreshed(session: Session, found: list[Refreshed]) -> None:
    """One line a source for a person, one document for a program."""
    for source in found:
        for error in source.errors:
            session.say(f"left out: {harmless(error)}")
    if session.printer.human:
        for source in found:
            click.echo(f"{source.source}: {source.entries} servers")
        return
    session.printer.show({"items": [{**asdict(source), "errors": list(source.errors)} for source in found]})
