"""`mcp deploy`: write a server into the cluster, from the catalogue, from flags or from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_catalogue
from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.serverflags import check, flags_of, server_flags
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

if TYPE_CHECKING:
    from mcp_cli.applying import Applied
    from mcp_cli.serverspec import ServerFlags

EXAMPLES = """
mcp deploy time --replicas 3 --wait
mcp deploy filesystem --dry-run -o yaml
mcp deploy github --env-from-secret github-token
mcp deploy my-time --package mcp-server-time==2026.10.19 --runtime python
mcp deploy web --image ghcr.io/example/web-mcp:1.2 --transport http --port 8000
mcp deploy -f server.yaml
mcp get server time -o yaml | mcp deploy --context other -f -
"""


@dataclass(frozen=True, slots=True)
class Options:
    """One deployment: files, or an entry of the catalogue with what the flags change."""

    files: tuple[str, ...]
    entry: str | None
    registry: str | None
    version: str | None
    flags: ServerFlags | None
    writing: Writing


@click.command("deploy", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS, all_namespaces=False)
@writing_options
@click.argument("entry", metavar="[NAME]", required=False, shell_complete=complete_catalogue)
@click.option(
    "-f", "--filename", "files", multiple=True, type=click.Path(), help="Deploy what FILE, a folder or - (stdin) holds."
)
@click.option("--name", help="Name of the server in the cluster; default: NAME.")
@click.option("--registry", help="Take NAME from this source of the catalogue only.")
@click.option("--version", help="Version of the package or tag of the image.")
@server_flags
def command(session: Session, writing: Writing, entry: str | None, files: tuple[str, ...], **given: Any) -> None:
    """Deploy a server from the catalogue or from a file, or change one that is deployed.

    NAME is looked up in the catalogue; flags win over what it says. With --image or --package NAME is only the
    server's name. A second deploy updates the server: it says created, configured or unchanged, and does not write
    what is unchanged. With --dry-run nothing is written and no cluster is asked; --dry-run=server lets the cluster
    check it.
    """
    run(_options(writing, entry, files, given), session)


def _options(writing: Writing, entry: str | None, files: tuple[str, ...], given: dict[str, Any]) -> Options:
    """The checks of what goes together, before anything is read."""
    said = sorted(flag for flag, value in given.items() if value not in (None, ()))
    if files and (entry or said):
        raise WrongUsage("-f and NAME or its flags exclude each other", "Change the file, or deploy by NAME.")
    if files:
        return Options(files, None, None, None, None, writing)
    if not entry:
        raise WrongUsage(
            "there is nothing to deploy", "Give a NAME of the catalogue (`mcp registry search`), or a file with -f."
        )
    registry, version, name = (given.pop(key) for key in ("registry", "version", "name"))
    check(given)
    return Options((), entry, registry, version, flags_of(name or entry, given), writing)


def run(options: Options, session: Session) -> None:
    """Build, check, write, say, wait."""
    objects = _objects(options)
    _check(objects)
    if options.writing.dry_run == "client":
        _print_client_side(objects, session)
        return
    from mcp_cli.kinds import SERVERS
    from mcp_cli.manifests import resource_for, with_namespace

    applied = []
    for obj in objects:
        resource = resource_for(session.cluster, obj)
        placed = with_namespace(obj, session.namespace, session.namespace_flag) if resource.namespaced else obj
        done = _apply(session, resource, placed, options.writing)
        applied.append((resource, done))
        _say_done(session, done, options.writing)
    if options.writing.wait:
        from mcp_cli.waiting import wait_ready

        until = {
            id(done): wait_ready(session, done.obj, options.writing.wait_timeout)
            for resource, done in applied
            if resource == SERVERS
        }
        applied = [(resource, done._replace(obj=until.get(id(done), done.obj))) for resource, done in applied]
    _print(session, [done.obj for _, done in applied])


def _objects(options: Options) -> list[dict[str, Any]]:
    if options.files:
        from mcp_cli.manifests import read_all

        return read_all(options.files)
    from mcp_cli.serverspec import bare_server, with_flags

    flags = options.flags
    assert flags is not None
    server = bare_server(flags) if flags.image or flags.package else _from_catalogue(options, flags)
    return [with_flags(server, flags)]


def _from_catalogue(options: Options, flags: ServerFlags) -> dict[str, Any]:
    from mcp_operator.catalog.catalogue import open_catalogue
    from mcp_operator.catalog.to_server import EntryOptions, server_from_entry

    from mcp_cli.serverspec import key_values

    with open_catalogue() as catalogue:
        entry = catalogue.get(options.entry or "", options.registry)
    name = flags.name if flags.name != options.entry else entry.name.rpartition("/")[2]
    wanted = EntryOptions(
        name=name,
        namespace="",
        version=options.version,
        args=flags.args,
        env=key_values(flags.env, "--env"),
        secrets=flags.env_from_secret,
    )
    server = server_from_entry(entry, wanted)
    return server | {"metadata": {k: v for k, v in server["metadata"].items() if v}}


def _check(objects: list[dict[str, Any]]) -> None:
    """What the schema cannot say, said before anything is written."""
    from mcp_cli.kinds import SERVERS
    from mcp_cli.serverspec import refuse_invalid

    for obj in objects:
        if obj["kind"] == SERVERS.kind and obj["apiVersion"] == SERVERS.api_version:
            refuse_invalid(obj)


def _apply(session: Session, resource: Any, obj: dict[str, Any], writing: Writing) -> Applied:
    from mcp_cli.applying import apply
    from mcp_cli.kinds import PLURALS

    return apply(session.cluster, resource, obj, stamp=resource in PLURALS.values(), dry_run=writing.on_server)


def _say_done(session: Session, done: Applied, writing: Writing) -> None:
    """As kubectl says it; a result for people, so it goes to stdout unless a program asked for another."""
    if not session.output:
        from mcp_cli.kinds import reference

        click.echo(f"{reference(done.obj)} {done.done}{writing.suffix}")


def _print(session: Session, objects: list[dict[str, Any]]) -> None:
    if session.output:
        session.printer.show(
            objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects}
        )


def _print_client_side(objects: list[dict[str, Any]], session: Session) -> None:
    """What would be sent, with the namespace as far as it can be known without a cluster."""
    from mcp_cli.applying import Applied, labelled
    from mcp_cli.kinds import PLURALS

    namespace = session.namespace_offline
    shown = []
    for obj in objects:
        ours = any(obj["kind"] == r.kind for r in PLURALS.values())
        metadata = obj["metadata"] | (
            {"namespace": namespace} if namespace and ours and not obj["metadata"].get("namespace") else {}
        )
        shown.append(labelled(obj | {"metadata": metadata}) if ours else obj)
    for obj in shown:
        _say_done(session, Applied(obj, "created"), Writing("client"))
    _print(session, shown)
