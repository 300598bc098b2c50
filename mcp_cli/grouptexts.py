"""The long help and the examples of each group; read only when a group's help is asked for.

Role: text. Groups have no module of their own, so their words stand here. Called by `groups.load`.
"""

from __future__ import annotations

ROOT = """kubectl for MCP servers: find a server in a registry, deploy it, watch it, call its tools, remove it.

Without a configured cluster the commands work on an embedded one on this machine, which runs the servers as processes.
"""

ROOT_EXAMPLES = """
mcp registry search time
mcp deploy time --replicas 3 --wait
mcp get servers
mcp tools call time get_current_time --arg timezone=Europe/Berlin
mcp delete time --wait
"""

TEXTS: dict[str, tuple[str, str]] = {
    "registry": (
        """Find servers in the catalogue.

The catalogue is read from its sources once and answered from this machine after that. A small one is built in.
""",
        """
mcp registry search time
mcp registry inspect time
mcp registry add docker --dir ./mcp-registry
""",
    ),
    "server": (
        """Other names of the commands about one server: each is the same as the command without `server` before it.

`deploy`, `list`, `status`, `update`, `scale` and `delete` work too.
""",
        """
mcp server logs time --tail 20
mcp server logs time --follow --all-pods
""",
    ),
    "tools": (
        """List and call the tools that a server offers.

The server is asked directly where its address can be reached, else through the cluster's API server.
""",
        """
mcp tools list time
mcp tools call time get_current_time --arg timezone=Europe/Berlin
""",
    ),
    "resources": (
        """List and read the resources that a server offers.

The server is asked directly where its address can be reached, else through the cluster's API server.
""",
        """
mcp resources list everything
mcp resources read everything demo://resource/static/document/features.md
""",
    ),
    "prompts": (
        """List the prompts that a server offers, and fill one in.

The server is asked directly where its address can be reached, else through the cluster's API server.
""",
        """
mcp prompts list everything
mcp prompts get everything args-prompt --arg city=Berlin
""",
    ),
    "local": (
        """The embedded cluster: a Kubernetes API on a loopback port of this machine that runs servers as processes.

It starts on demand when no other cluster is configured. kubectl can use it too.
""",
        """
mcp local start
mcp local status
KUBECONFIG=$(mcp local kubeconfig) kubectl get mcpservers -A
""",
    ),
    "operator": (
        """The operator: it watches the servers and makes the cluster what they ask for.

The embedded cluster runs it by itself; any other cluster needs the resource definitions and one operator.
""",
        """
mcp operator manifests | kubectl apply -f -
mcp operator run --kubeconfig ~/.kube/config
""",
    ),
}
