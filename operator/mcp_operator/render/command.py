"""What the pod runs: the install step of a package, the bridge in front of a stdio server, the server itself.

A package is installed by an init container into an emptyDir, so that the server runs from a read-only root with no
installer beside it. An image that speaks stdio gets a copy of the bridge, with the interpreter and libraries that it
needs, the same way.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.api.resolve import PackageReference, ResolvedServer, split_image
from mcp_operator.render.context import RenderContext
from mcp_operator.render.environment import secret_names
from mcp_operator.render.metadata import endpoint

_APP = {"name": "app", "mountPath": names.APP_DIRECTORY}
_BRIDGE = {"name": "bridge", "mountPath": names.BRIDGE_DIRECTORY}


def image(server: ResolvedServer, context: RenderContext) -> str:
    """The image of the server's container."""
    return server.image or context.runner_image


def preparation(server: ResolvedServer, context: RenderContext) -> tuple[list[str], dict[str, Any]] | None:
    """Command and volume mount of the init container; None when nothing has to be prepared."""
    if server.package:
        return _install(server.package, server.command), _APP
    if _needs_copy(server):
        return ["mcp-bridge", "export", "--into", names.BRIDGE_DIRECTORY], _BRIDGE
    return None


def container_command(server: ResolvedServer, context: RenderContext) -> dict[str, list[str]]:
    """`command` and `args` of the server's container; empty where the image's own entrypoint runs."""
    if server.bridged:
        return {"command": [*_bridge(server), *_bridge_flags(server, context), "--", *_own(server)]}
    if server.package:
        return {"command": _own(server)}
    listed = {"command": list(server.command), "args": list(server.args)}
    return {key: words for key, words in listed.items() if words}


def _install(package: PackageReference, command: tuple[str, ...]) -> list[str]:
    words = ["mcp-bridge", "install", "--runtime", package.runtime, "--package", package.requirement]
    chosen = ["--executable", command[0]] if command else []
    return [*words, "--into", names.APP_DIRECTORY, *chosen]


def _own(server: ResolvedServer) -> list[str]:
    if server.package:
        return [f"{names.APP_DIRECTORY}/server", *server.command[1:], *server.args]
    return [*server.command, *server.args]


def _needs_copy(server: ResolvedServer) -> bool:
    on_host = split_image(server.image or "")[0] == names.HOST_IMAGE_REPOSITORY
    return server.bridged and not server.package and not on_host


def _bridge(server: ResolvedServer) -> list[str]:
    """The bridge of the image; or the copied one, started by its own loader because it can count on nothing there."""
    if not _needs_copy(server):
        return ["mcp-bridge"]
    home = names.BRIDGE_DIRECTORY
    return [f"{home}/ld.so", "--library-path", f"{home}/lib", f"{home}/python", "-I", "-m", "mcp_operator.bridge.main"]


def _bridge_flags(server: ResolvedServer, context: RenderContext) -> list[str]:
    flags = ["--host", "$(POD_IP)", "--port", str(server.port), "--path", server.path]
    for host in _service_names(server, context):
        flags += ["--allowed-host", host]
    for name in secret_names(server):
        flags += ["--secret-env", name]
    return [*flags, "--termination-log", names.TERMINATION_LOG]


def _service_names(server: ResolvedServer, context: RenderContext) -> list[str]:
    name, namespace = server.name, server.namespace
    full = endpoint(name, namespace, server.port, context.cluster_domain).rpartition(":")[0]
    return [name, f"{name}.{namespace}", f"{name}.{namespace}.svc", full]
