"""MCP clients over httpx: `sync` for the command line, `aio` for the operator, one conversation below both."""
