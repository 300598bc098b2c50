"""The bridge: a stdio MCP server on streamable HTTP, and the step that installs such a server."""
