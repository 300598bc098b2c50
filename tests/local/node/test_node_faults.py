"""Faults that must neither pass unheard nor leave anybody waiting: descriptors used up, folders gone, odd commands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_operator.runtime.errors import Conflict

from mcp_cli.local.node.certificate import server_context
from mcp_cli.local.node.engine import call
from mcp_cli.local.node.logfile import LogFile
from mcp_cli.local.node.logread import LogOptions, read_log
from mcp_cli.local.node.logserver import LogPlace, LogServer
from mcp_cli.local.node.podkit import PodKit
from mcp_cli.local.node.process import Command, Process, StartError, resolve
from mcp_cli.local.node.proxy.relay import Accepted
from mcp_cli.local.node.status_writer import StatusWriter
from tests.local.node.harness import Node, shell
from tests.local.node.waiting import until_async

POD = {"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "status": {}}
ASK = b"GET /containerLogs/ns/p/c?%s HTTP/1.1\r\nHost: node\r\n\r\n"


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """As in a program that has opened as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def command(folder: Path, *argv: str, **env: str) -> Command:
    return Command(argv, {"PATH": os.environ["PATH"], **env}, folder, f"{folder}/c")


# --- processes ---------------------------------------------------------------------------------------------------


async def test_the_end_of_a_process_is_noticed_without_a_free_descriptor(tmp_path: Path) -> None:
    # Threads need no descriptor; the import of what makes them does.
    await asyncio.to_thread(lambda: None)
    process = Process.start(command(tmp_path, "sh", "-c", "sleep 0.1; exit 5"), lambda stream, data: None)
    with no_descriptor_left():
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert await process.wait() == 5


async def test_a_command_that_no_system_call_takes_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="null byte"):
        Process.start(command(tmp_path, "sh", "-c", "true", VALUE="a\0b"), lambda stream, data: None)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user's place")
def test_a_program_that_may_be_run_but_not_read_is_run() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o711)
        shutil.copy("/bin/true", folder / "program")
        (folder / "program").chmod(0o711)
        os.seteuid(65534)
        try:
            assert resolve((str(folder / "program"),), "", folder) == str(folder / "program")
        finally:
            os.seteuid(0)
    finally:
        shutil.rmtree(folder)


async def test_a_call_of_the_engine_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    program, pid = tmp_path / "docker", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 600\n")
    program.chmod(0o755)
    pulling = asyncio.ensure_future(call(str(program), ["pull", "x"], 600))
    number = int(await until_async(lambda: pid.exists() and pid.read_text(), "the program runs"))
    pulling.cancel()
    await asyncio.wait({pulling})
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


async def test_an_engine_that_is_gone_is_said(tmp_path: Path) -> None:
    code, words = await call(str(tmp_path / "docker"), ["version"], 5)
    assert (code, "cannot be run: No such file" in words) == (126, True)


# --- connections -------------------------------------------------------------------------------------------------


async def test_a_connection_that_cannot_be_passed_on_is_ended_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Any:
        raise LookupError("no balancer")

    server = await asyncio.get_running_loop().create_server(lambda: Accepted(broken), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 30) == b""
    assert "was not passed on" in caplog.text and "no balancer" in caplog.text
    writer.close()
    server.close()


@pytest.fixture
async def serve(tmp_path: Path) -> Any:
    """A node's listener over one log; returns the log and the socket."""
    log = LogFile(tmp_path / "pod" / "c" / "0.log")

    class OneLog:
        def find_log(self, *names: Any) -> LogPlace:
            return LogPlace(log.path, log)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    server = LogServer(listener, OneLog(), lambda: server_context(tmp_path, "n", "127.0.0.1"))
    running = asyncio.create_task(server.run())
    yield log, listener, running
    running.cancel()
    await asyncio.wait({running})


