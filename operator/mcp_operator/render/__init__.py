"""MCPServer -> the objects it stands for: pure functions, one file a concern; `render_server` is the way in."""

from __future__ import annotations

from mcp_operator.render.context import RenderContext
from mcp_operator.render.references import Reference, checksum, references
from mcp_operator.render.server import render_server

__all__ = ["Reference", "RenderContext", "checksum", "references", "render_server"]
