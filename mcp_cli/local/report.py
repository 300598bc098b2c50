"""The state of the embedded cluster as `mcp local status` shows it: read from its folder and from /proc."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp_cli.local.client_side import is_running
from mcp_cli.local.facts import ClusterFacts
from mcp_cli.local.lock import read_pid
from mcp_cli.local.paths import ClusterPaths


def report(paths: ClusterPaths) -> dict[str, Any]:
    """Plain facts."""
    running = is_running(paths)
    found: dict[str, Any] = {"running": running, "stateDir": str(paths.root)}
    if paths.database.exists():
        files = [paths.database, paths.database.with_name(paths.database.name + "-wal")]
        found["databaseBytes"] = sum(file.stat().st_size for file in files if file.exists())
    if not running:
        return found
    facts = ClusterFacts.load(paths.cluster_file)
    pid = read_pid(paths.pid_file)
    operator = _operator_pid(paths)
    return found | {
        "pid": pid,
        "operatorPid": operator,
        "server": f"https://127.0.0.1:{facts.port}",
        "addressBlock": f"{facts.address_block}.0.0/16",
        "kubeconfig": str(paths.kubeconfig),
        "memoryBytes": {"daemon": _memory(pid), "operator": _memory(operator)},
    }


def _operator_pid(paths: ClusterPaths) -> int | None:
    for record in (paths.root / "operator" / "processes").glob("*.json"):
        try:
            return int(json.loads(record.read_text())["pid"])
        except (OSError, ValueError, KeyError):
            continue
    return None


def _memory(pid: int | None) -> int | None:
    """A process's proportional share of memory; None where the system does not tell."""
    if pid is None:
        return None
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), None)


def report_text(found: dict[str, Any]) -> str:
    """The same for a person."""
    lines = [f"Embedded cluster: {'running' if found['running'] else 'not running'}"]
    if found["running"]:
        lines += [
            f"Server:           {found['server']}",
            f"Kubeconfig:       {found['kubeconfig']}",
            f"Addresses:        {found['addressBlock']}",
            f"Daemon:           pid {found['pid']}{_megabytes(found['memoryBytes']['daemon'])}",
            f"Operator:         {_operator_text(found)}",
        ]
    lines.append(f"State:            {found['stateDir']}{_megabytes(found.get('databaseBytes'))}")
    return "\n".join(lines)


def _operator_text(found: dict[str, Any]) -> str:
    if found["operatorPid"] is None:
        return "not running (`mcp local logs operator` says why)"
    return f"pid {found['operatorPid']}{_megabytes(found['memoryBytes']['operator'])}"


def _megabytes(size: int | None) -> str:
    return "" if size is None else f", {size / 1_000_000:.1f} MB"
