"""The ConfigMap that carries `spec.config`, and the ServiceAccount of an MCPServer."""

from __future__ import annotations

import json
from typing import Any

from mcp_operator.render.metadata import Manifest, child


def config_map(manifest: Manifest, config: dict[str, Any]) -> Manifest:
    """`NAME-config` with one key, `config.json`."""
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    return child(manifest, "v1", "ConfigMap", suffix="-config", data={"config.json": text})


def service_account(manifest: Manifest) -> Manifest:
    """A ServiceAccount without a mounted token: an MCP server has no business with the API server."""
    return child(manifest, "v1", "ServiceAccount", automountServiceAccountToken=False)
