"""`mcp get`: lists of our kinds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_objects
from mcp_cli.errors import Silent, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import Wanted, wanted
from mcp_cli.session import LISTS, Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

    from mcp_cli.output.table import Table

EXAMPLES = """
mcp get servers
mcp get servers -A -o wide
mcp get servers time fetch -o yaml
mcp get servers/time registries/default
mcp get servers -l team=search --watch
mcp get servers --sort-by .metadata.creationTimestamp --no-headers
mcp get servers -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'
mcp get registries
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for, and how a table of it looks."""

    wanted: Wanted
    selector: str | None
    watch: bool
    sort_by: str | None
    show_labels: bool

    @property
    def kinds(self) -> tuple[Resource, ...]:
        return tuple(dict.fromkeys(kind for kind, _ in self.wanted.objects)) or self.wanted.kinds

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.wanted.objects)


@click.command("get", cls=Command, examples=EXAMPLES)
@cluster_options(formats=LISTS)
@click.argument("words", nargs=-1, metavar="[servers|registries|backups] [NAME]...", shell_complete=complete_objects)
@click.option("-l", "--selector", help="Only objects with these labels (key=value, key!=value, key in (a,b)).")
@click.option("-w", "--watch", is_flag=True, help="Go on printing what changes.")
@click.option("--sort-by", metavar="JSONPATH", help="Sort by a field, for example .metadata.creationTimestamp.")
@click.option("--show-labels", is_flag=True, help="The labels in a last column.")
@click.option("--no-headers", is_flag=True, help="A table without its line of headers.")
def command(session: Session, words: tuple[str, ...], no_headers: bool, **given: Any) -> None:
    """List servers, registries or backups, or show those that are named.

    Without a kind it lists servers. The words of kubectl work too: mcpservers, mcps, mcpreg, mcpbak, TYPE/NAME,
    several kinds with commas, and all. JSON and YAML come without managed fields and resource versions, so that they
    can be applied again.
    """
    options = Options(wanted(words), **given)
    if options.names and options.selector:
        raise WrongUsage("names and --selector exclude each other", "Give one of them.")
    if options.watch and len(options.kinds) > 1:
        raise WrongUsage("--watch follows one kind", "Give one of servers, registries and backups.")
    if options.watch and options.sort_by:
        raise WrongUsage("--watch and --sort-by exclude each other", "What changes is printed as it comes.")
    if no_headers:
        session.hide_headers()
    run(options, session)


def run(options: Options, session: Session) -> None:
    """Print the list; then, with --watch, what changes."""
    if options.watch:
        _watch(options, session)
    elif options.names:
        _named(options, session)
    else:
        items: list[dict[str, Any]] = []
        for kind in options.kinds:
            items += session.cluster.list(kind, session.scope, label_selector=options.selector)["items"]
        _show_list(options, items, session)


def _named(options: Options, session: Session) -> None:
    """The named objects; one that is missing does not keep the others from being shown."""
    from mcp_cli.errors import NotFound, say_error
    from mcp_cli.servers import find

    found, lost = [], False
    for kind, name in options.wanted.objects:
        try:
            found.append(find(session, kind, name))
        except NotFound as error:
            if len(options.names) == 1:
                raise
            lost = True
            say_error(error.message, error.hint)
    if len(options.names) == 1:
        session.printer.show(found[0], lambda: _table(options, options.kinds[0], found, session))
    elif found:
        _show_list(options, found, session)
    if lost:
        raise Silent


def _show_list(options: Options, items: list[dict[str, Any]], session: Session) -> None:
    """One List for programs; for people a table a kind."""
    if options.sort_by:
        from mcp_cli.sorting import sorted_by

        items = sorted_by(items, options.sort_by)
    document = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
    if not session.printer.human:
        session.printer.show(document)
        return
    several = len(options.kinds) > 1
    shown = [kind for kind in options.kinds if not several or any(item["kind"] == kind.kind for item in items)]
    if not shown:
        session.say(f"Nothing found in namespace {session.scope}." if session.scope else "Nothing found.")
    for number, kind in enumerate(shown):
        if number:
            click.echo()
        own = [item for item in items if item["kind"] == kind.kind]
        session.printer.show(document, lambda kind=kind, own=own: _table(options, kind, own, session))  # type: ignore[misc]


def _table(options: Options, kind: Resource, items: list[dict[str, Any]], session: Session) -> Table:
    from mcp_cli.views.lists import list_table

    several = len(options.kinds) > 1
    return list_table(kind, items, scope=session.scope, labels=options.show_labels, typed=several)


def _watch(options: Options, session: Session) -> None:
    """The list as it is, then each object that changes."""
    from mcp_cli.following import Following

    fields = f"metadata.name={options.names[0]}" if len(options.names) == 1 else None
    following = Following(
        session.cluster, options.kinds[0], session.scope, label_selector=options.selector, field_selector=fields
    )
    rows = _Rows(options, session) if session.printer.human else None
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

    def __init__(self, options: Options, session: Session) -> None:
        self._options = options
        self._session = session
        self._headers = session.headers

    def show(self, items: list[dict[str, Any]]) -> None:
        from mcp_cli.output.style import colour_for

        table = _table(self._options, self._options.kinds[0], items, self._session)
        if not items:
            click.echo(table.empty, err=True)
            return
        text = table.render(wide=self._session.output == "wide", colour=colour_for(sys.stdout), headers=self._headers)
        click.echo(text)
        self._headers = False
