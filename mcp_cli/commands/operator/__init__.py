"""`mcp operator ...`: the bundled operator."""
