"""Processes of an agent that was killed: record them while they run, end them at the next start.

A record names a process by pid, start time and boot, so that a pid that was given out again is left alone. Nothing
else is known here. Called by the container runner (record, forget) and by the daemon before anything else (reap).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from mcp_cli.local.node import procfs

REAP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Record:
    """One process that the agent started; its pid is its session's and its process group's id."""

    pid: int
    start: str
    boot: str
    mark: str


class ProcessRecords:
    """The folder of records."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boot = procfs.boot_id()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, pid: int, mark: str) -> None:
        """Write the record of a process that was just started."""
        found = procfs.facts(pid)
        record = Record(pid, found.start if found else "", self._boot, mark)
        temporary = self._folder / f".{pid}"
        temporary.write_text(json.dumps(asdict(record)))
        temporary.rename(self._folder / f"{pid}.json")

    def remove(self, pid: int) -> None:
        """Forget a process that ended."""
        (self._folder / f"{pid}.json").unlink(missing_ok=True)


def state_mark(state_dir: Path) -> str:
    """The mark that all processes of one agent share; a container's mark is below it."""
    return str(state_dir).replace("\0", "")


def reap_orphans(state_dir: Path) -> list[int]:
    """End every process that an earlier agent with this folder left behind; returns the pids that were ended."""
    folder = state_dir / "processes"
    records = _read_records(folder)
    mark = state_mark(state_dir)
    ended: set[int] = set()
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline:
        orphans = _orphans(records, mark)
        if not orphans:
            break
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended.update(orphans)
        time.sleep(0.02)
    for file in folder.glob("*.json"):
        file.unlink(missing_ok=True)
    return sorted(ended)


def _read_records(folder: Path) -> list[Record]:
    records = []
    for file in folder.glob("*.json"):
        try:
            records.append(Record(**json.loads(file.read_text())))
        except (OSError, ValueError, TypeError):
            # A record that was being written when the machine went down names no process that survived it.
            continue
    return records


def _orphans(records: list[Record], mark: str) -> set[int]:
    """The living processes of the records' sessions, and all that carry the agent's mark."""
    boot = procfs.boot_id()
    sessions = set()
    for record in records:
        leader = procfs.facts(record.pid)
        # A leader with another start time is a stranger with a recycled pid. A leader that is gone still names its
        # session: the kernel gives no pid out again while a session or group has that number.
        if record.boot == boot and (leader is None or leader.start == record.start):
            sessions.add(record.pid)
    me = os.getpid()
    return {
        found.pid
        for found in procfs.all_facts()
        if found.pid != me and found.state != "Z" and (found.session in sessions or procfs.marked(found.pid, mark))
    }
