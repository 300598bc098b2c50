"""An entry of the catalogue -> the MCPServer that runs it. Pure.

Role: the one way from entry to MCPServer, for `mcp deploy` and for the controller that completes servers. The spec that
comes out is resolved: it says what runs, so that nothing waits for a registry later. Its parts: `launch.py` (packages),
`docker_server.py` (Docker's layout), `remote_server.py`.
"""

from __future__ import annotations

from mcp_operator.api import names
from mcp_operator.catalog.docker_server import docker_spec
from mcp_operator.catalog.errors import NotDeployable
from mcp_operator.catalog.launch import COMMAND_UNKNOWN, TRANSPORTS, package_spec
from mcp_operator.catalog.model import RUNTIMES, Package, Remote, ServerEntry
from mcp_operator.catalog.options import EntryOptions, Manifest, Plan, SecretKey
from mcp_operator.catalog.remote_server import remote_spec
from mcp_operator.catalog.values import Values

__all__ = ["EntryOptions", "Plan", "SecretKey", "plan_server", "problems", "server_from_entry"]


def server_from_entry(entry: ServerEntry, options: EntryOptions) -> Manifest:
    """The MCPServer of `entry`; raises what `plan_server` raises."""
    return plan_server(entry, options).manifest


def plan_server(entry: ServerEntry, options: EntryOptions) -> Plan:
    """The MCPServer of `entry`, with notes for a person and the secrets that were given as plain values.

    Raises NotDeployable for what cannot run in a cluster, MissingValues with every required value that neither
    `options` nor the entry gives, UnusableValues with everything that was given and does not fit.
    """
    if entry.status == "deleted":
        raise NotDeployable(f"{entry.name} was deleted from its registry", "choose another server")
    values = Values(entry.name, options)
    if entry.status == "deprecated":
        values.note(f"{entry.name} {entry.version} is deprecated: its publisher advises against it")
    try:
        spec, annotations = _spec(entry, values, options)
    except NotDeployable as error:
        raise NotDeployable(f"{entry.name}: {error}", error.hint) from error
    values.check()
    spec["env"] = [*values.references, *spec.get("env", [])]
    if options.secrets:
        spec["envFrom"] = [{"secretRef": {"name": secret}} for secret in options.secrets]
    spec = {"registry": _registry(entry, options), **{key: value for key, value in spec.items() if value != []}}
    metadata = {"name": options.name, "namespace": options.namespace} | (
        {"annotations": annotations} if annotations else {}
    )
    manifest = {"apiVersion": names.API_VERSION, "kind": names.KIND_SERVER, "metadata": metadata, "spec": spec}
    return Plan(manifest, tuple(values.notes), values.secret_name, dict(values.secret_values))


def problems(entry: ServerEntry) -> tuple[str, ...]:
    """What stands between this entry and a server that runs, as far as the entry alone says it."""
    found = []
    if entry.status != "active":
        found.append(f"it is {entry.status} in its registry")
    try:
        chosen = choose(entry, None)
    except NotDeployable as error:
        return (*found, str(error))
    served = TRANSPORTS if isinstance(chosen, Package) else TRANSPORTS[1:]
    if chosen.transport not in served:
        found.append(f"its transport {chosen.transport!r} is not served here")
    elif isinstance(chosen, Package) and chosen.kind == "oci" and chosen.transport == "stdio" and not chosen.command:
        found.append(COMMAND_UNKNOWN)
    if entry.oauth:
        found.append("it can log in with OAuth, which is not done here: give the secret itself")
    return tuple(found)


def choose(entry: ServerEntry, runtime: str | None) -> Package | Remote:
    """The package to run, or the remote to use. Raises NotDeployable."""
    if entry.kind == "poci":
        raise NotDeployable("it is a set of tools that start a container each, and no server", "choose another server")
    fitting = [one for one in entry.packages if one.kind in RUNTIMES and runtime in (None, RUNTIMES[one.kind])]
    if fitting:
        return entry.package if entry.package in fitting else fitting[0]
    if entry.remote and runtime in (None, "remote"):
        return entry.remote
    if runtime and (entry.packages or entry.remotes):
        offered = sorted(
            {RUNTIMES.get(one.kind, one.kind) for one in entry.packages} | ({"remote"} if entry.remotes else set())
        )
        raise NotDeployable(f"it has nothing for the runtime {runtime}", f"it has: {', '.join(offered)}")
    if entry.packages:
        kinds = " and ".join(dict.fromkeys(one.kind for one in entry.packages))
        raise NotDeployable(f"it is published as {kinds}, which cannot run in a cluster", "choose another server")
    raise NotDeployable("it names nothing to run", "give an image: mcp deploy NAME --image IMAGE")


def _spec(entry: ServerEntry, values: Values, options: EntryOptions) -> tuple[Manifest, dict[str, str]]:
    chosen = choose(entry, options.runtime)
    if isinstance(chosen, Remote):
        return remote_spec(chosen, values), {}
    if entry.layout == "docker":
        return docker_spec(entry, chosen, values, options)
    return package_spec(chosen, entry.published_at, values, options), {}


def _registry(entry: ServerEntry, options: EntryOptions) -> dict[str, str]:
    said = {"name": entry.name, "registry": entry.source, "version": options.version or entry.version}
    return {key: value for key, value in said.items() if value}
