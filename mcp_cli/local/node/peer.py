"""Whose process is at the other end of a loopback connection.

Every user of a machine reaches its loopback addresses; the kernel's table of sockets names the owner of each. Used by
the node's HTTP listener.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_TABLE = Path("/proc/net/tcp")


def is_own_peer(connection: socket.socket) -> bool:
    """Whether the peer belongs to this user or to root; True where the system has no table to ask."""
    owner = _owner(connection.getpeername(), connection.getsockname())
    return owner is None or owner in (0, os.getuid())


def _owner(local: tuple[str, int], remote: tuple[str, int]) -> int | None:
    """The user of the socket that is bound to `local` and connected to `remote`."""
    try:
        rows = _TABLE.read_text().splitlines()[1:]
    except OSError:
        return None
    wanted = [_hex(local), _hex(remote)]
    for row in rows:
        fields = row.split()
        if fields[1:3] == wanted:
            return int(fields[7])
    # A socket that the kernel does not list was closed by its owner already: nobody is there to read.
    return -1


def _hex(address: tuple[str, int]) -> str:
    number = struct.unpack("=I", socket.inet_aton(address[0]))[0]
    return f"{number:08X}:{address[1]:04X}"
