"""Try a probe once: exec, httpGet, tcpSocket. When to try is probe_loop.py's job.

Connections are raw asyncio; an HTTP probe reads the status line and no more. Answers 200 to 399 are success.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Exec = Callable[[list[str], float], Awaitable[tuple[int, str]]]
"""(command, seconds) -> exit code and output; TimeoutError after the seconds."""


class UnsupportedProbe(Exception):
    """A kind of probe that this node does not try."""


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """The container that is probed."""

    address: str
    ports: dict[str, int]
    run: Exec


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one try gave."""

    success: bool
    message: str = ""


async def attempt(probe: dict[str, Any], target: ProbeTarget) -> ProbeResult:
    """One try, at most timeoutSeconds long."""
    timeout = float(probe.get("timeoutSeconds") or 1)
    if "exec" in probe:
        return await _exec(probe["exec"].get("command") or [], timeout, target)
    if "httpGet" in probe:
        return await _http(probe["httpGet"], timeout, target)
    if "tcpSocket" in probe:
        return await _tcp(probe["tcpSocket"], timeout, target)
    if "grpc" in probe:
        raise UnsupportedProbe("grpc probes are not supported on this node: use httpGet, tcpSocket or exec")
    raise UnsupportedProbe("a probe without exec, httpGet or tcpSocket")


async def _exec(command: list[str], timeout: float, target: ProbeTarget) -> ProbeResult:
    try:
        code, output = await target.run(command, timeout)
    except TimeoutError:
        return ProbeResult(False, f'command "{" ".join(command)}" timed out after {timeout:g}s')
    return ProbeResult(code == 0, output.strip()[:1024])


async def _tcp(source: dict[str, Any], timeout: float, target: ProbeTarget) -> ProbeResult:
    address, port = source.get("host") or target.address, port_number(source["port"], target.ports)
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, port)
        writer.close()
    except TimeoutError:
        return ProbeResult(False, f"dial tcp {address}:{port}: i/o timeout")
    except OSError as error:
        return ProbeResult(False, f"dial tcp {address}:{port}: {_words(error)}")
    return ProbeResult(True)


async def _http(source: dict[str, Any], timeout: float, target: ProbeTarget) -> ProbeResult:
    address, port = source.get("host") or target.address, port_number(source["port"], target.ports)
    path, scheme = source.get("path") or "/", (source.get("scheme") or "HTTP").lower()
    url = f"{scheme}://{address}:{port}{path}"
    try:
        async with asyncio.timeout(timeout):
            status, body = await _get(address, port, _request(source, path, f"{address}:{port}"), scheme == "https")
    except TimeoutError:
        return ProbeResult(False, f'Get "{url}": context deadline exceeded')
    except (OSError, ValueError, IndexError) as error:
        return ProbeResult(False, f'Get "{url}": dial tcp {address}:{port}: {_words(error)}')
    if 200 <= status < 400:
        return ProbeResult(True)
    words = f"HTTP probe failed with statuscode: {status}"
    return ProbeResult(False, f"{words}: {body}" if body else words)


def _request(source: dict[str, Any], path: str, host: str) -> bytes:
    headers = {"Host": host, "User-Agent": "kube-probe/mcp", "Accept": "*/*", "Connection": "close"}
    for entry in source.get("httpHeaders") or []:
        headers[entry["name"]] = entry["value"]
    lines = [f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


async def _get(address: str, port: int, request: bytes, tls: bool) -> tuple[int, str]:
    """Status and the beginning of the body of a failure."""
    reader, writer = await asyncio.open_connection(address, port, ssl=_unverified() if tls else None)
    try:
        writer.write(request)
        line = await reader.readline()
        status = int(line.split(b" ", 2)[1])
        body = b""
        if not 200 <= status < 400:
            with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await reader.readuntil(b"\r\n\r\n")
                body = await reader.read(512)
        return status, body.decode(errors="replace").strip().split("\n", 1)[0][:200]
    finally:
        writer.close()


def _unverified() -> ssl.SSLContext:
    """Probes ask whether a server answers, not who it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _words(error: BaseException) -> str:
    """`connect: connection refused` instead of the loop's sentence."""
    if isinstance(error, ConnectionRefusedError):
        return "connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return "read: connection reset by peer"
    return str(error) or type(error).__name__


def port_number(port: int | str, named: dict[str, int]) -> int:
    """A port by number or by the name of a container port."""
    if isinstance(port, int) or str(port).isdigit():
        return int(port)
    if port not in named:
        raise UnsupportedProbe(f"the container has no port named {port}")
    return named[port]
