"""How an object is called in messages and by `-o name`. Pure, and light: a search of the catalogue imports it."""

from __future__ import annotations

from typing import Any


def reference(obj: dict[str, Any]) -> str:
    """`mcpserver.mcp.allbeone.io/NAME`, as kubectl writes it; the name or URI of what is no object of a cluster."""
    if "metadata" not in obj:
        return str(obj.get("uri") or obj.get("uriTemplate") or obj["name"])
    group = obj.get("apiVersion", "v1").rpartition("/")[0]
    kind = obj.get("kind", "object").lower()
    return f"{kind}.{group}/{obj['metadata']['name']}" if group else f"{kind}/{obj['metadata']['name']}"
