"""A sample of the official registry's servers, started on the embedded cluster and asked for their tools.

Called by `catalogue_report.py --run`. A few servers at a time, since installing and starting share the machine; each
has its own time limit and all together another.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from catalogue_cluster import SERVERS, ReportCluster
from example_values import plan_with_examples
from mcp_operator.api import names
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.options import Manifest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError

AT_ONCE = 4
EACH = 90.0
HOPELESS = ("Failed",)


@dataclass(frozen=True)
class Run:
    """What became of one server: how many tools it listed, or the words of its status."""

    entry: str
    package: str
    tools: int | None
    words: str
    seconds: float


def sample(entries: list[ServerEntry], seed: int, size: int) -> list[tuple[ServerEntry, Manifest]]:
    """Newest versions of npm and PyPI servers that require no secret, chosen by the seed."""
    newest = {entry.name: entry for entry in entries if entry.package and entry.package.kind in ("npm", "pypi")}
    fitting: list[tuple[ServerEntry, Manifest]] = []
    for name in sorted(newest):
        try:
            plan, made_up = plan_with_examples(newest[name])
        except CatalogError:
            continue
        if not any(one.secret for one in made_up):
            fitting.append((newest[name], plan.manifest))
    return random.Random(seed).sample(fitting, min(size, len(fitting)))


async def run_sample(
    entries: list[ServerEntry], cluster: ReportCluster, seed: int, size: int, limit: float
) -> list[Run]:
    """Start each of the sample, as many at once as the machine bears."""
    slots, deadline = asyncio.Semaphore(AT_ONCE), time.monotonic() + limit
    async with cluster.client() as client:
        await _operator_ready(client)

        async def one(entry: ServerEntry, manifest: Manifest) -> Run:
            async with slots:
                return await _run(entry, manifest, client, cluster, min(EACH, deadline - time.monotonic()))

        return list(await asyncio.gather(*(one(*chosen) for chosen in sample(entries, seed, size))))


async def _run(
    entry: ServerEntry, manifest: Manifest, client: KubeClient, cluster: ReportCluster, seconds: float
) -> Run:
    started = time.monotonic()
    name = manifest["metadata"]["name"]
    runtime = manifest["spec"]["runtime"]
    package = f"{runtime['package']} {' '.join(runtime.get('args', []))}".strip()
    if seconds <= 0:
        return Run(entry.name, package, None, "NotStarted: the time for all servers together was over", 0)
    await client.create(SERVERS, manifest, field_manager=names.FIELD_MANAGER_CLI)
    try:
        words = await _settled(client, name, seconds)
        tools, words = await _tools(name, cluster) if words is None else (None, words)
    finally:
        await client.delete(SERVERS, name, "default")
    found = Run(entry.name, package, tools, words, time.monotonic() - started)
    print(f"  {_line(found)}", flush=True)
    return found


async def _settled(client: KubeClient, name: str, seconds: float) -> str | None:
    """None when the server runs; the words of its status when it has failed or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        server = await client.get(SERVERS, name, "default")
        status = server.get("status") or {}
        if status.get("phase") == "Running" and _ready(status):
            return None
        if status.get("phase") in HOPELESS or time.monotonic() > deadline:
            return " ".join(f"{status.get('phase')} {status.get('reason')}: {status.get('message')}".split())
        await asyncio.sleep(0.5)


def _ready(status: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))


async def _tools(name: str, cluster: ReportCluster) -> tuple[int | None, str]:
    """What `mcp tools list` says, as a user would ask."""
    command = [sys.executable, "-m", "mcp_cli.main", "tools", "list", name, "-n", "default", "-o", "json"]
    process = await asyncio.create_subprocess_exec(
        *command, "--kubeconfig", str(cluster.kubeconfig), env=cluster.environment, stdout=-1, stderr=-1
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    except TimeoutError:
        process.kill()
        return None, "tools/list did not answer within a minute"
    if process.returncode:
        return None, " ".join(err.decode().split())
    found = json.loads(out)
    return len(found.get("items", found.get("tools", [])) if isinstance(found, dict) else found), ""


async def _operator_ready(client: KubeClient) -> None:
    """Wait until somebody serves the kind."""
    async with asyncio.timeout(60):
        while True:
            try:
                await client.list(SERVERS, "default", limit=1)
            except ApiError:
                await asyncio.sleep(0.2)
            else:
                return


def show_runs(runs: list[Run]) -> bool:
    """Print the figures and the others' words; True when four fifths answer."""
    answered = [run for run in runs if run.tools is not None]
    print(f"run: {len(answered)} of {len(runs)} answer tools/list (target {4 * len(runs) // 5})")
    for run in runs:
        if run.tools is None:
            print(f"  {_line(run)}")
    kinds = Counter(run.words.partition(":")[0] for run in runs if run.tools is None)
    for reason, count in kinds.most_common():
        print(f"  {count:3}  {reason}")
    return 5 * len(answered) >= 4 * len(runs)


def _line(run: Run) -> str:
    said = f"{run.tools} tools" if run.tools is not None else run.words[:400]
    return f"{run.entry} ({run.package}) {run.seconds:.0f} s: {said}"
