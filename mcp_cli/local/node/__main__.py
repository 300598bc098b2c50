"""`python -m mcp_cli.local.node`: the node agent alone, against any API server."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from mcp_cli.local.node.addresses import AddressError, claim_block, listen_on_block
from mcp_cli.local.node.config import DEFAULT_NODE_NAME, NodeConfig


def main() -> int:
    """Runs until SIGTERM or SIGINT; exits 1 when it cannot begin."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    state_dir = options.state_dir.absolute()
    state_dir.mkdir(parents=True, exist_ok=True)
    try:
        if options.address_block:
            block, listener = options.address_block, listen_on_block(options.address_block)
        else:
            block, listener = claim_block(state_dir)
    except AddressError as error:
        print(f"the node agent cannot start: {error}", file=sys.stderr)
        return 1
    taints = tuple(options.register_with_taints.split(",")) if options.register_with_taints else ()
    config = NodeConfig(state_dir, block, options.node_name, options.store, listener, taints=taints)
    return asyncio.run(_run(options.kubeconfig, config))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mcp_cli.local.node", description=__doc__)
    parser.add_argument("--kubeconfig", help="the API server to serve; the usual places when left out")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for logs, volumes and process records")
    parser.add_argument("--node-name", default=DEFAULT_NODE_NAME, help="name of the Node object")
    parser.add_argument("--address-block", help="loopback block, as in 127.37; a free one when left out")
    parser.add_argument("--store", type=Path, help="the package store; the user's when left out")
    parser.add_argument("--register-with-taints", help="key=value:effect[,...], set when the Node is created")
    return parser.parse_args()


async def _run(kubeconfig: str | None, config: NodeConfig) -> int:
    from mcp_operator.runtime.client import KubeClient
    from mcp_operator.runtime.config import ConfigError

    from mcp_cli.local.node.agent import run_until_stopped

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        client = await KubeClient.connect(kubeconfig)
    except ConfigError as error:
        print(f"the node agent cannot start: {error}", file=sys.stderr)
        return 1
    try:
        await run_until_stopped(client, config, stop)
    finally:
        await client.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
