"""Commands as processes of this machine: how they end, what ends with them, who is left after a crash."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcp_cli.local.node import process as process_module
from mcp_cli.local.node import procfs
from mcp_cli.local.node.orphans import ProcessRecords, reap_orphans, state_mark
from mcp_cli.local.node.process import Command, Process, StartError, resolve
from tests.local.node.waiting import until, until_async

PYTHON = sys.executable


class Output:
    """What a process wrote."""

    def __init__(self) -> None:
        self.data = b""

    def __call__(self, stream: str, data: bytes) -> None:
        self.data += data


def command(folder: Path, *argv: str, mark: str | None = None) -> Command:
    return Command(argv, {"PATH": os.environ["PATH"]}, folder, mark or f"{folder}/c")


def alive(pid: int) -> bool:
    found = procfs.facts(pid)
    return found is not None and found.state != "Z"


async def test_exit_codes_and_output(tmp_path: Path) -> None:
    output = Output()
    process = Process.start(command(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3"), output)
    assert await process.wait() == 3
    assert sorted(output.data.split()) == [b"err", b"out"]


async def test_without_a_launcher_the_same_is_done_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_launcher", lambda: ())
    output = Output()
    process = Process.start(command(tmp_path, "sh", "-c", "echo up; exit 4"), output)
    assert await process.wait() == 4
    assert output.data == b"up\n"


async def test_a_signal_counts_as_128_and_its_number(tmp_path: Path) -> None:
    process = Process.start(command(tmp_path, "sh", "-c", "kill -9 $$"), Output())
    assert await process.wait() == 137


async def test_stop_asks_first(tmp_path: Path) -> None:
    output = Output()
    script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    process = Process.start(command(tmp_path, "sh", "-c", script), output)
    await until_async(lambda: b"up" in output.data, "the trap is set")
    assert await process.stop(10) == 0
    assert b"bye" in output.data


async def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    output = Output()
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    process = Process.start(command(tmp_path, "sh", "-c", script), output)
    await until_async(lambda: b"up" in output.data, "the trap is set")
    began = time.monotonic()
    assert await process.stop(0.3) == 137
    assert time.monotonic() - began >= 0.3, "it was given its time"


async def test_everything_that_a_process_started_ends_with_it(tmp_path: Path) -> None:
    """A child of the group, and one that made a session of its own."""
    output = Output()
    script = "sleep 300 & echo $!; setsid sh -c 'echo $$ >pid; exec sleep 300' & until [ -s pid ]; do :; done; cat pid"
    process = Process.start(command(tmp_path, "sh", "-c", script), output)
    assert await process.wait() == 0
    pids = [int(line) for line in output.data.split()]
    assert len(pids) == 2
    await until_async(lambda: not any(alive(pid) for pid in pids), "both children ended")


async def test_a_long_output_arrives_whole(tmp_path: Path) -> None:
    output = Output()
    process = Process.start(command(tmp_path, PYTHON, "-c", "print('x' * 3_000_000)"), output)
    assert await process.wait() == 0
    assert len(output.data) == 3_000_001


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-such-program", r'exec: "no-such-program": executable file not found in \$PATH'),
        ("/no/such", r'exec: "/no/such": stat /no/such: no such file or directory'),
        ("./plain", r'exec: "./plain": permission denied'),
        ("", "no command specified"),
    ],
)
def test_a_command_that_cannot_start_says_why(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(StartError, match=words):
        resolve((name,), os.environ["PATH"], tmp_path)


async def test_a_script_without_its_interpreter_cannot_start(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(StartError, match="no such file or directory"):
        Process.start(command(tmp_path, str(script)), Output())


STARTER = """
import asyncio, sys
from pathlib import Path
from mcp_cli.local.node.orphans import ProcessRecords, state_mark
from mcp_cli.local.node.process import Command, Process

async def main(folder):
    script = 'echo $$; (trap "" TERM; sleep 300) & echo $!; setsid sh -c "echo \\\\$\\\\$; exec sleep 300" & wait'
    command = Command(("sh", "-c", script), {"PATH": "/usr/bin:/bin"}, folder, state_mark(folder) + "/uid/main")
    process = Process.start(command, lambda _, data: print(data.decode(), end="", flush=True))
    ProcessRecords(folder / "processes").add(process.pid, command.mark)
    await process.wait()

asyncio.run(main(Path(sys.argv[1])))
"""


def start_agent_stand_in(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A program that runs a container as the agent does; its pid and those of the container's three processes."""
    starter = subprocess.Popen([PYTHON, "-c", STARTER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pids = [int(starter.stdout.readline()) for _ in range(3)]
    until(lambda: list((folder / "processes").glob("*.json")), "the process is recorded")
    return starter, pids


def test_after_a_kill_of_the_agent_the_next_start_ends_every_orphan(tmp_path: Path) -> None:
    starter, pids = start_agent_stand_in(tmp_path)
    starter.kill()
    starter.wait()
    until(lambda: not alive(pids[0]), "the kernel ends the direct child with the agent")
    assert all(alive(pid) for pid in pids[1:]), "its children are orphans now"
    assert set(pids[1:]) <= set(reap_orphans(tmp_path))
    assert not any(alive(pid) for pid in pids)
    assert reap_orphans(tmp_path) == []


def test_a_recycled_pid_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        records = ProcessRecords(tmp_path / "processes")
        records.add(stranger.pid, state_mark(tmp_path))
        file = tmp_path / "processes" / f"{stranger.pid}.json"
        start = procfs.facts(stranger.pid).start
        file.write_text(file.read_text().replace(f'"{start}"', '"1"'))
        assert reap_orphans(tmp_path) == []
        assert alive(stranger.pid)
        assert not file.exists()
    finally:
        stranger.kill()
        stranger.wait()


async def test_without_pidfds_running_processes_hold_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, flags: int = 0) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    with ThreadPoolExecutor(max_workers=2) as executor:
        asyncio.get_running_loop().set_default_executor(executor)
        long = [Process.start(command(tmp_path, "sleep", "600", mark=f"{tmp_path}/{n}"), Output()) for n in range(3)]
        try:
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "a thread is free"), 30)
            assert await asyncio.wait_for(Process.start(command(tmp_path, "true"), Output()).wait(), 30) == 0
        finally:
            for process in long:
                process.kill_family()
        assert [await asyncio.wait_for(process.wait(), 30) for process in long] == [137] * 3


def test_half_a_record_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "12.json").write_text('{"pid": 1')
    assert reap_orphans(tmp_path) == []


def test_other_clusters_processes_are_left_alone(tmp_path: Path) -> None:
    """Two state folders, one of which begins with the other's name."""
    mine, other = tmp_path / "a", tmp_path / "ab"
    for folder in (mine, other):
        folder.mkdir()
    starter, pids = start_agent_stand_in(other)
    try:
        assert reap_orphans(mine) == []
        assert all(alive(pid) for pid in pids)
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait()
        reap_orphans(other)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_no_descriptor_or_task_stays_after_many_runs(tmp_path: Path) -> None:
    async def once() -> None:
        assert await Process.start(command(tmp_path, "true"), Output()).wait() == 0

    await once()
    before, tasks = descriptors(), len(asyncio.all_tasks())
    for _ in range(20):
        await once()
    await until_async(lambda: len(asyncio.all_tasks()) == tasks, "every task ended")
    assert descriptors() <= before + 1
