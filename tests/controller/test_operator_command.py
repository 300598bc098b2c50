"""`mcp-operator` as people run it: a process of its own, its flags, its end, its words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from mcp_operator import main as program
from mcp_operator.controllers.registry_world import MCPREGISTRIES
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.main import LEASE_NAME, main
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, LEASES
from mcp_operator.version import __version__

from tests.controller.harness import COLLECTED, NOWHERE, install_kinds, until
from tests.controller.registries import serving
from tests.support.cluster import Cluster
from tests.support.processes import free_ports
from tests.support.registry_server import Fault, item


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[KubeClient]:
    async with cluster.client() as client:
        await install_kinds(client)
        yield client


class Running:
    """One `mcp-operator run`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 120)

    def lines(self) -> list[dict[str, str]]:
        """Those that are written to their end."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]


@contextlib.asynccontextmanager
async def operator(log: Path, *flags: str) -> AsyncIterator[Running]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "mcp_operator.main", "run", *flags, stdout=out, stderr=out
        )
    running = Running(process, log)
    try:
        yield running
    finally:
        await running.stop(signal.SIGKILL)


async def test_it_works_serves_its_probes_and_metrics_and_ends_in_order(
    cluster: Cluster, kube: KubeClient, tmp_path: Path
) -> None:
    port = free_ports(1)[0]
    address = f"127.0.0.1:{port}"
    flags = ["--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace, "--log-level", "debug"]
    flags += ["--metrics-bind-address", address, "--health-probe-bind-address", address]
    async with operator(tmp_path / "log", *flags) as running, httpx.AsyncClient(trust_env=False) as http:

        async def ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await http.get(f"http://{address}/readyz")).status_code == 200
            return False

        await until(ready, "the operator is ready")
        metadata = {"name": "demo", "namespace": cluster.namespace}
        server = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPServer", "metadata": metadata}
        await kube.create(MCPSERVERS, {**server, "spec": {"image": "example.test/a:1", "nodeSelector": NOWHERE}})

        async def counted() -> bool:
            text = (await http.get(f"http://{address}/metrics")).text
            return f'mcp_servers_total{{namespace="{cluster.namespace}",phase="Pending"}} 1.0' in text and bool(
                re.search(r'mcp_controller_reconcile_total\{controller="mcpserver",result="\w+"\}', text)
            )

        await until(counted, "the metrics count the server")
        await kube.get(DEPLOYMENTS, "demo", cluster.namespace)
        text = (await http.get(f"http://{address}/metrics")).text
        assert "mcp_server_info{" in text
        assert 'image="example.test/a"' in text
        await kube.delete(MCPSERVERS, "demo", cluster.namespace)

        async def gone() -> bool:
            return not (await kube.list(MCPSERVERS, cluster.namespace))["items"]

        await until(gone, "the server is gone", COLLECTED)

        async def forgotten() -> bool:
            return 'name="demo"' not in (await http.get(f"http://{address}/metrics")).text

        await until(forgotten, "the metrics forget it")
        assert await running.stop() == 0
        assert running.lines()[0]["msg"].startswith(f"watching {cluster.namespace} on https://")
        assert {line["level"] for line in running.lines()} <= {"debug", "info"}


async def test_of_two_with_leader_election_one_leads_and_the_other_follows_at_once(
    cluster: Cluster, kube: KubeClient, tmp_path: Path
) -> None:
    flags = ["--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace, "--leader-elect"]
    flags += ["--leader-election-namespace", cluster.namespace]

    async def holder() -> str:
        leases = (await kube.list(LEASES, cluster.namespace))["items"]
        return leases[0]["spec"]["holderIdentity"] if leases else ""

    async with operator(tmp_path / "first", *flags) as first:
        leader = await until(holder, "someone leads")
        async with operator(tmp_path / "second", *flags) as second:

            async def waits() -> bool:
                return any("waiting:" in line["msg"] for line in second.lines())

            await until(waits, "the second waits")
            assert await first.stop() == 0
            assert await holder() != leader, "the lease is given back, and need not run out"

            async def other() -> bool:
                return await holder() not in ("", leader)

            await until(other, "the second leads")
            assert await second.stop() == 0
    assert await holder() == ""


async def test_a_source_that_hangs_does_not_hold_up_the_end(cluster: Cluster, kube: KubeClient, tmp_path: Path) -> None:
    """A pod has 30 s to end, and the Lease has to be given back within."""
    asked, held = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        held.wait(300)

    flags = ["--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace, "--leader-elect"]
    flags += ["--leader-election-namespace", cluster.namespace]
    with serving(item("io.example/a")) as server:
        server.always("/list.json", Fault(drip=hold))
        async with operator(tmp_path / "log", *flags) as running:
            body = {"apiVersion": "mcp.allbeone.io/v1", "kind": "MCPRegistry"}
            metadata = {"name": "slow", "namespace": cluster.namespace}
            spec = {"source": {"type": "http"}, "url": f"{server.url}/list.json"}
            await kube.create(MCPREGISTRIES, {**body, "metadata": metadata, "spec": spec})
            assert await asyncio.to_thread(asked.wait, 120)
            running.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(running.process.wait(), 120) == 0
        held.set()
    lease = await kube.get(LEASES, LEASE_NAME, cluster.namespace)
    assert not lease["spec"].get("holderIdentity")


async def test_a_leader_whose_lease_another_took_ends_with_1_and_says_who(
    cluster: Cluster, kube: KubeClient, tmp_path: Path
) -> None:
    flags = ["--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace, "--leader-elect"]
    flags += ["--leader-election-namespace", cluster.namespace]
    async with operator(tmp_path / "log", *flags) as running:

        async def leads() -> bool:
            return any("leading as" in line.get("msg", "") for line in running.lines())

        await until(leads, "it leads")
        thief = {"spec": {"holderIdentity": "thief", "renewTime": "2026-11-21T10:00:00.000000Z"}}

        async def stolen() -> bool:
            await kube.patch(LEASES, LEASE_NAME, thief, cluster.namespace)
            return running.process.returncode is not None

        await until(stolen, "the operator has ended")
        assert running.process.returncode == 1
        last = running.log.read_text().splitlines()[-1]
        assert last.startswith(f"mcp-operator: the lease {LEASE_NAME} could not be renewed; holder: thief")


async def test_outside_a_cluster_the_lease_is_in_the_namespace_default(
    cluster: Cluster, kube: KubeClient, tmp_path: Path
) -> None:
    flags = ["--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace, "--leader-elect"]
    with contextlib.suppress(NotFound):
        await kube.delete(LEASES, LEASE_NAME, "default")
    async with operator(tmp_path / "log", *flags) as running:

        async def leads() -> bool:
            return any("leading as" in line.get("msg", "") for line in running.lines())

        await until(leads, "it leads")
        assert (await kube.get(LEASES, LEASE_NAME, "default"))["spec"]["holderIdentity"]
        assert await running.stop() == 0
    assert not (await kube.get(LEASES, LEASE_NAME, "default"))["spec"].get("holderIdentity")
    await kube.delete(LEASES, LEASE_NAME, "default")


@pytest.mark.parametrize(
    ("said", "flag", "lease", "registries"),
    [
        (None, None, "default", "default"),
        ("mcp-system\n", None, "mcp-system", "mcp-system"),
        ("mcp-system", "leases", "leases", "mcp-system"),
    ],
    ids=["outside", "in a pod", "in a pod with the flag"],
)
def test_the_operators_own_namespace_is_the_pods_and_else_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, flag: str | None, lease: str, registries: str
) -> None:
    """Where the Lease is, and the MCPRegistries that serve every namespace."""
    mounted = tmp_path / "namespace"
    if said is not None:
        mounted.write_text(said)
    monkeypatch.setattr(program, "IN_CLUSTER_NAMESPACE", mounted)
    flags = {"leader_elect": True, "leader_election_namespace": flag, "namespace": (), "workers": 1}
    rest = {"kubeconfig": None, "context": None, "runner_image": None, "cluster_domain": "c", "log_level": "info"}
    addresses = {"metrics_bind_address": "0", "health_probe_bind_address": "0"}
    config = program._config(program.RunOptions(**flags, **rest, **addresses))  # type: ignore[arg-type]
    assert config.manager.lease is not None
    assert (config.manager.lease.namespace, config.system_namespace) == (lease, registries)


async def test_where_the_kinds_are_missing_it_says_what_to_run(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"kind":"Status","code":404,"reason":"NotFound","message":"the server could not find it"}'
        writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        kubeconfig = tmp_path / "config"
        kubeconfig.write_text(KUBECONFIG.replace("PORT", str(port)))
        async with operator(tmp_path / "log", "--kubeconfig", str(kubeconfig)) as running:
            assert await asyncio.wait_for(running.process.wait(), 120) == 1
            words = running.log.read_text()
    assert words.startswith(f"mcp-operator: http://127.0.0.1:{port} does not know the kind MCPServer; install the CRDs")
    assert "Traceback" not in words


async def test_an_api_server_that_is_not_there_yet_is_waited_for_until_the_signal(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(KUBECONFIG.replace("PORT", str(free_ports(1)[0])))
    async with operator(tmp_path / "log", "--kubeconfig", str(kubeconfig)) as running:

        async def waits() -> bool:
            return any("not ready" in line.get("msg", "") for line in running.lines())

        await until(waits, "it says that it waits")
        assert await running.stop() == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--kubeconfig", "/nowhere/config"], "mcp-operator: the kubeconfig /nowhere/config does not exist"),
        (["--metrics-bind-address", "8080"], "'8080' is no address; write HOST:PORT"),
        (["--log-level", "loud"], "'loud' is not one of"),
    ],
)
def test_wrong_flags_are_told_in_words(flags: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["run", *flags])
    assert result.exit_code in (1, 2)
    assert words in result.output
    assert "Traceback" not in result.output


def test_version_and_help_with_examples() -> None:
    assert CliRunner().invoke(main, ["version"]).output == f"{__version__}\n"
    for arguments in (["--help"], ["run", "--help"], ["version", "--help"]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0
        assert "mcp-operator" in result.output.partition("Example")[2]


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:PORT"}}]
contexts: [{name: c, context: {cluster: c, user: c}}]
users: [{name: c, user: {token: secret}}]
current-context: c
"""
