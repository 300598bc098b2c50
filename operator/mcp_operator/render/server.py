"""All the objects that one MCPServer stands for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from mcp_operator.api.resolve import resolve
from mcp_operator.render.configuration import config_map, service_account
from mcp_operator.render.context import RenderContext
from mcp_operator.render.deployment import deployment
from mcp_operator.render.metadata import Manifest
from mcp_operator.render.networkpolicy import network_policy
from mcp_operator.render.service import service


def render_server(manifest: Manifest, context: RenderContext) -> list[Manifest]:
    """The children of an MCPServer in the order in which they are applied; a remote server has none.

    `manifest` is the MCPServer as the API server holds it (with uid and namespace), and valid in the sense of
    `api.validation.validate`. The same input always gives the same output.
    """
    server = resolve(manifest)
    if server.remote:
        return []
    config = server.spec.get("config")
    children = []
    if not server.spec.get("serviceAccount"):
        children.append(service_account(manifest))
    if config is not None:
        children.append(config_map(manifest, config))
        context = replace(context, checksum=_with_config(context.checksum, config))
    policy = network_policy(manifest, server)
    if policy is not None:
        children.append(policy)
    return [*children, service(manifest, server, context), deployment(manifest, server, context)]


def _with_config(checksum: str | None, config: object) -> str:
    text = json.dumps([checksum, config], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
