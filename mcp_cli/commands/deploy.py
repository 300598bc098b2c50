"""`mcp deploy`: write a server into the cluster, from the catalogue, from flags or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mcp_cli.cataloguecompletion import complete_entry
from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.serverflags import check, flags_of, server_flags
from mcp_cli.session import OBJECTS, Session, cluster_options
from mcp_cli.writing import Writing, writing_options

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

    from mcp_cli.applying import Applied
    from mcp_cli.fromcatalogue import Choice
    from mcp_cli.serverspec import ServerFlags

EXAMPLES = """
mcp deploy time --replicas 3 --wait
mcp deploy filesystem --arg /srv/notes --dry-run -o yaml
mcp deploy github --env-from-secret github-token
mcp deploy grafana --set url=https://grafana.example.com --secret api_key=grafana/token
mcp deploy io.github.owner/server@1.2.0 --values answers.yaml
mcp deploy my-time --package mcp-server-time==2026.10.19 --runtime python
mcp deploy web --image ghcr.io/example/web-mcp:1.2 --transport http --port 8000
mcp deploy -f server.yaml
mcp get server time -o yaml | mcp deploy --context other -f -
"""


class Options(NamedTuple):
    """One deployment: files, or an entry of the catalogue with what the flags change."""

    writing: Writing
    files: tuple[str, ...] = ()
    choice: Choice | None = None
    flags: ServerFlags | None = None


@click.command("deploy", cls=Command, examples=EXAMPLES)
@cluster_options(formats=OBJECTS, all_namespaces=False)
@writing_options
@click.argument("entry", metavar="[NAME]", required=False, shell_complete=complete_entry)
@click.option(
    "-f", "--filename", "files", multiple=True, type=click.Path(), help="Deploy what FILE, a folder or - (stdin) holds."
)
@click.option("--name", help="Name of the server in the cluster; default: NAME.")
@click.option("--registry", help="Take NAME from this source of the catalogue only.")
@click.option("--version", help="Version of the package or tag of the image.")
@click.option(
    "--set", "values", multiple=True, metavar="KEY=VALUE", help="A value that the catalogue's entry asks for."
)
@click.option("--secret", "secrets", multiple=True, metavar="KEY=SECRET/KEY", help="The same from a key of a Secret.")
@click.option(
    "--values", "files_of_values", multiple=True, type=click.Path(), metavar="FILE", help="Such values from a file."
)
@server_flags
def command(session: Session, writing: Writing, entry: str | None, files: tuple[str, ...], **given: Any) -> None:
    """Deploy a server from the catalogue or from a file, or change one that is deployed.

    NAME is looked up in the catalogue; flags win over what it says. With --image or --package NAME is only the
    server's name. A second deploy updates the server: it says created, configured or unchanged, and does not write
    what is unchanged. It says the whole again: a flag of the last deploy that is left out goes back to its default;
    what `mcp scale` and `mcp update` changed stays. With --dry-run nothing is written and no cluster is asked;
    --dry-run=server lets the cluster check it.
    """
    run(_options(writing, entry, files, given), session)


def _options(writing: Writing, entry: str | None, files: tuple[str, ...], given: dict[str, Any]) -> Options:
    """The checks of what goes together, before anything is read."""
    said = sorted(flag for flag, value in given.items() if value not in (None, ()))
    if files and (entry or said):
        raise WrongUsage("-f and NAME or its flags exclude each other", "Change the file, or deploy by NAME.")
    if files:
        return Options(writing, files)
    if not entry and (given["image"] or given["package"]):
        raise WrongUsage("the server has no name", "Give it a NAME: `mcp deploy NAME --image IMAGE`.")
    if not entry:
        raise WrongUsage(
            "there is nothing to deploy", "Give a NAME of the catalogue (`mcp registry search`), or a file with -f."
        )
    name, *chosen = (given.pop(key) for key in ("name", "registry", "version", "values", "secrets", "files_of_values"))
    check(given)
    from mcp_cli.fromcatalogue import Choice

    return Options(writing, (), Choice(entry, *chosen), flags_of(name or entry, given))


def run(options: Options, session: Session) -> None:
    """Build, check, write, say, wait."""
    objects, secret = _objects(options, session)
    _check(objects)
    if options.writing.dry_run == "client":
        if secret:
            session.say(f"The secret values go into Secret {secret['metadata']['name']}, which is not printed.")
        _print_client_side(objects, session)
        return
    applied = [_write(session, obj, options.writing) for obj in objects]
    if secret and not options.writing.on_server:
        from mcp_cli.fromcatalogue import owned

        _write(session, owned(secret, applied[0].obj), options.writing)
    if options.writing.wait:
        applied = [_waited(session, done, options.writing) for done in applied]
    _print(session, [done.obj for done in applied])


def _objects(options: Options, session: Session) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """What is to be written, and the Secret that has to follow it."""
    if options.files:
        from mcp_cli.manifests import read_all

        return read_all(options.files), None
    from mcp_cli.serverspec import bare_server, with_flags

    flags, choice = options.flags, options.choice
    assert flags is not None and choice is not None
    if flags.image or flags.package:
        return [with_flags(bare_server(flags), flags)], None
    from dataclasses import replace

    from mcp_cli.fromcatalogue import from_catalogue

    found = from_catalogue(choice, flags)
    for note in found.notes:
        session.say(f"note: {note}")
    # The entry has taken the variables already: a secret among them is in the Secret, and shall not come back as text.
    return [with_flags(found.server, replace(flags, env=(), env_from_secret=()))], found.secret


def _check(objects: list[dict[str, Any]]) -> None:
    """What the schema cannot say, said before anything is written."""
    from mcp_cli.kinds import SERVERS
    from mcp_cli.serverspec import refuse_invalid

    for obj in objects:
        if obj["kind"] == SERVERS.kind and obj["apiVersion"] == SERVERS.api_version:
            refuse_invalid(obj)


def _write(session: Session, obj: dict[str, Any], writing: Writing) -> Applied:
    """One object, in its namespace."""
    from mcp_cli.applying import apply
    from mcp_cli.kinds import PLURALS
    from mcp_cli.manifests import resource_for, with_namespace

    resource = resource_for(session.cluster, obj)
    placed = with_namespace(obj, session.namespace, session.namespace_flag) if resource.namespaced else obj
    ours = resource in PLURALS.values()
    _after_deletion(session, resource, placed, writing)
    done = apply(session.cluster, resource, placed, stamp=ours, dry_run=writing.on_server)
    _say_done(session, done, writing)
    return done


def _after_deletion(session: Session, resource: Resource, obj: dict[str, Any], writing: Writing) -> None:
    """What is being deleted takes changes and goes all the same: the new one comes once it is gone."""
    metadata = obj["metadata"]
    live = session.cluster.find(resource, metadata["name"], metadata.get("namespace"))
    if live is None or not live["metadata"].get("deletionTimestamp"):
        return
    going = f"{resource.kind} {metadata['name']} is being deleted"
    if writing.on_server:
        session.say(f"note: {going}; a deploy waits until it is gone, and creates it anew")
        return
    from mcp_cli.vanishing import wait_removed

    session.say(f"{going}; it is created anew once it is gone")
    wait_removed(session, resource, live, writing.wait_timeout)


def _waited(session: Session, done: Applied, writing: Writing) -> Applied:
    """The same once it is ready; only servers are waited for."""
    from mcp_cli.kinds import SERVERS
    from mcp_cli.waiting import wait_ready

    if done.obj["kind"] != SERVERS.kind:
        return done
    return done._replace(obj=wait_ready(session, done.obj, writing.wait_timeout))


def _say_done(session: Session, done: Applied, writing: Writing) -> None:
    """As kubectl says it; a result for people, so it goes to stdout unless a program asked for another."""
    if not session.output:
        from mcp_cli.kinds import reference

        click.echo(f"{reference(done.obj)} {done.done}{writing.suffix}")


def _print(session: Session, objects: list[dict[str, Any]]) -> None:
    if session.output:
        session.show_objects(objects)


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
