"""Orphans: as process 1 of a container the bridge inherits the children of its children, and must bury them.

Role: collect the dead that are not ours; asyncio collects those that are. Called by: `server.py`, now and then.
"""

from __future__ import annotations

import os


def is_init() -> bool:
    """Whether orphans come to this process."""
    return os.getpid() == 1


def bury_orphans(own: set[int]) -> None:
    """Collect every process that has ended, up to the first of our own, whose end asyncio waits for."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid in own:
            return
        os.waitpid(found.si_pid, os.WNOHANG)
