"""`mcp prompts ...`: what a server has prepared to say."""
