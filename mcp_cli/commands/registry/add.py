"""`mcp registry add`: one more source."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mcp_cli.errors import WrongUsage
from mcp_cli.groups import Command
from mcp_cli.session import LISTS, Session, cluster_options

EXAMPLES = """
mcp registry add official --type official
mcp registry add docker --type docker --token-env GITHUB_TOKEN
mcp registry add docker --dir ./mcp-registry
mcp registry add team --type docker --repo example/servers --branch main --token-file ~/.config/token
mcp registry add ours --type http --url https://mcp.example.com/servers.json --priority 200
mcp registry add team --type cluster --path tools/default --context staging
mcp registry add release --type docker --url https://example.com/registry.tar.gz
"""

PLACES = "The place is a flag: --url URL, --repo OWNER/NAME, --dir PATH or --path FILE."
TYPES = ("docker", "official", "http", "file", "directory", "cluster")


@dataclass(frozen=True, slots=True)
class Options:
    """Where a source is; what is empty is what its type takes for granted."""

    type: str
    url: str
    repo: str
    branch: str
    path: str
    token_env: str
    token_file: str
    ca_file: str
    latest_only: bool
    priority: int


@click.command("add", cls=Command, examples=EXAMPLES, surplus=PLACES)
@cluster_options(formats=LISTS, all_namespaces=False)
@click.argument("name")
@click.option("--type", type=click.Choice(TYPES), help="Format and way; default: what the other flags tell.")
@click.option("--url", default="", help="Address of the API, of a file, of a tarball; with --repo: of GitHub's API.")
@click.option("--repo", default="", metavar="OWNER/NAME", help="Repository on GitHub in the Docker layout.")
@click.option("--branch", default="", help="Branch, tag or commit of the repository; default: its own default.")
@click.option(
    "--path", default="", help="File or tarball here; with --repo: folder in it; of a cluster: [NAMESPACE/]REGISTRY."
)
@click.option("--dir", "directory", type=click.Path(), help="Folder in the Docker layout, or of files.")
@click.option("--token-env", default="", metavar="VARIABLE", help="Environment variable that holds the token.")
@click.option("--token-file", default="", type=click.Path(), help="File that holds the token.")
@click.option("--ca-file", default="", type=click.Path(), help="Certificates to trust; default: SSL_CERT_FILE.")
@click.option("--latest-only", is_flag=True, help="Of the official registry take the latest versions only.")
@click.option(
    "--priority",
    type=int,
    default=50,
    show_default=True,
    help="Of two entries of one name the higher wins; builtin has 100.",
)
def command(session: Session, name: str, directory: str | None, **given: str | int | bool | None) -> None:
    """Add a source of servers, and read it.

    A source that cannot be read is not added. One of the same name is replaced. Tokens are never stored: the source
    remembers the variable or the file, and the token goes to the source's own host only. A source of the type cluster
    is an MCPRegistry of the cluster in use, by default the one of that name; it stays that of this kubeconfig and
    context, whichever are in use later.
    """
    if directory and (given["path"] or given["url"] or given["repo"]):
        raise WrongUsage("--dir, --path, --url and --repo name different places", "Give one of them.")
    if given["token_env"] and given["token_file"]:
        raise WrongUsage("--token-env and --token-file exclude each other", "Give one of them.")
    given["type"] = given["type"] or _type(directory, given)
    if directory:
        given["path"] = directory
    run(name, Options(**given), session)  # type: ignore[arg-type]


def _type(directory: str | None, given: dict[str, str | int | bool | None]) -> str:
    """What the flags tell of the type."""
    if directory:
        return "directory"
    if given["repo"] or _is_tarball(str(given["url"] or given["path"])):
        return "docker"
    if given["url"]:
        return "http"
    if given["path"]:
        return "file"
    raise WrongUsage(
        "a source needs a type or a place", "Give --type official, --type docker, or a place: --dir PATH, --url URL."
    )


def _is_tarball(place: str) -> bool:
    return place.endswith((".tar.gz", ".tgz", ".tar"))


def run(name: str, options: Options, session: Session) -> None:
    """Add and index the source, and say what was found."""
    from dataclasses import asdict

    from mcp_operator.catalog.catalogue import open_catalogue
    from mcp_operator.catalog.sources import Source

    from mcp_cli.clusterregistries import TYPE, place, readers, remembered
    from mcp_cli.views.refreshed import show_refreshed
    from mcp_cli.views.watched import Watched

    given = asdict(options)
    if options.type == TYPE:
        given |= {"path": place(session, name, options.path), **remembered(session)}
    for key in ("path", "token_file", "ca_file"):
        if given[key] and not (key == "path" and (options.repo or options.type == TYPE)):
            given[key] = _absolute(given[key])
    with open_catalogue(readers(session)) as catalogue, Watched(session) as watch:
        found = catalogue.add(Source(name, **given), watch)
    show_refreshed(session, [found])


def _absolute(path: str) -> str:
    """The same place from whatever directory the next refresh is run."""
    from pathlib import Path

    return str(Path(path).expanduser().resolve())
