"""The daemon of the embedded cluster: one process, one event loop, every part of the cluster.

`python -m mcp_cli.local.daemon` runs it in the foreground, `mcp local start` detached (see `client_side`). API server,
workload controllers and node agent live here, the latter two as ordinary clients of the first; the operator is a
supervised child. Started by the user only; a second one for the same folder gives way.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import logging.handlers
import os
import signal
import socket
import sys
from pathlib import Path

from mcp_cli.local.composition import Parts, start_parts
from mcp_cli.local.facts import ClusterFacts, bind_sticky
from mcp_cli.local.lock import AlreadyRunning, DaemonLock
from mcp_cli.local.paths import ClusterPaths

log = logging.getLogger("mcp_cli.local.daemon")

EXIT_FAILED, EXIT_RUNS_ALREADY = 1, 3
TLS_BUFFER_BYTES = 32 * 1024
LOG_BYTES, LOG_FILES = 4 * 1024 * 1024, 2


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; the exit code says why it did not."""
    parser = argparse.ArgumentParser(prog="mcp-local-daemon", description=__doc__)
    parser.add_argument("--log-file", type=Path, help="write the log there instead of stderr, with rotation")
    parser.add_argument("--ready-fd", type=int, help="write one line there: ready, or error and why")
    parser.add_argument("--no-operator", action="store_true", help="leave the operator out")
    options = parser.parse_args(arguments)
    _spare_tls_buffers()
    paths = ClusterPaths.default()
    tell = _teller(options.ready_fd)
    lock = DaemonLock(paths)
    try:
        paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        _set_up_logging(options.log_file)
        lock.acquire()
    except AlreadyRunning as error:
        tell(f"running {error.pid or ''}")
        print(error, file=sys.stderr)
        return EXIT_RUNS_ALREADY
    except OSError as error:
        tell(f"error {error}")
        print(f"cannot start in {paths.root}: {error}", file=sys.stderr)
        return EXIT_FAILED
    try:
        asyncio.run(_run(paths, tell, with_operator=not options.no_operator))
    except Exception as error:
        tell(f"error {error}")
        log.exception("the daemon cannot go on")
        return EXIT_FAILED
    finally:
        lock.release()
    return 0


class _Teller:
    """Tells the starting process, once, how the start ended."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def __call__(self, line: str) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.write(descriptor, (" ".join(line.split()) + "\n").encode())
        except OSError as error:
            log.debug("nobody waits for the start any more: %s", error)
        finally:
            os.close(descriptor)


def _teller(descriptor: int | None) -> _Teller:
    return _Teller(descriptor)


def _spare_tls_buffers() -> None:
    """asyncio gives each TLS connection a read buffer of 256 KiB; a TLS record has 16.

    Some seventy watches have both of their ends in this process: that was 30 MB of nothing.
    """
    import asyncio.sslproto

    asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER_BYTES


def _set_up_logging(file: Path | None) -> None:
    handler: logging.Handler = logging.StreamHandler()
    if file is not None:
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


async def _run(paths: ClusterPaths, tell: _Teller, *, with_operator: bool) -> None:
    """Start everything, say that it is ready, wait for a signal, stop everything."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    facts = ClusterFacts.load(paths.cluster_file)
    node_listener = await asyncio.to_thread(_claim, paths, facts)
    listener = bind_sticky(facts.port)
    facts.port = listener.getsockname()[1]
    parts = Parts(paths, facts, listener, node_listener, with_operator)
    try:
        async with start_parts(parts) as failed:
            facts.save(paths.cluster_file)
            paths.ready_file.write_text(f"https://127.0.0.1:{facts.port}\n")
            tell("ready")
            log.info("ready on https://127.0.0.1:%d, addresses %s.0.0/16", facts.port, facts.address_block)
            gc.freeze()
            await _first(stopping.wait(), failed)
    finally:
        paths.ready_file.unlink(missing_ok=True)
    log.info("stopped")


async def _first(stopping: object, failed: asyncio.Task[None]) -> None:
    """Until a signal comes or the API server ends by itself, which is a failure."""
    waiting = asyncio.ensure_future(stopping)  # type: ignore[call-overload]
    done, _ = await asyncio.wait({waiting, failed}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if failed in done:
        raise RuntimeError("the API server ended by itself") from failed.exception()


def _claim(paths: ClusterPaths, facts: ClusterFacts) -> socket.socket:
    """End what a killed daemon left behind, then claim the loopback block."""
    from mcp_cli.local.node.addresses import claim_block
    from mcp_cli.local.node.orphans import reap_orphans

    for state in (paths.root / "operator", paths.root):
        for pid in reap_orphans(state):
            log.warning("ended process %d, which a killed daemon had left behind", pid)
    facts.address_block, listener = claim_block(paths.root, facts.address_block or None)
    return listener


if __name__ == "__main__":
    raise SystemExit(main())
