"""What the bridge does when something is too large, too many, foreign, or dead."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from mcp_operator.bridge.child import Child

from tests.bridge.bridge_testing import PATIENCE, Bridge, Start

MIB = 1024 * 1024


async def test_answer_of_10_mb_passes(bridge: Bridge) -> None:
    answer = await bridge.call("big", number="b", size=10 * MIB)
    assert answer.json()["id"] == "b"
    assert len(answer.json()["result"]["content"][0]["text"]) == 10 * MIB


async def test_request_of_10_mb_passes(bridge: Bridge) -> None:
    assert await bridge.text("size", text="x" * 10 * MIB) == str(10 * MIB)


@pytest.mark.parametrize("chunked", [False, True])
async def test_request_of_100_mb_is_refused_and_costs_no_memory(bridge: Bridge, chunked: bool) -> None:
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {100 * MIB}"
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", size, "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
    answer = asyncio.ensure_future(reader.read())
    writer.write("\r\n".join(lines).encode())
    # It is read beside the writing: who sends on for too long after it is cut off.
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"%x\r\n%b\r\n" % (MIB, b"x" * MIB) if chunked else b"x" * MIB)
            await writer.drain()
    head, _, refusal = (await answer).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"--max-body" in refusal
    assert await bridge.text("echo", text="alive") == "alive"
    assert peak_memory(bridge) < 80


def peak_memory(bridge: Bridge) -> float:
    lines = Path(f"/proc/{bridge.process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


async def test_answer_beyond_the_bound_is_an_error_for_its_caller_alone(start: Start) -> None:
    bridge = await start("--max-message", "1")
    answer = await bridge.call("big", number="b", size=2 * MIB)
    assert (answer.status_code, answer.json()["id"]) == (502, "b")
    assert "--max-message" in answer.json()["error"]["message"]
    assert await bridge.text("echo", text="alive") == "alive"


async def test_more_requests_than_allowed_are_turned_away(start: Start, tmp_path: Path) -> None:
    bridge, gate = await start("--max-in-flight", "2"), tmp_path / "gate"
    waiting = [asyncio.ensure_future(bridge.call("echo", number=n, text="x", after=str(gate))) for n in range(2)]

    async def busy() -> bool:
        return await bridge.metric("mcp_bridge_requests_in_flight ") == 2

    await bridge.until(busy)
    refused = await bridge.call("echo", number="late", text="x")
    assert (refused.status_code, refused.json()["id"], refused.headers["retry-after"]) == (503, "late", "1")
    gate.touch()
    assert all(answer.status_code == 200 for answer in await asyncio.gather(*waiting))


async def test_child_that_dies_fails_its_callers_and_ends_the_bridge(bridge: Bridge) -> None:
    waiting = asyncio.ensure_future(bridge.call("wait", number="waiting"))

    async def busy() -> bool:
        return await bridge.metric("mcp_bridge_requests_in_flight ") == 1

    await bridge.until(busy)
    died = await bridge.call("die", number="died", code=7)
    for number, answer in (("died", died), ("waiting", await waiting)):
        assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (502, number, -32603)
        assert "exit code 7" in answer.json()["error"]["message"]
    await bridge.http.aclose()
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 7
    await bridge.until(lambda: bridge.logged("  these are my last words"))
    assert "mcp-bridge: the server ended with exit code 7; it last said:" in bridge.log
    assert bridge.log[-1] == "  these are my last words"


async def test_child_that_ended_before_its_pipes_were_widened_still_counts() -> None:
    child = Child(lambda line: None, lambda line: None, 1024)
    ended = asyncio.Event()

    class Watched(asyncio.SubprocessProtocol):
        def process_exited(self) -> None:
            ended.set()

    transport, _ = await asyncio.get_running_loop().subprocess_exec(Watched, "true")
    for fd in (0, 1):
        pipe = transport.get_pipe_transport(fd)
        assert pipe is not None
        pipe.close()
        pipe.get_extra_info("pipe").close()
    child.connection_made(transport)
    assert child.alive
    await ended.wait()
    transport.close()


async def test_child_that_is_killed_gives_its_signals_code(bridge: Bridge) -> None:
    child = int(await bridge.text("noise"))
    await bridge.http.aclose()
    os.kill(child, signal.SIGKILL)
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 137


async def test_command_that_is_not_there_is_said() -> None:
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "--port", "0", "--", "/no/such/server"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, stderr = await process.communicate()
    assert process.returncode == 127
    assert b"cannot run /no/such/server: No such file or directory" in stderr


async def test_port_that_is_taken_is_said(bridge: Bridge) -> None:
    command = [sys.executable, "-m", "mcp_operator.bridge.main", "--port", str(bridge.port), "--", "true"]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, stderr = await process.communicate()
    assert process.returncode == 1
    assert b"cannot listen" in stderr and b"in use" in stderr


async def test_term_lets_open_requests_finish_and_ends_listeners(bridge: Bridge, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    listening = asyncio.ensure_future(bridge.ask("subscriptions/listen", {"notifications": {}}, "l"))
    call = asyncio.ensure_future(bridge.call("echo", number="c", text="still", after=str(gate)))

    async def busy() -> bool:
        return await bridge.metric("mcp_bridge_requests_in_flight ") == 2

    await bridge.until(busy)
    bridge.process.send_signal(signal.SIGTERM)
    assert '"resultType":"complete"' in (await listening).text
    gate.touch()
    assert (await call).json()["result"]["content"][0]["text"] == "still"
    assert await asyncio.wait_for(bridge.process.wait(), PATIENCE) == 0


async def test_childs_stderr_and_stray_output_reach_the_log(bridge: Bridge) -> None:
    await bridge.text("noise")
    await bridge.until(lambda: bridge.logged("a line of the log"))
    await bridge.until(lambda: bridge.logged("wrote to its stdout what is no message: this is no message"))


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
async def test_foreign_host_or_origin_is_forbidden_on_every_method(
    bridge: Bridge, method: str, header: dict[str, str]
) -> None:
    answer = await bridge.http.request(method, bridge.url, headers=header)
    assert answer.status_code == 403


async def test_hosts_that_are_ours_are_welcome(start: Start) -> None:
    bridge = await start("--allowed-host", "time.default.svc,time", "--allowed-host", "*.example.org")
    for host in ("time", "time.default.svc:8080", "mcp.example.org", "localhost:1", "[::1]:9", "10.1.2.3:8080"):
        assert (await bridge.call("echo", headers={"Host": host}, text="x")).status_code == 200, host
    for origin, status in (("https://mcp.example.org", 200), ("http://localhost:3000", 200), ("http://10.1.2.3", 403)):
        assert (await bridge.call("echo", headers={"Origin": origin}, text="x")).status_code == status, origin


async def test_request_through_the_api_servers_proxy_is_welcome(bridge: Bridge) -> None:
    uri = "/api/v1/namespaces/default/services/time:8080/proxy/mcp"
    headers = {"Host": "abc.eks.example.com", "X-Forwarded-Uri": uri}
    assert (await bridge.call("echo", headers=headers, text="x")).status_code == 200
    headers["Origin"] = "http://abc.eks.example.com"
    assert (await bridge.call("echo", headers=headers, text="x")).status_code == 403


async def test_probes_and_metrics_need_no_known_host(bridge: Bridge) -> None:
    await bridge.text("echo", text="x")
    for path, words in (("healthz", "ok"), ("readyz", "ok"), ("metrics", "mcp_bridge_sessions 0")):
        answer = await bridge.http.get(f"http://127.0.0.1:{bridge.port}/{path}", headers={"Host": "10.0.0.9"})
        assert answer.status_code == 200
        assert words in answer.text
    head = await bridge.http.head(f"http://127.0.0.1:{bridge.port}/healthz")
    assert (head.status_code, head.headers["content-length"]) == (200, "3")
    text = answer.text
    assert 'mcp_bridge_requests_total{method="tools/call",tool="echo",result="ok"} 1' in text
    assert 'mcp_bridge_request_duration_seconds_count{method="tools/call",tool="echo"} 1' in text


async def test_other_paths_are_not_found(bridge: Bridge) -> None:
    assert (await bridge.http.post(bridge.url + "/other")).status_code == 404


async def test_non_loopback_host_serves_127_0_0_1_too(start: Start) -> None:
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    with socket.socket() as taken:
        # It keeps a port that is free on both addresses from everybody else: two may bind it while one does not listen.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("", 0))
        bridge = await start("--host", address, "--port", str(taken.getsockname()[1]))
        assert await bridge.text("echo", text="on loopback") == "on loopback"
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            assert (await http.get(f"http://{address}:{bridge.port}/healthz")).status_code == 200


def own_address() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address
