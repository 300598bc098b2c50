"""When a running server is asked: once, then never again; with back-off while it is silent; at once at another pod."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from mcp_operator.controllers.probe import FIRST_LOOK, Prober, Silence, Target, View
from mcp_operator.runtime.resources import Key

from tests.unit.runtime.virtual import now, run, settle

pytestmark = pytest.mark.fast

KEY = ("ns", "demo")
TARGET = Target(KEY, "uid/t1", "pod-1", "127.0.0.1", 8080, "/mcp", True, 10.0)
ANSWER = {"era": "modern", "tools": ["look"], "capabilities": ["tools"]}


class Server:
    """Answers, is silent, or takes its time."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.given: list[float] = []
        self.woken: list[Key] = []
        self.silent = False
        self.seconds = 0.0
        self.prober = Prober(self.ask, self.woken.append)

    async def ask(self, target: Target) -> dict[str, object]:
        self.asked.append(now())
        self.given.append(target.timeout)
        await asyncio.sleep(min(self.seconds, target.timeout))
        if self.seconds > target.timeout:
            raise Silence("NoAnswer", "the server does not answer in time")
        if self.silent:
            raise Silence("NoAnswer", "the server says nothing")
        return ANSWER


def test_an_answer_is_remembered_for_the_template_and_a_restart_begins_with_it() -> None:
    async def work() -> None:
        server = Server()
        assert await server.prober.look(TARGET) == View(True, ANSWER)
        assert await server.prober.look(replace(TARGET, pod="pod-2")) == View(True, ANSWER)
        assert len(server.asked) == 1
        await server.prober.look(replace(TARGET, template="uid/t2"))
        assert len(server.asked) == 2
        again = Server()
        again.prober.seed(TARGET, ANSWER)
        assert await again.prober.look(TARGET) == View(True, ANSWER)
        assert again.asked == []

    run(work())


def test_a_silent_server_is_asked_again_with_back_off_and_at_last_counts_as_hopeless() -> None:
    async def work() -> None:
        server = Server()
        server.silent = True
        view = await server.prober.look(TARGET)
        assert view.problem is not None
        assert not view.problem.fatal
        while not view.problem.fatal:
            await asyncio.sleep(view.problem.again or 0)
            view = await server.prober.look(TARGET)
            assert view.problem is not None
        waits = [round(after - before) for before, after in zip(server.asked, server.asked[1:], strict=False)]
        assert waits == [1, 2, 4, 8, 16]
        server.silent = False
        await asyncio.sleep(view.problem.again or 0)
        assert (await server.prober.look(TARGET)).speaks

    run(work())


@pytest.mark.parametrize(("bridged", "given"), [(True, [10, 20, 40, 80, 80, 80]), (False, [10, 10, 10, 10, 10, 10])])
def test_a_server_whose_every_answer_takes_a_start_is_given_longer_each_time(bridged: bool, given: list[float]) -> None:
    async def work() -> None:
        server = Server()
        server.seconds = 1000.0
        target = replace(TARGET, bridged=bridged)
        view = await server.prober.look(target)
        while view.problem is not None and not view.problem.fatal:
            await asyncio.sleep(view.problem.again or 1)
            view = await server.prober.look(target)
        assert server.given == given
        server.seconds = 0.0
        await asyncio.sleep(view.problem.again or 0 if view.problem else 0)
        assert (await server.prober.look(target)).speaks

    run(work())


def test_looking_more_often_does_not_ask_more_often_but_another_pod_is_asked_at_once() -> None:
    async def work() -> None:
        server = Server()
        server.silent = True
        for _ in range(10):
            await server.prober.look(TARGET)
        assert len(server.asked) == 1
        await server.prober.look(replace(TARGET, pod="pod-2"))
        assert len(server.asked) == 2

    run(work())


def test_a_slow_answer_does_not_hold_the_worker_and_calls_it_back() -> None:
    async def work() -> None:
        server = Server()
        server.seconds = 7.0
        start = now()
        view = await server.prober.look(TARGET)
        assert now() - start == pytest.approx(1.0)
        assert view.problem is not None
        assert (view.speaks, view.problem.reason) == (False, "Probing")
        await asyncio.sleep(6.5)
        assert server.woken == [KEY]
        assert (await server.prober.look(TARGET)).speaks
        assert len(server.asked) == 1

    run(work())


@pytest.mark.parametrize("patience", [10.0, 3600.0], ids=["the default", "an hour each"])
def test_silent_servers_do_not_keep_another_from_its_answer(patience: float) -> None:
    async def work() -> None:
        under_way = most = 0

        async def ask(target: Target) -> dict[str, object]:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                await asyncio.sleep(1.0 if target.key == KEY else target.timeout)
            finally:
                under_way -= 1
            if target.key != KEY:
                raise Silence("NoAnswer", "the server says nothing")
            return ANSWER

        prober = Prober(ask, lambda key: None, patience=0.0)
        silent = [replace(TARGET, key=("ns", f"silent-{n}"), timeout=patience) for n in range(50)]

        async def look_at_the_silent() -> None:
            while True:
                for target in silent:
                    await prober.look(target)
                await asyncio.sleep(10.0)

        looking = asyncio.create_task(look_at_the_silent())
        await asyncio.sleep(500.0)
        await prober.look(TARGET)
        await asyncio.sleep(30.0)
        assert (await prober.look(TARGET)).speaks
        assert most <= 32
        looking.cancel()
        await prober.close()

    run(work())


def test_a_slow_server_waits_for_none_that_may_take_much_longer() -> None:
    async def work() -> None:
        async def ask(target: Target) -> dict[str, object]:
            seconds = 12.0 if target.key == KEY else 1e6
            await asyncio.sleep(min(seconds, target.timeout))
            if seconds > target.timeout:
                raise Silence("NoAnswer", "the server says nothing")
            return ANSWER

        prober = Prober(ask, lambda key: None, patience=0.0)
        for number in range(100):
            await prober.look(replace(TARGET, key=("ns", f"silent-{number}"), timeout=3600.0))
        await asyncio.sleep(100.0)
        await prober.look(replace(TARGET, timeout=20.0))
        await asyncio.sleep(FIRST_LOOK + 13.0)
        assert (await prober.look(replace(TARGET, timeout=20.0))).speaks
        await prober.close()

    run(work())


def test_a_server_that_goes_away_is_forgotten_and_its_question_ends() -> None:
    async def work() -> None:
        server = Server()
        server.seconds = 100.0
        await server.prober.look(TARGET)
        server.prober.forget(KEY)
        await settle()
        assert server.woken == []
        await server.prober.close()

    run(work())


def test_a_fault_of_the_asker_is_a_problem_with_back_off_and_no_storm(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        calls = 0

        async def broken(target: Target) -> dict[str, object]:
            nonlocal calls
            calls += 1
            raise KeyError("oops")

        prober = Prober(broken, lambda key: None)
        for _ in range(5):
            view = await prober.look(TARGET)
        assert calls == 1
        assert view.problem is not None
        assert view.problem.reason == "ProbeFailed"

    run(work())
    assert "asking ns/demo failed" in caplog.text
