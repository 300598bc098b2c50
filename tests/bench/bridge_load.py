"""The load on a server: over its pipe, and over HTTP through a bridge.

Role: one run's figures. The client is a bare socket, so that what is measured is the bridge. Called by: `bridge.py`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import selectors
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.bridge_rivals import Rival

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
ARGUMENTS = {"timezone": "UTC"}
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds to the first answer, median seconds of a call, calls a second, MB of the bridge process."""

    start: float
    call: float
    rate: float
    memory: float | None


def call(number: int, modern: bool) -> bytes:
    params: dict[str, Any] = {"name": "get_current_time", "arguments": ARGUMENTS}
    if modern:
        params["_meta"] = META
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}).encode()


def timed(calls: int, once: Callable[[int], None]) -> float:
    times = []
    for number in range(calls):
        began = time.perf_counter()
        once(number)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def measure_pipe(server: list[str], calls: int, connections: int, seconds: float) -> Figures:
    began = time.perf_counter()
    process = subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None and process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def send(number: int) -> None:
        stdin.write(call(number, True) + b"\n")
        stdin.flush()

    def once(number: int) -> None:
        send(number)
        assert b'"result"' in stdout.readline()

    try:
        once(0)
        start = time.perf_counter() - began
        median = timed(calls, once)
        for number in range(connections):
            send(number)
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            stdout.readline()
            done += 1
            send(done)
        return Figures(start, median, done / (time.perf_counter() - began), None)
    finally:
        process.kill()
        process.wait()


class Connection:
    """One keep-alive connection that knows just enough HTTP: a length, or chunks."""

    def __init__(self, port: int, modern: bool, session: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = ["POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
        lines += ["Accept: application/json, text/event-stream"]
        if modern:
            lines += [f"MCP-Protocol-Version: {MODERN}", "Mcp-Method: tools/call", "Mcp-Name: get_current_time"]
        if session:
            lines += ["MCP-Protocol-Version: 2025-11-25", f"Mcp-Session-Id: {session}"]
        self._head = "\r\n".join(lines).encode()
        self._buffer = b""

    def send(self, body: bytes) -> None:
        self.socket.sendall(b"%b\r\nContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body))

    def receive(self) -> tuple[bytes, bytes] | None:
        """Read once; head and body when the answer is whole."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the bridge closed the connection")
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        lower = head.lower()
        if b"content-length:" in lower:
            size = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            whole = len(rest) >= size
        else:
            whole = rest.endswith(b"0\r\n\r\n") or b"chunked" not in lower
        if not whole:
            return None
        self._buffer = b""
        return head, rest

    def ask(self, body: bytes) -> tuple[bytes, bytes]:
        self.send(body)
        while (answer := self.receive()) is None:
            pass
        return answer


def measure_http(rival: Rival, calls: int, connections: int, seconds: float) -> Figures:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        rival.command(port), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        memory = None
        session = None if rival.modern else open_session(port, began)
        connection = first(port, rival.modern, session, began)
        start = time.perf_counter() - began
        median = timed(calls, lambda number: checked(connection.ask(call(number, rival.modern))))
        rate = load([Connection(port, rival.modern, session) for _ in range(connections)], rival.modern, seconds)
        memory = pss(process.pid)
        return Figures(start, median, rate, memory)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def checked(answer: tuple[bytes, bytes]) -> None:
    assert b'"result"' in answer[1], answer


def attempts(began: float) -> Iterator[None]:
    while time.perf_counter() - began < PATIENCE:
        yield
        time.sleep(0.005)
    raise TimeoutError("the bridge does not answer")


def first(port: int, modern: bool, session: str | None, began: float) -> Connection:
    for _ in attempts(began):
        try:
            connection = Connection(port, modern, session)
            checked(connection.ask(call(0, modern)))
            return connection
        except OSError:
            continue
    raise AssertionError


def open_session(port: int, began: float) -> str:
    info = {"name": "bench", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).encode()
    for _ in attempts(began):
        try:
            head, _body = Connection(port, False, None).ask(body)
        except OSError:
            continue
        session = head.lower().split(b"mcp-session-id:")[1].split(b"\r\n")[0].strip().decode()
        Connection(port, False, session).ask(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        return session
    raise AssertionError


def load(connections: list[Connection], modern: bool, seconds: float) -> float:
    """All connections busy for this long; calls a second."""
    selector = selectors.DefaultSelector()
    numbers = itertools.count(10_000)
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(call(next(numbers), modern))
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(timeout=PATIENCE):
            answer = key.data.receive()
            if answer is not None:
                done += 1
                checked(answer)
                key.data.send(call(next(numbers), modern))
    rate = done / (time.perf_counter() - began)
    for connection in connections:
        connection.socket.close()
    return rate


def pss(pid: int) -> float | None:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1000 for line in text.splitlines() if line.startswith("Pss:"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
