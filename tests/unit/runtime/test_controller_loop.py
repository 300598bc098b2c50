"""The worker loop: what each outcome of a reconcile leads to, and how the loop ends."""

from __future__ import annotations

import asyncio
import json
import logging
from itertools import pairwise

import pytest
from mcp_operator.runtime.controller import DONE, Controller, Result, TerminalError
from mcp_operator.runtime.errors import Conflict
from mcp_operator.runtime.logs import JsonFormatter, correlation
from mcp_operator.runtime.metrics import RuntimeMetrics
from mcp_operator.runtime.resources import Key

from tests.unit.runtime.virtual import now, run, settle

pytestmark = pytest.mark.fast

KEY = ("team", "one")


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_failure_is_tried_again_with_back_off_until_it_succeeds() -> None:
    async def work() -> None:
        times: list[float] = []
        finished = asyncio.Event()

        async def reconcile(key: Key) -> Result:
            times.append(now())
            if len(times) < 4:
                raise RuntimeError("not yet")
            finished.set()
            return DONE

        controller = Controller("test", reconcile)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await finished.wait()
        waits = [round(after - before) for before, after in pairwise(times)]
        assert waits == [1, 2, 4]
        await settle()
        assert controller.queue.failures(KEY) == 0
        await stop(task)

    run(work())


def test_requeue_after_looks_again_then() -> None:
    async def work() -> None:
        times: list[float] = []
        twice = asyncio.Event()

        async def reconcile(key: Key) -> Result:
            times.append(now())
            if len(times) == 2:
                twice.set()
            return Result(requeue_after=30)

        controller = Controller("test", reconcile)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await twice.wait()
        assert times[1] - times[0] == pytest.approx(30)
        await stop(task)

    run(work())


def test_a_terminal_error_is_not_tried_again_until_something_changes() -> None:
    async def work() -> None:
        calls: list[Key] = []

        async def reconcile(key: Key) -> Result:
            calls.append(key)
            raise TerminalError("the spec says nonsense")

        controller = Controller("test", reconcile)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await settle()
        await asyncio.sleep(3600)
        assert len(calls) == 1
        controller.enqueue(KEY)
        await settle()
        assert len(calls) == 2
        await stop(task)

    run(work())


def test_reconciles_in_flight_finish_before_the_controller_ends() -> None:
    async def work() -> None:
        seen: list[str] = []

        async def reconcile(key: Key) -> Result:
            seen.append("begun")
            await asyncio.sleep(5)
            seen.append("finished")
            return DONE

        controller = Controller("test", reconcile, stop_seconds=20)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await settle()
        controller.enqueue(("team", "two"))
        await stop(task)
        assert seen == ["begun", "finished"]

    run(work())


def test_a_reconcile_that_never_ends_is_cut_off_at_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async def reconcile(key: Key) -> Result:
            await asyncio.sleep(10_000)
            return DONE

        controller = Controller("test", reconcile, stop_seconds=20)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await settle()
        start = now()
        await stop(task)
        assert now() - start == pytest.approx(20)

    run(work())
    assert "did not finish in 20 s" in caplog.text


def test_what_was_cut_off_has_ended_when_the_controller_has() -> None:
    """Nothing of it may still write when the client is closed, or another process leads."""

    async def work() -> None:
        ended = []

        async def reconcile(key: Key) -> Result:
            try:
                await asyncio.sleep(10_000)
            finally:
                await asyncio.sleep(1)
                ended.append(key)
            return DONE

        controller = Controller("test", reconcile, stop_seconds=0)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await settle()
        await stop(task)
        assert ended == [KEY]

    run(work())


def test_a_reconcile_that_ends_as_if_cancelled_is_a_failure_and_ends_no_worker() -> None:
    async def work() -> None:
        calls = 0
        again = asyncio.Event()

        async def reconcile(key: Key) -> Result:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise asyncio.CancelledError
            again.set()
            return DONE

        controller = Controller("test", reconcile)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        await again.wait()
        await stop(task)

    run(work())


def test_as_many_keys_as_workers_are_worked_on_at_a_time() -> None:
    async def work() -> None:
        running = most = left = 0
        finished = asyncio.Event()

        async def reconcile(key: Key) -> Result:
            nonlocal running, most, left
            running += 1
            most = max(most, running)
            await asyncio.sleep(1)
            running -= 1
            left -= 1
            if not left:
                finished.set()
            return DONE

        controller = Controller("test", reconcile, workers=3)
        task = asyncio.ensure_future(controller.run())
        left, start = 9, now()
        for number in range(left):
            controller.enqueue(("team", str(number)))
        await finished.wait()
        assert most == 3
        assert now() - start == pytest.approx(3)
        await stop(task)

    run(work())


def test_metrics_count_outcomes_and_queue() -> None:
    metrics = RuntimeMetrics()

    async def work() -> None:
        async def reconcile(key: Key) -> Result:
            if key[1] == "bad":
                raise ValueError("bad")
            return DONE

        controller = Controller("test", reconcile, metrics=metrics)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(KEY)
        controller.enqueue(("team", "bad"))
        await settle()
        await stop(task)

    run(work())
    text = metrics.render().decode()
    assert 'mcp_controller_reconcile_total{controller="test",result="success"} 1.0' in text
    assert 'mcp_controller_reconcile_total{controller="test",result="error"} 1.0' in text
    assert 'mcp_controller_reconcile_errors_total{controller="test",error_type="ValueError"} 1.0' in text
    assert 'workqueue_adds_total{name="test"} 2.0' in text
    assert 'workqueue_retries_total{name="test"} 1.0' in text
    assert 'workqueue_depth{name="test"} 0.0' in text
    assert 'workqueue_queue_duration_seconds_count{name="test"} 2.0' in text
    assert 'mcp_controller_reconcile_duration_seconds_count{controller="test"} 2.0' in text


def test_a_refusal_is_one_line_and_a_fault_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async def reconcile(key: Key) -> Result:
            if key[1] == "refused":
                raise Conflict(409, "Conflict", "the object has been modified")
            raise KeyError("spec")

        caplog.set_level(logging.INFO)
        controller = Controller("test", reconcile)
        task = asyncio.ensure_future(controller.run())
        controller.enqueue(("team", "refused"))
        controller.enqueue(("team", "fault"))
        await settle()
        await stop(task)

    run(work())
    refused, fault = caplog.records
    assert refused.getMessage() == "team/refused: the object has been modified; again in 1 s"
    assert refused.exc_info is None
    assert fault.exc_info is not None


def test_every_line_of_a_reconcile_carries_its_correlation_id() -> None:
    record = logging.LogRecord("a.b", logging.WARNING, __file__, 1, "hello %s", ("you",), None)
    with correlation(controller="mcpserver", namespace="team", object="one") as identity:
        line = json.loads(JsonFormatter().format(record))
    assert line["msg"] == "hello you"
    assert (line["correlation_id"], line["namespace"], line["object"]) == (identity, "team", "one")
    assert line["level"] == "warning"
    assert "correlation_id" not in json.loads(JsonFormatter().format(record))
