"""Finding servers by name or label, with words for the one that is not there.

Role: NAME arguments into objects. Called by every command that takes a server's name.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mcp_cli.errors import CliError, NotFound, WrongUsage
from mcp_cli.kinds import SERVERS, plural_word
from mcp_cli.references import KNOWN

if TYPE_CHECKING:
    from mcp_operator.runtime.resources import Resource

    from mcp_cli.session import Session


def find_server(session: Session, name: str) -> dict[str, Any]:
    """The server of that name: in the namespace in use, or with -A wherever there is one."""
    return find(session, SERVERS, name)


def find_here(session: Session, name: str) -> dict[str, Any]:
    """The same, and of one that runs elsewhere an error: there is nothing of it in the cluster."""
    from mcp_cli.endpoints import remote_url

    server = find_server(session, name)
    url = remote_url(server)
    if url:
        raise CliError(f"{name} runs elsewhere, at {url}: it has no pods", f"`mcp status {name}` tells how it is.")
    return server


def find(session: Session, resource: Resource, name: str) -> dict[str, Any]:
    """One object of ours by name."""
    if not session.all_namespaces:
        obj = session.cluster.find(resource, name, session.namespace)
        if obj is None:
            raise missing(session, resource, name)
        return obj
    found = session.cluster.list(resource, "", field_selector=f"metadata.name={name}")["items"]
    if not found:
        raise missing(session, resource, name)
    if len(found) > 1:
        spaces = ", ".join(sorted(item["metadata"]["namespace"] for item in found))
        raise WrongUsage(f'there is more than one {resource.kind} "{name}"', f"Choose a namespace with -n: {spaces}.")
    return found[0]


def missing(session: Session, resource: Resource, name: str) -> NotFound:
    """Not found, with the name that was meant, or where one of that name is."""
    word = plural_word(resource)
    where = "any namespace" if session.all_namespaces else f'namespace "{session.namespace}"'
    return NotFound(
        f'there is no {resource.kind} "{name}" in {where}',
        _guess(session, resource, name) or _other_kind(name) or f"`mcp get {word} -A` lists what there is.",
    )


def _guess(session: Session, resource: Resource, name: str) -> str:
    here = session.cluster.list(resource, session.scope)["items"]
    near = get_close_matches(name, [item["metadata"]["name"] for item in here], n=1)
    if near:
        return f'Did you mean "{near[0]}"?'
    if session.all_namespaces:
        return ""
    return _elsewhere(session, resource, name)


def _other_kind(name: str) -> str:
    """`mcp get pods` asks for a kind; it is answered where no server of that name is there."""
    from mcp_cli.kinds import like_kind, of_kubernetes

    near = like_kind(name)
    if near:
        return f"If you mean the kind: it is `mcp get {near}`."
    return f"If you mean the kind: {KNOWN}" if of_kubernetes(name) else ""


def _elsewhere(session: Session, resource: Resource, name: str) -> str:
    """Another namespace that has it; nothing where the user may not look."""
    from mcp_cli.errors import ApiProblem

    try:
        found = session.cluster.list(resource, "", field_selector=f"metadata.name={name}")["items"]
    except ApiProblem:
        return ""
    return (
        f"There is one in namespace {found[0]['metadata']['namespace']}: add -n {found[0]['metadata']['namespace']}."
        if found
        else ""
    )
