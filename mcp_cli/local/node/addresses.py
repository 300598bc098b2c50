"""Loopback addresses: which block a cluster has, which address a pod gets.

The seam for hosts that have only 127.0.0.1 (macOS): everything that assumes a whole 127.0.0.0/8 is in this file.
On such a host `claim_block` says what to do; nothing else in the agent knows of it. Called by the daemon (the block)
and the agent (a pod's address).
"""

from __future__ import annotations

import errno
import hashlib
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

from mcp_cli.local.node.config import KUBELET_PORT

FIRST_BLOCK, LAST_BLOCK = 16, 250
POD_THIRD_OCTETS = range(1, 128)
POD_FOURTH_OCTETS = range(1, 255)


class AddressError(Exception):
    """No loopback address could be had; the message says why and what helps."""


def candidate_blocks(state_dir: Path) -> Iterator[str]:
    """Every block, beginning with the one that the folder's hash names, so that clusters seldom meet."""
    count = LAST_BLOCK - FIRST_BLOCK + 1
    digest = hashlib.sha256(str(state_dir).encode()).digest()
    first = int.from_bytes(digest[:4], "big") % count
    for step in range(count):
        yield f"127.{FIRST_BLOCK + (first + step) % count}"


def claim_block(state_dir: Path, sticky: str | None = None, port: int = KUBELET_PORT) -> tuple[str, socket.socket]:
    """A free block and the listening socket that claims it; `sticky` (the block of the last start) is tried first."""
    blocks = [sticky] if sticky else []
    for block in [*blocks, *candidate_blocks(state_dir)]:
        listener = _try_listen(f"{block}.0.1", port)
        if listener is not None:
            return block, listener
    raise AddressError(f"every loopback block has a listener on port {port}: stop a cluster with `mcp local stop`")


def listen_on_block(block: str, port: int = KUBELET_PORT) -> socket.socket:
    """The listening socket of a block that was chosen elsewhere."""
    listener = _try_listen(f"{block}.0.1", port)
    if listener is None:
        raise AddressError(f"{block}.0.1:{port} is in use: another node agent has this address block")
    return listener


def _try_listen(address: str, port: int) -> socket.socket | None:
    """A listening socket, or None where the address is taken."""
    # asyncio switches Nagle's algorithm off for sockets that say they are TCP, and for no others.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    try:
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            return None
        if error.errno == errno.EADDRNOTAVAIL:
            raise AddressError(
                f"this machine has no loopback address {address} (only 127.0.0.1, as on macOS): "
                f"add it with `sudo ifconfig lo0 alias {address}`, or run the cluster on Linux"
            ) from error
        raise AddressError(f"cannot listen on {address}:{port}: {error.strerror}") from error
    return listener


def is_loopback(address: str) -> bool:
    """Whether an address can be bound here without owning a network interface for it."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class PodAddresses:
    """Gives each pod an address of the block; a pod keeps it until it is released."""

    def __init__(self, block: str) -> None:
        self._block = block
        self._by_pod: dict[str, str] = {}
        self._taken: set[str] = set()
        self._next = self._cycle()

    def claim(self, uid: str, wanted: str | None = None) -> str:
        """The pod's address: the one it has, else `wanted` where that is free and ours, else the next free one."""
        if uid in self._by_pod:
            return self._by_pod[uid]
        address = wanted if wanted and self._ours(wanted) and wanted not in self._taken else self._free()
        self._by_pod[uid] = address
        self._taken.add(address)
        return address

    def release(self, uid: str) -> None:
        """Give the address back; it is the last to be given out again."""
        address = self._by_pod.pop(uid, None)
        if address is not None:
            self._taken.discard(address)

    def _ours(self, address: str) -> bool:
        octets = address.split(".")
        return address.startswith(f"{self._block}.") and len(octets) == 4 and int(octets[2]) in POD_THIRD_OCTETS

    def _free(self) -> str:
        for _ in range(len(POD_THIRD_OCTETS) * len(POD_FOURTH_OCTETS)):
            address = next(self._next)
            if address not in self._taken:
                return address
        raise AddressError(f"all pod addresses of {self._block}.0.0/17 are in use")

    def _cycle(self) -> Iterator[str]:
        while True:
            for third in POD_THIRD_OCTETS:
                for fourth in POD_FOURTH_OCTETS:
                    yield f"{self._block}.{third}.{fourth}"
