"""A sample of the official registry's servers, started on the embedded cluster and asked for their tools.

Called by `catalogue_report.py --run`. A few servers at a time, since installing and starting share the machine; each
has its own time limit and all together another. One that does not answer is started by hand too, by
`catalogue_reference.py`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from catalogue_cluster import SERVERS, ReportCluster
from catalogue_figures import Run
from catalogue_reference import EACH as BY_HAND
from catalogue_reference import by_hand
from mcp_operator.api import names
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.naming import object_name
from mcp_operator.catalog.options import EntryOptions
from mcp_operator.catalog.to_server import plan_server
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, NotFound

AT_ONCE = 4
# A server's own time; the installation of its package has another, since some of them weigh gigabytes.
EACH = 300.0
INSTALL = 600.0
HOPELESS = ("Failed",)


def candidates(entries: list[ServerEntry], seed: int) -> Iterator[ServerEntry]:
    """npm and PyPI servers that want nothing from a person, one of each publisher, in the order of the seed.

    An entry that declares a secret at all is not among them: publishers rarely mark those as required that are.
    """
    listed = [entry for entry in entries if entry.latest and entry.package and entry.package.kind in ("npm", "pypi")]
    of_publisher = {entry.author: entry for entry in listed if _wants_nothing(entry)}
    fitting = [of_publisher[author] for author in sorted(of_publisher)]
    yield from random.Random(seed).sample(fitting, len(fitting))


def _wants_nothing(entry: ServerEntry) -> bool:
    package = entry.package
    if package is None or any(one.secret for one in (*package.env, *package.arguments, *package.runtime_arguments)):
        return False
    try:
        plan_server(entry, EntryOptions("any", "default"))
    except CatalogError:
        return False
    return True


async def run_sample(
    entries: list[ServerEntry], cluster: ReportCluster, seed: int, size: int, limit: float
) -> list[Run]:
    """Start servers, as many at once as the machine bears, until so many were seen that start at all.

    One that says nothing of us makes room for the next, and is counted apart: what cannot be fetched or wants something
    (`_PASSED_OVER`), and what does not answer when it is started by hand either. Of one whose version is gone from the
    package registry, the newest is started.
    """
    deadline = time.monotonic() + limit
    waiting = enumerate(candidates(entries, seed))
    runs: list[Run] = []

    async def worker(client: KubeClient) -> None:
        while sum(run.able for run in runs) + len(started) < size and (pick := next(waiting, None)):
            turn, entry = pick
            started.add(entry.name)
            found = await _run(entry, client, cluster, deadline, None)
            if found.gone:
                found = await _run(entry, client, cluster, deadline, "latest")
                found = replace(found, stands_for=(entry.package and entry.package.version) or "")
            started.discard(entry.name)
            runs.append(replace(found, turn=turn))
            print(f"  {found.line}" + (f"\n      {found.by_hand_line}" if found.by_hand else ""), flush=True)

    started: set[str] = set()
    async with cluster.client() as client:
        await _operator_ready(client)
        await asyncio.gather(*(worker(client) for _ in range(AT_ONCE)))
    return runs


async def _run(
    entry: ServerEntry, client: KubeClient, cluster: ReportCluster, deadline: float, version: str | None
) -> Run:
    name = object_name(entry.name)
    manifest = plan_server(entry, EntryOptions(name, "default", version=version)).manifest
    started = time.monotonic()
    seconds = min(EACH, deadline - started)
    runtime = manifest["spec"]["runtime"]
    package = f"{runtime['package']} {' '.join(runtime.get('args', []))}".strip()
    if seconds <= 0:
        return Run(entry.name, package, None, "NotStarted: the time for all servers together was over", 0)
    await client.create(SERVERS, manifest, field_manager=names.FIELD_MANAGER_CLI)
    try:
        words = await _settled(client, name, seconds, deadline)
        tools, words = await _tools(name, cluster) if words is None else (None, words)
    finally:
        await _delete(client, name)
    found = Run(entry.name, package, tools, words, time.monotonic() - started)
    left = deadline - time.monotonic()
    if tools is not None or found.gone or found.missing or left <= 0:
        return found
    return replace(found, by_hand=await by_hand(manifest["spec"], cluster.machine, min(BY_HAND, left)))


async def _delete(client: KubeClient, name: str) -> None:
    """Delete it, and wait until it is gone."""
    await client.delete(SERVERS, name, "default")
    async with asyncio.timeout(60):
        with suppress(NotFound):
            while True:
                await client.get(SERVERS, name, "default")
                await asyncio.sleep(0.2)


async def _settled(client: KubeClient, name: str, seconds: float, last: float) -> str | None:
    """None when the server runs; the words of its status when it has failed or the time is over."""
    begun = since = time.monotonic()
    while True:
        server = await client.get(SERVERS, name, "default")
        status = server.get("status") or {}
        if status.get("phase") == "Running" and _ready(status):
            return None
        now = time.monotonic()
        since = now if status.get("reason") == "Installing" else since
        if status.get("phase") in HOPELESS or now > min(since + seconds, last) or since > begun + INSTALL:
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
