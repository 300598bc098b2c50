"""`mcp delete`: remove servers, and wait until nothing of them is left."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_victims
from mcp_cli.errors import CliError, Silent, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import Wanted, wanted
from mcp_cli.session import Session, cluster_options, stdin_is_terminal
from mcp_cli.writing import Writing, writing_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

EXAMPLES = """
mcp delete time --wait
mcp delete time fetch --ignore-not-found
mcp delete registry default
mcp delete -l team=search
mcp delete --all --yes
mcp delete -f server.yaml
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be deleted, by one of four ways to say it."""

    wanted: Wanted
    files: tuple[str, ...]
    selector: str | None
    everything: bool
    ignore_not_found: bool
    confirmed: bool
    writing: Writing


@click.command("delete", cls=Command, examples=EXAMPLES)
@cluster_options(formats=("json", "yaml", "name"))
@writing_options
@click.argument("words", metavar="[server|registry|backup] [NAME]...", nargs=-1, shell_complete=complete_victims)
@click.option(
    "-f", "--filename", "files", multiple=True, type=click.Path(), help="Delete what FILE, a folder or - names."
)
@click.option("-l", "--selector", help="Delete those with these labels.")
@click.option("--all", "everything", is_flag=True, help="Delete every one of the namespace (with -A: of all).")
@click.option("--ignore-not-found", is_flag=True, help="What is not there is no error.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before --all deletes.")
@click.option("--force", "yes", is_flag=True, hidden=True)
def command(
    session: Session, writing: Writing, words: tuple[str, ...], files: tuple[str, ...], yes: bool, **given: Any
) -> None:
    """Delete servers with everything that belongs to them: pods, Service, configuration.

    With --wait it ends when the last of it is gone; without, the cluster goes on removing in the background. It asks
    before --all deletes, on a terminal only. Without a kind it deletes servers; TYPE/NAME works too.
    """
    asked = wanted(words)
    options = Options(asked, files, given["selector"], given["everything"], given["ignore_not_found"], yes, writing)
    ways = [bool(way) for way in (asked.objects, files, options.selector, options.everything)]
    if sum(ways) != 1 or (files and words):
        raise WrongUsage("say what to delete in one way", "Give NAMEs, or -f, or -l, or --all.")
    run(options, session)


def run(options: Options, session: Session) -> None:
    """Find, ask, delete, wait."""
    from mcp_cli.kinds import plural_word

    victims, lost = _victims(options, session)
    if options.everything and victims and not _sure(victims, options):
        raise CliError("nothing was deleted")
    for resource, obj in victims:
        _delete(session, resource, obj, options)
    if not victims and not lost and not options.ignore_not_found:
        session.say(f"No {', '.join(plural_word(kind) for kind in options.wanted.kinds)} found.")
    if options.writing.wait:
        from mcp_cli.vanishing import wait_gone

        wait_gone(session, victims, options.writing.wait_timeout)
    if session.output and victims:
        session.show_objects([obj for _, obj in victims])
    if lost:
        raise Silent


def _victims(options: Options, session: Session) -> tuple[list[tuple[Resource, dict[str, Any]]], bool]:
    """The objects, and whether one that was named is missing."""
    if options.files:
        return _from_files(options, session)
    if options.wanted.objects:
        return _by_name(options, session)
    found: list[tuple[Resource, dict[str, Any]]] = []
    for kind in options.wanted.kinds:
        listed = session.cluster.list(kind, session.scope, label_selector=options.selector)["items"]
        found += [(kind, obj) for obj in listed]
    return found, False


def _by_name(options: Options, session: Session) -> tuple[list[tuple[Resource, dict[str, Any]]], bool]:
    from mcp_cli.errors import NotFound, say_error
    from mcp_cli.servers import find

    found, lost = [], False
    for kind, name in dict.fromkeys(options.wanted.objects):
        try:
            found.append((kind, find(session, kind, name)))
        except NotFound as error:
            if not options.ignore_not_found:
                lost = True
                say_error(error.message, error.hint)
    return found, lost


def _from_files(options: Options, session: Session) -> tuple[list[tuple[Resource, dict[str, Any]]], bool]:
    """The objects of the manifests, the last first: what stands first is what the others need."""
    from mcp_cli.errors import NotFound, say_error
    from mcp_cli.manifests import read_all, resource_for, with_namespace

    found, lost = [], False
    for obj in reversed(read_all(options.files)):
        resource = resource_for(session.cluster, obj)
        placed = with_namespace(obj, session.namespace, session.namespace_flag) if resource.namespaced else obj
        try:
            name, namespace = placed["metadata"]["name"], placed["metadata"].get("namespace")
            found.append((resource, session.cluster.get(resource, name, namespace)))
        except NotFound as error:
            if not options.ignore_not_found:
                lost = True
                say_error(error.message, error.hint)
    return found, lost


def _sure(victims: list[tuple[Resource, dict[str, Any]]], options: Options) -> bool:
    """Only a person at a terminal is asked."""
    from mcp_cli.kinds import plural_word

    if options.confirmed or options.writing.dry_run != "none" or not (stdin_is_terminal() and sys.stderr.isatty()):
        return True
    names = ", ".join(obj["metadata"]["name"] for _, obj in victims)
    kinds = {plural_word(kind) for kind, _ in victims}
    what = kinds.pop() if len(kinds) == 1 else "objects"
    return click.confirm(f"Delete {len(victims)} {what} ({names})?", err=True)


def _delete(session: Session, resource: Resource, obj: dict[str, Any], options: Options) -> None:
    """Delete one and say so; one that has gone meanwhile is as good as deleted."""
    from mcp_cli.errors import NotFound
    from mcp_cli.kinds import reference

    metadata = obj["metadata"]
    if options.writing.dry_run != "client":
        try:
            session.cluster.delete(
                resource,
                metadata["name"],
                metadata.get("namespace"),
                propagation="Background",
                dry_run=options.writing.on_server,
            )
        except NotFound:
            session.say(f"{reference(obj)} was gone already")
            return
    if not session.output:
        kind = reference(obj).rpartition("/")[0]
        click.echo(f'{kind} "{metadata["name"]}" deleted{options.writing.suffix}')
