"""The node's HTTP listener: logs of containers for the API server, as the kubelet serves them.

`GET /containerLogs/{namespace}/{pod}/{container}` with the query `follow`, `tailLines`, `previous`, `sinceSeconds`,
`sinceTime`, `timestamps`, `limitBytes`, and `GET /healthz`. Speaks HTTP and, to those who begin with a TLS hello (a
real API server does), HTTPS on the same port. Only this user's processes and root's are answered. Which file is meant
is asked of a `LogSource`. Run by the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from time import time_ns
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from mcp_cli.local.node.logfile import LogFile, rfc3339_nano
from mcp_cli.local.node.logread import LogOptions, read_log
from mcp_cli.local.node.peer import is_own_peer

TLS_HELLO = 0x16
ACCEPT_AGAIN_SECONDS = 0.5
PIECES_AT_ONCE = 200

log = logging.getLogger(__name__)


class LogUnavailable(Exception):
    """There is no such log; the message is for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a container's log is, and the writer while its process runs."""

    path: Path
    live: LogFile | None


class LogSource(Protocol):
    """Who knows the pods."""

    def find_log(self, namespace: str, pod: str, container: str, previous: bool) -> LogPlace: ...


class LogServer:
    """Accepts connections on the node's listener."""

    def __init__(self, listener: socket.socket, source: LogSource, certificate: Callable[[], ssl.SSLContext]) -> None:
        self._listener = listener
        self._source = source
        self._make_context = certificate
        self._connections: set[asyncio.Task[None]] = set()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._make_context()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    connection, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    # No descriptor left, or a client that gave up meanwhile: no reason to end the node's pods.
                    log.warning("a connection was not accepted: %s", error)
                    await asyncio.sleep(ACCEPT_AGAIN_SECONDS)
                    continue
                connection.setblocking(False)
                task = asyncio.ensure_future(self._serve(connection))
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)
        finally:
            for task in self._connections:
                task.cancel()
            self._listener.close()

    async def _serve(self, connection: socket.socket) -> None:
        try:
            if not is_own_peer(connection):
                connection.close()
                return
            reader, writer = await self._streams(connection)
        except (OSError, ssl.SSLError, TimeoutError):
            # A peer that went away or cannot speak TLS with us has nobody left to be told.
            connection.close()
            return
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        except Exception:
            # The client sees its answer end too early; why is for the log.
            log.exception("a request to the node was not answered")
        finally:
            writer.close()

    async def _streams(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Streams over the connection, through TLS where the first byte asks for it."""
        loop = asyncio.get_running_loop()
        first = await asyncio.wait_for(_peek(connection), timeout=10)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        context = self._tls if first == TLS_HELLO else None
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=context)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=10)
        except asyncio.LimitOverrunError:
            await _send_plain(writer, 431, "the head of the request is too long")
            return
        method, _, rest = request.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        try:
            pieces = self._answer(method, rest.partition(" ")[0])
        except LogUnavailable as error:
            await _send_plain(writer, error.status, str(error))
            return
        if pieces is None:
            await _send_plain(writer, 200, "ok")
            return
        gone = asyncio.ensure_future(reader.read())
        try:
            await _send_chunks(writer, pieces, gone)
        finally:
            gone.cancel()

    def _answer(self, method: str, target: str) -> AsyncIterator[bytes] | None:
        """The log that is asked for, None for the health check; LogUnavailable otherwise."""
        parts = urlsplit(target)
        path = [unquote(part) for part in parts.path.split("/")]
        if method != "GET":
            raise LogUnavailable(405, f"{method} is not served here")
        if path == ["", "healthz"]:
            return None
        if len(path) != 5 or path[1] != "containerLogs":
            raise LogUnavailable(404, f"{parts.path} is not served here")
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        options = log_options(query)
        place = self._source.find_log(path[2], path[3], path[4], _flag(query, "previous"))
        return read_log(place.path, options, place.live)


def log_options(query: dict[str, str]) -> LogOptions:
    """The query of a log request."""
    try:
        since = query.get("sinceTime")
        if since:
            moment = datetime.fromisoformat(since.replace("Z", "+00:00"))
            since = rfc3339_nano(int(moment.timestamp() * 1_000_000_000))
        elif query.get("sinceSeconds"):
            since = rfc3339_nano(time_ns() - int(query["sinceSeconds"]) * 1_000_000_000)
        return LogOptions(
            tail=int(query["tailLines"]) if query.get("tailLines") else None,
            since=since,
            timestamps=_flag(query, "timestamps"),
            limit_bytes=int(query["limitBytes"]) if query.get("limitBytes") else None,
            follow=_flag(query, "follow"),
        )
    except ValueError as error:
        raise LogUnavailable(400, f"a log option has a wrong value: {error}") from error


def _flag(query: dict[str, str], name: str) -> bool:
    return query.get(name, "false").lower() in ("", "true", "1")


async def _peek(connection: socket.socket) -> int:
    """The first byte of a connection, left in place."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    data = connection.recv(1, socket.MSG_PEEK)
    if not data:
        raise ConnectionResetError("closed before a request")
    return data[0]


_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 431: "Too Large"}


async def _send_plain(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    body = text.encode()
    head = f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()


async def _send_chunks(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes], gone: asyncio.Future[bytes]) -> None:
    """Send a chunked answer until its source ends or the reader is gone."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    pump = asyncio.ensure_future(_write_pieces(writer, pieces))
    try:
        await asyncio.wait(set[asyncio.Future[Any]]({pump, gone}), return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            await pump
    finally:
        pump.cancel()


async def _write_pieces(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes]) -> None:
    count = 0
    async for piece in pieces:
        count += 1
        if piece:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        if count % PIECES_AT_ONCE == 0:
            # A reader that keeps up never makes `drain` wait, and a log has 20 MB.
            await asyncio.sleep(0)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
