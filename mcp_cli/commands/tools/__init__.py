"""`mcp tools ...`: what a server can do."""