async def asked(address: tuple[str, int], request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_a_listener_without_descriptors_goes_on_later(serve: Any) -> None:
    log, listener, running = serve
    log.write("stdout", b"a line\n")
    log.close()
    with socket.create_connection(listener.getsockname()) as client:
        client.setblocking(False)
        with no_descriptor_left():
            for _ in range(20):
                await asyncio.sleep(0)
        assert not running.done()
        await asyncio.get_running_loop().sock_sendall(client, ASK % b"")
        answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 65536), 30)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert not running.done()


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"nonsense\r\n\r\n", b"405"), (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", b"431")],
)
async def test_a_malformed_request_is_answered(serve: Any, request_: bytes, status: bytes) -> None:
    assert (await asked(serve[1].getsockname(), request_)).startswith(b"HTTP/1.1 " + status)


async def test_a_long_log_is_sent_in_turns(serve: Any) -> None:
    log, listener, _ = serve
    log.write("stdout", b"".join(b"line %d\n" % number for number in range(5000)))
    log.close()
    asking = asyncio.ensure_future(asked(listener.getsockname(), ASK % b"sinceTime=2999-01-01T00:00:00Z"))
    turns = 0
    while not asking.done():
        turns += 1
        await asyncio.sleep(0)
    assert asking.result().endswith(b"0\r\n\r\n")
    assert turns > 25


async def test_following_a_log_ends_when_its_pod_is_gone(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "pod" / "0.log")
    log.write("stdout", b"first\n")
    pieces = read_log(log.path, LogOptions(follow=True), log)
    assert await anext(pieces) == b"first\n"
    shutil.rmtree(tmp_path / "pod")
    log.write("stdout", b"second\n")
    assert [piece async for piece in pieces] == [b"second\n"]


# --- pods --------------------------------------------------------------------------------------------------------


async def test_work_beside_a_pod_that_fails_is_heard_of(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise LookupError("a fault")

    async def snapshot() -> Any:
        raise AssertionError

    kit = PodKit(None, lambda: POD, "127.0.0.1", lambda: None, snapshot)  # type: ignore[arg-type]
    kit.spawn(fails())
    assert isinstance(await asyncio.wait_for(kit.failed, 30), LookupError)
    assert "work for pod p_ns(u) failed" in caplog.text


class Contended:
    """An API server at which somebody else wrote the pod in the same moment, once."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.written: list[Any] = []
        self.refused = 0

    async def patch(self, resource: Any, name: str, body: Any, *rest: Any, **options: Any) -> None:
        if not self.refused:
            self.refused += 1
            raise Conflict(409, "Conflict", "the object has been modified")
        self.written.append(body)

    async def get(self, *names: Any) -> dict[str, Any]:
        return {"metadata": {"uid": self.uid}}


async def contended(uid: str, done: Callable[[Contended, asyncio.Task[None]], Any]) -> Contended:
    api = Contended(uid)
    writer = StatusWriter(api, lambda: {"phase": "Running", "conditions": []}, lambda: POD)  # type: ignore[arg-type]
    running = asyncio.ensure_future(writer.run())
    writer.changed()
    await until_async(lambda: done(api, running), "what becomes of the status")
    running.cancel()
    await asyncio.wait({running})
    return api


async def test_a_status_that_met_another_write_is_written_again() -> None:
    api = await contended("u", lambda api, running: api.written)
    assert api.written[0]["status"]["phase"] == "Running"


async def test_the_status_of_a_pod_whose_name_another_has_is_not_written() -> None:
    api = await contended("another", lambda api, running: running.done())
    assert api.written == []


def test_a_pod_past_its_deadline_does_not_start_when_its_volume_comes(node: Node, tmp_path: Path) -> None:
    started, volume = tmp_path / "started", f"late-{uuid.uuid4().hex[:6]}"
    volumes = [{"name": "v", "configMap": {"name": volume}}]
    mounts = [{"name": "v", "mountPath": "/v"}]
    late = shell(f"touch {started}; sleep 600", volumeMounts=mounts)
    node.run("late", late, volumes=volumes, activeDeadlineSeconds=1)
    node.until_phase("late", "Failed")
    node.run("other", shell("sleep 600", volumeMounts=mounts), volumes=volumes)
    node.until_event("other", "FailedMount", "not found")
    node.config_map(volume, key="value")
    node.until_ready("other")
    assert not started.exists()
