"""The builtin catalogue: a few published servers, so that a first `mcp deploy` needs no registry.

Names, executables and arguments are those of the published packages; a test starts each one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from mcp_operator.catalog.model import Argument, Package, ServerEntry, Variable

SOURCE = "builtin"
_REPOSITORY = "https://github.com/modelcontextprotocol/servers"


def entries() -> list[ServerEntry]:
    """All of them, by name."""
    return sorted((_finished(entry) for entry in _ENTRIES), key=lambda entry: entry.name)


def parse(raw: str) -> ServerEntry:
    """The entry of its document, which may come from an index that another version of the program wrote."""
    entry = ServerEntry.from_json({**json.loads(raw), "source": SOURCE}, raw)
    return replace(entry, digest=hashlib.sha256(raw.encode()).hexdigest())


def _finished(entry: ServerEntry) -> ServerEntry:
    complete = replace(entry, source=SOURCE, license="MIT", repository=_REPOSITORY, author="Model Context Protocol")
    raw = json.dumps({key: value for key, value in complete.to_json().items() if value and key != "source"}, indent=2)
    return replace(complete, raw=raw, digest=hashlib.sha256(raw.encode()).hexdigest())


_ENTRIES = [
    ServerEntry(
        name="time",
        source=SOURCE,
        title="Time",
        description="Tells the current time and converts between time zones",
        categories=("utilities",),
        tags=("time", "timezone", "clock"),
        packages=(Package("pypi", "mcp-server-time"),),
    ),
    ServerEntry(
        name="fetch",
        source=SOURCE,
        title="Fetch",
        description="Fetches a page of the web and gives its text as Markdown",
        categories=("web",),
        tags=("fetch", "http", "markdown"),
        packages=(Package("pypi", "mcp-server-fetch"),),
    ),
    ServerEntry(
        name="git",
        source=SOURCE,
        title="Git",
        description="Reads and changes Git repositories; needs the git program beside it",
        categories=("development",),
        tags=("git", "repository", "history"),
        packages=(Package("pypi", "mcp-server-git"),),
    ),
    ServerEntry(
        name="filesystem",
        source=SOURCE,
        title="Filesystem",
        description="Reads and writes files below the directories that its arguments name (here /tmp)",
        categories=("files",),
        tags=("files", "directory", "search"),
        packages=(Package("npm", "@modelcontextprotocol/server-filesystem", arguments=(Argument("", value="/tmp"),)),),
    ),
    ServerEntry(
        name="memory",
        source=SOURCE,
        title="Memory",
        description="Remembers entities and relations in a knowledge graph that lives as long as its pod",
        categories=("knowledge",),
        tags=("memory", "graph", "notes"),
        packages=(
            Package(
                "npm",
                "@modelcontextprotocol/server-memory",
                env=(Variable("MEMORY_FILE_PATH", "Where the graph is kept", default="/tmp/memory.jsonl"),),
            ),
        ),
    ),
    ServerEntry(
        name="everything",
        source=SOURCE,
        title="Everything",
        description="Shows every feature of the protocol; made for trying clients",
        categories=("development",),
        tags=("test", "reference", "demo"),
        packages=(Package("npm", "@modelcontextprotocol/server-everything", arguments=(Argument("", value="stdio"),)),),
    ),
    ServerEntry(
        name="sequentialthinking",
        source=SOURCE,
        title="Sequential Thinking",
        description="Works through a problem in numbered thoughts that can be revised and branched",
        categories=("reasoning",),
        tags=("thinking", "reasoning", "planning"),
        packages=(Package("npm", "@modelcontextprotocol/server-sequential-thinking"),),
    ),
]
