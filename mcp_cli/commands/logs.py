"""`mcp logs` and `mcp server logs`: what a server's pods have said."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_container
from mcp_cli.errors import CliError, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Duration, Session, cluster_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mcp_cli.podlogs import Line, LogOptions
    from mcp_cli.pods import Pod

EXAMPLES = """
mcp logs time --tail 20
mcp logs time --follow --all-pods
mcp server logs time --previous
mcp logs time --container install
mcp logs time --since 10m --timestamps
"""


@click.command("logs", cls=Command, examples=EXAMPLES, surplus="It takes one server; --container names a container.")
@cluster_options(formats=("json",))
@server_argument()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is said from now on.")
@click.option("--tail", type=click.IntRange(min=-1), default=-1, help="Only the last lines of each pod; -1 is all.")
@click.option("--since", type=Duration(), help="Only what was said in this time (10s, 5m, 1h).")
@click.option("-p", "--previous", is_flag=True, help="Of the container before its last restart.")
@click.option("--timestamps", is_flag=True, help="The time before each line.")
@click.option(
    "-c",
    "--container",
    shell_complete=complete_container,
    help="Another container than the server's; install is the installation of its package.",
)
@click.option("--all-pods", is_flag=True, help="Of every pod of the server, each line with its pod's name.")
@click.option("--prefix", is_flag=True, help="The pod's name before each line.")
def command(
    session: Session, name: str, follow: bool, tail: int, since: float | None, previous: bool, **given: Any
) -> None:
    """Print what a server's pods have said.

    Of one pod, a ready one if there is one; --all-pods prints them all, and with --follow also those that start later.
    With -o json every line is an object of its own.
    """
    if previous and follow:
        raise WrongUsage("--previous and --follow exclude each other", "A container that has ended says nothing more.")
    from mcp_cli.podlogs import LogOptions

    options = LogOptions(given["container"], follow, None if tail < 0 else tail, since, previous, given["timestamps"])
    run(session, name, options, all_pods=given["all_pods"], prefix=given["prefix"] or given["all_pods"])


def run(session: Session, name: str, options: LogOptions, *, all_pods: bool, prefix: bool) -> None:
    """Choose the pods, print their lines."""
    from mcp_cli.podlogs import Merged, read
    from mcp_cli.pods import container_names, pods_of
    from mcp_cli.servers import find_here

    server = find_here(session, name)
    namespace = server["metadata"]["namespace"]
    pods = pods_of(session.cluster, name, namespace)
    if not pods and not (options.follow and all_pods):
        raise CliError(f"{name} has no pods{_why(server)}", f"`mcp status {name}` tells more.")
    if options.container and pods and options.container not in container_names(pods[0]):
        raise CliError(
            f'the pods of {name} have no container "{options.container}"',
            f"They have: {', '.join(container_names(pods[0]))}.",
        )
    if options.follow and all_pods:
        _print(session, Merged(session.cluster, name, namespace, options).lines(), prefix)
        return
    if len(pods) > 1 and not all_pods:
        session.say(f"{name} has {len(pods)} pods; this is {pods[0]['metadata']['name']} (--all-pods prints all)")
    for pod in pods if all_pods else pods[:1]:
        _print(session, _explained(read(session.cluster, pod, options), name, pod), prefix)


def _explained(lines: Iterable[Line], name: str, pod: Pod) -> Iterable[Line]:
    """A container that has not started has no log; the reason is worth more than that."""
    from mcp_cli.errors import Invalid
    from mcp_cli.pods import state_message, state_word

    try:
        yield from lines
    except Invalid as error:
        why = ": ".join(part for part in (state_word(pod), state_message(pod)) if part)
        raise CliError(
            f"{error.message} ({why})", f"`mcp describe {name}` shows its events; --container install its installation."
        ) from error


def _why(server: dict[str, Any]) -> str:
    from mcp_cli.kinds import desired_replicas
    from mcp_cli.views.status import why_not_ready

    return ": it is scaled to 0" if desired_replicas(server) == 0 else f": {why_not_ready(server)}"


def _print(session: Session, lines: Iterable[Line], prefix: bool) -> None:
    """Each line at once: someone may be reading it as it comes."""
    from mcp_cli.output.stream import put

    as_json = session.output == "json"
    for line in lines:
        if as_json:
            from mcp_cli.output.structured import json_text

            text = json_text(line._asdict())
        else:
            text = f"[{line.pod}] {line.text}" if prefix else line.text
        put(text, coloured=True)
        sys.stdout.flush()
