"""The one table of commands.

Role: every command's place, module and one line. It drives lazy loading, the help of the root and of groups,
completion and the generated pages, so that none of them imports a command to know that it exists. Pure data; imports
nothing of ours. A row is added here together with its module. Called by `groups`, `completing`, `generate` and the
tests.
"""

from __future__ import annotations

from typing import NamedTuple

FIND = "Find a server"
CHANGE = "Deploy and change"
LOOK = "Look"
USE = "Use a server"
RUN = "Clusters and the operator"
OTHER = "Other"
SECTIONS = (FIND, CHANGE, LOOK, USE, RUN, OTHER)


class Row(NamedTuple):
    """One command or, where `module` is empty, one group."""

    path: str
    module: str
    summary: str
    section: str = ""
    aliases: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(" ")[2]

    @property
    def parent(self) -> str:
        return self.path.rpartition(" ")[0]

    @property
    def is_group(self) -> bool:
        return not self.module


COMMANDS: tuple[Row, ...] = (
    Row("registry", "", "Find servers in the catalogue.", FIND),
    Row("registry list", "registry.list", "List the servers of the catalogue.", aliases=("ls",)),
    Row("registry search", "registry.search", "Search the catalogue, best match first."),
    Row(
        "registry inspect", "registry.inspect", "Show everything the catalogue knows about a server.", aliases=("show",)
    ),
    Row("registry versions", "registry.versions", "List the versions of a server."),
    Row("registry sources", "registry.sources", "List where the catalogue's entries come from."),
    Row("registry add", "registry.add", "Add a source of servers."),
    Row("registry remove", "registry.remove", "Remove a source of servers.", aliases=("rm",)),
    Row("registry refresh", "registry.refresh", "Read the sources again.", aliases=("update",)),
    Row("deploy", "deploy", "Deploy a server from the catalogue or a file.", CHANGE),
    Row("update", "update", "Change some fields of a server that is deployed.", CHANGE),
    Row("scale", "scale", "Set how many replicas a server has.", CHANGE),
    Row("restart", "restart", "Replace a server's pods by new ones.", CHANGE),
    Row("delete", "delete", "Delete servers, and wait until nothing of them is left.", CHANGE),
    Row("get", "get", "List servers, registries or backups.", LOOK, ("list",)),
    Row("status", "status", "Show how a server is and what is wrong with it.", LOOK),
    Row("describe", "describe", "Show a server with its pods and events.", LOOK),
    Row("logs", "logs", "Print what a server's pods have said.", LOOK),
    Row("server", "", "Other names of the commands about one server.", LOOK),
    Row("server logs", "logs", "Print what a server's pods have said."),
    Row("server deploy", "deploy", "Deploy a server from the catalogue or a file.", hidden=True),
    Row("server delete", "delete", "Delete servers, and wait until nothing of them is left.", hidden=True),
    Row("server list", "get", "List servers, registries or backups.", hidden=True),
    Row("server status", "status", "Show how a server is and what is wrong with it.", hidden=True),
    Row("server update", "update", "Change some fields of a server that is deployed.", hidden=True),
    Row("server scale", "scale", "Set how many replicas a server has.", hidden=True),
    Row("tools", "", "List and call a server's tools.", USE),
    Row("tools list", "tools.list", "List the tools of a server."),
    Row("tools call", "tools.call", "Call a tool of a server."),
    Row("resources", "", "List and read a server's resources.", USE),
    Row("resources list", "resources.list", "List the resources of a server."),
    Row("resources read", "resources.read", "Read a resource of a server."),
    Row("prompts", "", "List and fill in a server's prompts.", USE),
    Row("prompts list", "prompts.list", "List the prompts of a server."),
    Row("prompts get", "prompts.get", "Fill in a prompt of a server."),
    Row("connect", "connect", "Print a client's configuration for a server.", USE),
    Row("port-forward", "port_forward", "Serve a server on a local port.", USE),
    Row("local", "", "The embedded cluster on this machine.", RUN),
    Row("local start", "local.start", "Start the embedded cluster."),
    Row("local stop", "local.stop", "Stop the embedded cluster; its servers come back with it."),
    Row("local status", "local.status", "Show whether the embedded cluster runs and what it uses."),
    Row("local reset", "local.reset", "Delete the embedded cluster and everything in it."),
    Row("local logs", "local.logs", "Print what the embedded cluster's parts have said."),
    Row("local kubeconfig", "local.kubeconfig", "Print the path of the embedded cluster's kubeconfig."),
    Row("operator", "", "The operator that keeps servers as they should be.", RUN),
    Row("operator run", "operator.run", "Run the operator in the foreground."),
    Row("operator manifests", "operator.manifests", "Print what a cluster needs before servers can be deployed."),
    Row("completion", "completion", "Print a shell's completion script.", OTHER),
    Row("version", "version", "Print the versions of mcp and of the cluster.", OTHER),
    Row("help", "help", "Print the help of a command.", OTHER, hidden=True),
    Row("__complete", "complete", "Answer kubectl's question for completions.", OTHER, hidden=True),
)


HABITS: dict[str, str] = {
    **dict.fromkeys(("apply", "create"), "deploy -f FILE"),
    **dict.fromkeys(("run", "install", "upgrade", "add"), "deploy NAME"),
    **dict.fromkeys(("rm", "remove", "uninstall"), "delete NAME"),
    **dict.fromkeys(("ls", "ps", "servers"), "get servers"),
    "registries": "get registries",
    "show": "describe NAME",
    "repo": "registry",
    **dict.fromkeys(("template", "diff"), "deploy NAME --dry-run=server -o yaml"),
    "cluster-info": "version",
    **dict.fromkeys(("edit", "patch", "set"), "update NAME"),
    "rollout": "restart NAME",
    "stop": "scale NAME --replicas 0",
    "start": "scale NAME --replicas 1",
    "wait": "status NAME --watch",
    "events": "describe NAME",
}
"""What other programs call it (kubectl, helm, docker), for the one who types that."""


def children(group: str) -> dict[str, Row]:
    """The rows right below a group ("" is the root), by every name that reaches them."""
    rows = [row for row in COMMANDS if row.parent == group]
    named = {row.name: row for row in rows}
    for row in rows:
        named.update(dict.fromkeys(row.aliases, row))
    return named


def elsewhere(group: str, name: str) -> list[str]:
    """What the word means by habit, then the commands of that name in other groups, of those that help shows."""
    meant = [HABITS[name]] if not group and name in HABITS else []
    return meant + [row.path for row in COMMANDS if not row.hidden and row.name == name and row.parent != group]


def visible(group: str) -> list[Row]:
    """The rows that help and completion show, in the table's order."""
    return [row for row in COMMANDS if row.parent == group and not row.hidden]
