"""The embedded Kubernetes API server.

`app.create_app(store, config)` gives the ASGI application. What objects mean is in `mcp_cli.local.apimachinery` (pure);
where they live is in `mcp_cli.local.storage`; here is HTTP and the way of a request between the two.
"""
