"""`mcp resources ...`: what a server has to read."""
