"""What the kernel says of processes: identity, sessions, marks.

Reads `/proc`; where there is none, `ps` answers the two questions that matter (start time, session members). No
policy: who is killed is decided by its callers, process.py and orphans.py.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "stat").exists()
MARK = "MCP_LOCAL_CONTAINER"
"""Set in the environment of every process that the agent starts; finds the ones that left their session."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One process as the kernel sees it."""

    pid: int
    state: str
    session: int
    start: str


def boot_id() -> str:
    """Changes with each boot of the machine; start times only compare within one."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def facts(pid: int) -> Facts | None:
    """What is known of a process, None when it is gone."""
    if not HAS_PROC:
        return next(_facts_from_ps("-p", str(pid)), None)
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return Facts(pid, fields[0], int(fields[3]), fields[19])


def _facts_from_ps(*selection: str) -> Iterator[Facts]:
    """The same from `ps`; the process group stands for the session, which the agent's processes have in common."""
    command = ["ps", "-o", "pid=,stat=,pgid=,lstart=", *selection]
    for line in subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines():
        pid, state, group, start = line.split(None, 3)
        yield Facts(int(pid), state[0], int(group), start.strip())


def all_facts() -> Iterator[Facts]:
    """Every process that can be seen."""
    if not HAS_PROC:
        yield from _facts_from_ps("-ax")
        return
    for pid in [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]:
        found = facts(pid)
        if found is not None:
            yield found


def marked(pid: int, mark: str) -> bool:
    """Whether the process carries exactly this mark, or a mark below it (`mark/...`)."""
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    wanted = f"{MARK}={mark}".encode()
    return any(entry == wanted or entry.startswith(wanted + b"/") for entry in environment.split(b"\0"))


def members(session: int, mark: str, since: Facts | None) -> list[int]:
    """The living processes of a session, and those outside it that carry the mark.

    `since` is the leader as it started: what is older cannot come from it, and is not looked at closely.
    """
    oldest = int(since.start) if since is not None and since.start.isdigit() else 0
    return [
        found.pid
        for found in all_facts()
        if found.state != "Z"
        and (not found.start.isdigit() or int(found.start) >= oldest)
        and (found.session == session or marked(found.pid, mark))
    ]
