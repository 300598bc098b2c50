"""Logs on disk and over HTTP: times, parts, rotation, tail, since, limits, follow, who may read."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcp_cli.local.node import peer
from mcp_cli.local.node.certificate import server_context
from mcp_cli.local.node.logfile import LogFile, rotated
from mcp_cli.local.node.logread import LogOptions, last_output, read_log
from mcp_cli.local.node.logserver import LogPlace, LogServer, LogUnavailable, log_options
from tests.local.node.waiting import until_async


async def text(path: Path, live: LogFile | None = None, **options) -> str:
    return b"".join([piece async for piece in read_log(path, LogOptions(**options), live)]).decode()


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path / "c" / "0.log")


async def test_lines_carry_time_and_stream_on_disk_and_neither_when_read(log: LogFile) -> None:
    log.write("stdout", b"one\ntw")
    log.write("stderr", b"problem\n")
    log.write("stdout", b"o\nend without newline")
    log.close()
    first = log.path.read_text().splitlines()[0].split(" ", 3)
    assert first[1:] == ["stdout", "F", "one"] and first[0].endswith("Z") and len(first[0]) == 30
    assert await text(log.path) == "one\nproblem\ntwo\nend without newline"
    assert (await text(log.path, timestamps=True)).splitlines()[0] == f"{first[0]} one"


async def test_a_very_long_line_is_stored_in_parts_and_read_whole(log: LogFile) -> None:
    log.write("stdout", b"x" * 50_000 + b"\nnext\n")
    log.close()
    assert len(log.path.read_bytes().splitlines()) == 5
    assert await text(log.path) == "x" * 50_000 + "\nnext\n"


@pytest.mark.parametrize(("tail", "lines"), [(0, 0), (1, 1), (7, 7), (5000, 5000), (90_000, 20_000)])
async def test_tail(log: LogFile, tail: int, lines: int) -> None:
    log.write("stdout", b"".join(b"line %d\n" % number for number in range(20_000)))
    log.close()
    found = (await text(log.path, tail=tail)).splitlines()
    assert len(found) == lines
    assert found == [f"line {number}" for number in range(20_000 - lines, 20_000)]


async def test_tail_of_an_empty_log(log: LogFile) -> None:
    log.close()
    assert await text(log.path, tail=5) == ""


async def test_a_log_that_grew_too_large_continues_in_a_new_file(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "0.log", max_bytes=2000)
    for number in range(60):
        log.write("stdout", b"line %d\n" % number)
    log.close()
    assert rotated(log.path).exists() and log.path.stat().st_size <= 2000
    everything = (await text(log.path)).splitlines()
    assert everything[-1] == "line 59" and everything == [f"line {n}" for n in range(60 - len(everything), 60)]
    assert (await text(log.path, tail=40)).splitlines() == [f"line {number}" for number in range(20, 60)]


async def test_since_and_limit(log: LogFile) -> None:
    log.write("stdout", b"old\n")
    since = log_options({"sinceTime": "2999-01-01T00:00:00Z"}).since
    assert await text(log.path, since=since) == ""
    assert await text(log.path, since=log_options({"sinceSeconds": "60"}).since) == "old\n"
    log.write("stdout", b"12345678\n")
    assert await text(log.path, limit_bytes=6) == "old\n12"
    log.close()


async def test_follow_gets_what_comes_and_ends_with_the_log(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "0.log", max_bytes=2000)
    log.write("stdout", b"before\n")
    reading = asyncio.create_task(text(log.path, log, follow=True))
    for number in range(100):
        log.write("stdout", b"line %d\n" % number)
        await asyncio.sleep(0)
    log.close()
    lines = (await asyncio.wait_for(reading, 60)).splitlines()
    assert lines == ["before", *(f"line {number}" for number in range(100))], "also over a rotation"


async def test_follow_of_a_closed_log_ends_at_once(log: LogFile) -> None:
    log.write("stdout", b"x\n")
    log.close()
    assert await asyncio.wait_for(text(log.path, log, follow=True), 60) == "x\n"


async def test_the_last_words_of_a_container(log: LogFile) -> None:
    log.write("stderr", b"a\n" * 200 + b"fatal\n")
    log.close()
    assert last_output(log.path, lines=2) == "a\nfatal\n"


class OneLog:
    """A source that knows one container."""

    def __init__(self, place: LogPlace) -> None:
        self.place = place

    def find_log(self, namespace: str, pod: str, container: str, previous: bool) -> LogPlace:
        if (namespace, pod, container, previous) != ("ns", "p", "c", False):
            raise LogUnavailable(404, f"no {container} here")
        return self.place


@pytest.fixture
async def server(tmp_path: Path, log: LogFile) -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    made = LogServer(listener, OneLog(LogPlace(log.path, log)), lambda: server_context(tmp_path, "n", "127.0.0.1"))
    running = asyncio.create_task(made.run())
    yield listener.getsockname()
    running.cancel()
    await asyncio.wait([running])


async def get(address: tuple[str, int], path: str, tls: bool = False) -> tuple[int, str]:
    context = ssl._create_unverified_context() if tls else None
    reader, writer = await asyncio.open_connection(*address, ssl=context)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"chunked" in head:
        body = unchunk(body)
    return int(head.split()[1]), body.decode()


def unchunk(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


@pytest.mark.parametrize("tls", [False, True])
async def test_logs_over_http_and_https_on_one_port(server, log: LogFile, tls: bool) -> None:
    log.write("stdout", b"one\ntwo\n")
    assert await get(server, "/containerLogs/ns/p/c?tailLines=1", tls) == (200, "two\n")
    assert await get(server, "/healthz", tls) == (200, "ok")


async def test_what_is_not_there_is_said(server) -> None:
    assert await get(server, "/containerLogs/ns/p/other") == (404, "no other here")
    assert (await get(server, "/containerLogs/ns/p/c?previous=true"))[0] == 404
    assert (await get(server, "/containerLogs/ns/p/c?tailLines=x"))[0] == 400
    assert (await get(server, "/exec/ns/p/c"))[0] == 404


async def test_a_follower_over_http_is_let_go_when_it_leaves_and_when_the_log_ends(server, log: LogFile) -> None:
    log.write("stdout", b"one\n")
    _, leaver = await asyncio.open_connection(*server)
    leaver.write(b"GET /containerLogs/ns/p/c?follow=true HTTP/1.1\r\n\r\n")
    following = asyncio.create_task(get(server, "/containerLogs/ns/p/c?follow"))
    await until_async(lambda: len(log._followers) == 2, "both follow")
    leaver.close()
    await until_async(lambda: len(log._followers) == 1, "the one that left is forgotten")
    log.write("stdout", b"two\n")
    log.close()
    assert await asyncio.wait_for(following, 60) == (200, "one\ntwo\n")


async def test_another_users_process_gets_no_answer(server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_owner", lambda *_: 54321)
    reader, writer = await asyncio.open_connection(*server)
    writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        if not await reader.read():
            raise ConnectionResetError
    writer.close()


def test_the_owner_of_a_connection_is_this_user() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert peer.is_own_peer(accepted)
            assert peer._owner(accepted.getpeername(), accepted.getsockname()) is not None
