"""`mcp-bridge`: a stdio MCP server on streamable HTTP.

Role: the entry point; options, signals, exit code. `install` is a program of its own behind the same name, and is
imported only when it is asked for: what this module imports counts in every pod's start and memory.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_operator.bridge.options import Options


def main(argv: Sequence[str] | None = None) -> None:
    """Run `mcp-bridge` with these arguments, or those of the process; ends in SystemExit with the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["install"]:
        from mcp_operator.bridge.install import main as install

        sys.exit(install(arguments[1:]))
    if arguments[:1] == ["export"]:
        from mcp_operator.bridge.export import main as export

        sys.exit(export(arguments[1:]))
    if arguments == ["--version"]:
        from mcp_operator.version import __version__

        print(f"mcp-bridge {__version__}")
        sys.exit(0)
    from mcp_operator.bridge.options import parse

    sys.exit(serve(parse(arguments)))


def serve(options: Options) -> int:
    """Serve until the server ends or a signal comes; the exit code."""
    import asyncio
    import signal

    from mcp_operator.bridge.server import Bridge, say

    async def run() -> int:
        bridge = Bridge(options)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, bridge.stop)
        return await bridge.run()

    try:
        return asyncio.run(run())
    except OSError as error:
        say(f"cannot listen: {error.strerror or error}")
        return 1


if __name__ == "__main__":
    main()
