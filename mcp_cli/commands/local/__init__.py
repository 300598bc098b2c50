"""`mcp local ...`: the embedded cluster on this machine."""
