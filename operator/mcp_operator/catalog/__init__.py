"""Registries of MCP servers: one model of an entry, one file a source, the index, an entry's way to an MCPServer."""
