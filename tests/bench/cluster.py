"""What the embedded cluster costs: time to ready, `mcp deploy --wait`, memory and processor at rest, beside kubectl.

Role: drives the installed `mcp` in a state folder of its own; medians of several runs. Called by `tests.bench`.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.home import isolated

MCP = str(Path(sys.executable).parent / "mcp")
RUNS = 5
REST_SECONDS = 20.0


def main(_arguments: list[str] | None = None) -> int:
    with tempfile.TemporaryDirectory(prefix="mcp-bench-") as home:
        environment = isolated(home) | {"MCP_LOCAL": "1"}
        try:
            _measure(environment)
        finally:
            _mcp(environment, "local", "stop")
    return 0


def _measure(environment: dict[str, str]) -> None:
    def start() -> float:
        _mcp(environment, "local", "stop")
        return _seconds(lambda: _mcp(environment, "local", "start"))

    _row("mcp local start until ready", [start() for _ in range(RUNS)], "at most 2 s")
    _mcp(environment, "deploy", "time", "--wait")
    _mcp(environment, "delete", "time", "--wait")
    for replicas, budget in ((1, "at most 3 s"), (3, "at most 5 s")):
        times = [_deploy(environment, replicas) for _ in range(RUNS)]
        _row(f"mcp deploy time --replicas {replicas} --wait", times, budget)
    _at_rest(environment)
    _mcp(environment, "deploy", "time", "--wait")
    _beside_kubectl(environment)
    _mcp(environment, "delete", "time", "--wait")


def _deploy(environment: dict[str, str], replicas: int) -> float:
    taken = _seconds(lambda: _mcp(environment, "deploy", "time", "--replicas", str(replicas), "--wait"))
    _mcp(environment, "delete", "time", "--wait")
    return taken


def _at_rest(environment: dict[str, str]) -> None:
    """Daemon and operator with nothing deployed."""
    pids = _processes(environment)
    before, began = sum(map(_cpu_seconds, pids)), time.monotonic()
    time.sleep(REST_SECONDS)
    used = (sum(map(_cpu_seconds, pids)) - before) / (time.monotonic() - began)
    memory = sum(map(_pss_megabytes, pids))
    print(f"  at rest, {len(pids)} processes: {memory:.0f} MB PSS (at most 200), {used:.1%} of a core (at most 2 %)")


def _beside_kubectl(environment: dict[str, str]) -> None:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        print("  no kubectl here to compare with")
        return
    config = _mcp(environment, "local", "kubeconfig").strip()
    command = [kubectl, "--kubeconfig", config, "get", "mcpservers"]
    pairs = [
        (
            _seconds(lambda: _mcp(environment, "get", "servers")),
            _seconds(lambda: subprocess.run(command, env=environment, check=True, capture_output=True)),
        )
        for _ in range(RUNS)
    ]
    ours, theirs = statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"  mcp get servers {ours:.2f} s, kubectl get mcpservers {theirs:.2f} s: x{ratio:.2f}")


def _processes(environment: dict[str, str]) -> list[int]:
    """The daemon and what it supervises: every process whose environment names this home."""
    marker = f"HOME={environment['HOME']}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if marker in variables and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _mcp(environment: dict[str, str], *args: str) -> str:
    done = subprocess.run([MCP, *args], env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"mcp {' '.join(args)} exited {done.returncode}: {done.stderr}")
    return done.stdout


def _seconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _row(name: str, times: list[float], budget: str) -> None:
    spread = f"{min(times):.2f} to {max(times):.2f}"
    print(f"  {name}: median {statistics.median(times):.2f} s ({spread}; {budget})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
