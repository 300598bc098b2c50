"""`mcp get`: lists of our kinds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_kind
from mcp_cli.errors import Silent, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

EXAMPLES = """
mcp get servers
mcp get servers -A -o wide
mcp get servers time fetch -o yaml
mcp get servers -l team=search --watch
mcp get servers -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
mcp get registries
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for."""

    resource: Resource
    names: tuple[str, ...]
    selector: str | None
    watch: bool


@click.command("get", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS)
@click.argument("words", nargs=-1, metavar="[servers|registries|backups] [NAME]...", shell_complete=complete_kind)
@click.option("-l", "--selector", help="Only objects with these labels (key=value, key!=value, key in (a,b)).")
@click.option("-w", "--watch", is_flag=True, help="Go on printing what changes.")
def command(session: Session, words: tuple[str, ...], selector: str | None, watch: bool) -> None:
    """List servers, registries or backups, or show those that are named.

    Without a kind it lists servers. The words of kubectl work too: mcpservers, mcps, mcpreg, mcpbak.
    JSON and YAML come without managed fields and resource versions, so that they can be applied again.
    """
    resource, names = _parse(words)
    if names and selector:
        raise WrongUsage("names and --selector exclude each other", "Give one of them.")
    run(Options(resource, names, selector, watch), session)


def _parse(words: tuple[str, ...]) -> tuple[Resource, tuple[str, ...]]:
    """A first word that is no kind is a server's name."""
    from mcp_cli.kinds import SERVERS, kind_of

    first = kind_of(words[0]) if words else SERVERS
    return (first, words[1:]) if first else (SERVERS, words)


def run(options: Options, session: Session) -> None:
    """Print the list; then, with --watch, what changes."""
    if options.watch:
        _watch(options, session)
        return
    if options.names:
        _named(options, session)
        return
    answer = session.cluster.list(options.resource, session.scope, label_selector=options.selector)
    _show_list(options.resource, answer["items"], session)


def _named(options: Options, session: Session) -> None:
    """The named objects; one that is missing does not keep the others from being shown."""
    from mcp_cli.errors import NotFound, say_error
    from mcp_cli.servers import find

    found, lost = [], False
    for name in options.names:
        try:
            found.append(find(session, options.resource, name))
        except NotFound as error:
            if len(options.names) == 1:
                raise
            lost = True
            say_error(error.message, error.hint)
    if len(options.names) == 1:
        session.printer.show(found[0], _table_of(options.resource, found, session))
    elif found:
        _show_list(options.resource, found, session)
    if lost:
        raise Silent


def _show_list(resource: Resource, items: list[dict[str, Any]], session: Session) -> None:
    session.printer.show(
        {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}, _table_of(resource, items, session)
    )


def _table_of(resource: Resource, items: list[dict[str, Any]], session: Session) -> Any:
    from mcp_cli.views.lists import list_table

    return lambda: list_table(resource, items, scope=session.scope)


def _watch(options: Options, session: Session) -> None:
    """The list as it is, then each object that changes."""
    from mcp_cli.following import Following

    fields = f"metadata.name={options.names[0]}" if len(options.names) == 1 else None
    following = Following(
        session.cluster, options.resource, session.scope, label_selector=options.selector, field_selector=fields
    )
    rows = _Rows(options.resource, session) if session.printer.human else None
    first: list[dict[str, Any]] | None = []
    for change in following.changes():
        if change is None or (change.obj and options.names and change.obj["metadata"]["name"] not in options.names):
            continue
        if first is not None and change.what == "ADDED":
            first.append(change.obj)
        elif first is not None:
            _print_rows(rows, first, session)
            first = None
        else:
            _print_rows(rows, [change.obj], session)


def _print_rows(rows: _Rows | None, items: list[dict[str, Any]], session: Session) -> None:
    if rows is not None:
        rows.show(items)
    else:
        for item in items:
            session.printer.show(item)
    sys.stdout.flush()


class _Rows:
    """A table that grows: headers once, columns at least as wide as they were."""

    def __init__(self, resource: Resource, session: Session) -> None:
        self._resource = resource
        self._session = session
        self._headers = True

    def show(self, items: list[dict[str, Any]]) -> None:
        from mcp_cli.output.style import colour_for
        from mcp_cli.views.lists import list_table

        table = list_table(self._resource, items, scope=self._session.scope)
        if not items:
            click.echo(table.empty, err=True)
            return
        text = table.render(wide=self._session.output == "wide", colour=colour_for(sys.stdout), headers=self._headers)
        click.echo(text)
        self._headers = False
