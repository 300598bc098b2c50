"""`python -m mcp_cli.local.controllers --kubeconfig FILE`: the controllers against any API server that has none."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal


async def _run(kubeconfig: str | None) -> None:
    from mcp_operator.runtime.client import KubeClient

    from mcp_cli.local.controllers.manager import run_controllers

    client = await KubeClient.connect(kubeconfig=kubeconfig)
    task = asyncio.ensure_future(run_controllers(client))
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, task.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    finally:
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mcp_cli.local.controllers", description=__doc__)
    parser.add_argument("--kubeconfig", help="the cluster to work on (default: as kubectl)")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    options = parser.parse_args()
    level = logging.DEBUG if options.verbose else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(_run(options.kubeconfig))


if __name__ == "__main__":
    main()
