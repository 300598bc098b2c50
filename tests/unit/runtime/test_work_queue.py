"""The work queue: a user's change is worked on once, soon, and a failing one does not hold up the others."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.runtime.backoff import Backoff, delay
from mcp_operator.runtime.queue import ShutDown, WorkQueue

from tests.unit.runtime.virtual import now, run, settle

pytestmark = pytest.mark.fast


def test_a_key_added_often_is_given_once() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        for _ in range(5):
            queue.add("a")
        queue.add("b")
        assert [await queue.get(), await queue.get()] == ["a", "b"]
        assert len(queue) == 0

    run(work())


def test_a_key_added_while_in_work_comes_again_after_done_and_never_twice_at_a_time() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        queue.add("a")
        waiting = asyncio.ensure_future(queue.get())
        await settle()
        assert not waiting.done()
        queue.done("a")
        assert await waiting == "a"
        queue.done("a")
        assert len(queue) == 0

    run(work())


def test_add_after_waits_and_the_earliest_time_wins() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        start = now()
        queue.add_after("a", 30)
        queue.add_after("a", 5)
        queue.add_after("a", 60)
        assert queue.delayed == 1
        await queue.get()
        assert now() - start == pytest.approx(5)
        queue.done("a")
        assert queue.delayed == 0

    run(work())


def test_an_event_overtakes_the_delayed_look_and_replaces_it() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        queue.add_after("a", 30)
        queue.add("a")
        await queue.get()
        queue.done("a")
        assert (queue.delayed, len(queue)) == (0, 0)

    run(work())


def test_failures_wait_one_second_doubling_to_five_minutes_and_forget_starts_over() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        waits = []
        for _ in range(11):
            start = now()
            queue.add_rate_limited("a")
            await queue.get()
            waits.append(round(now() - start))
            queue.done("a")
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
        queue.forget("a")
        assert queue.add_rate_limited("a") == 1

    run(work())


def test_the_back_off_of_one_key_does_not_slow_another() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        for _ in range(6):
            queue.add_rate_limited("bad")
            await queue.get()
            queue.done("bad")
        queue.add_rate_limited("bad")
        start = now()
        queue.add("good")
        assert await queue.get() == "good"
        assert now() == start

    run(work())


def test_shut_down_wakes_every_worker_and_drops_what_waits() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        workers = [asyncio.ensure_future(queue.get()) for _ in range(3)]
        await settle()
        queue.add_after("a", 10)
        queue.shut_down()
        outcomes = await asyncio.gather(*workers, return_exceptions=True)
        assert all(isinstance(outcome, ShutDown) for outcome in outcomes)
        queue.add("b")
        assert (len(queue), queue.delayed) == (0, 0)

    run(work())


def test_a_worker_that_is_cancelled_does_not_swallow_a_key() -> None:
    async def work() -> None:
        queue: WorkQueue[str] = WorkQueue()
        first, second = asyncio.ensure_future(queue.get()), asyncio.ensure_future(queue.get())
        await settle()
        queue.add("a")
        first.cancel()
        assert await second == "a"

    run(work())


@given(st.lists(st.sampled_from(["add", "get", "done", "after"]), max_size=60), st.integers(1, 3))
def test_whatever_the_order_no_key_is_lost_or_with_two_workers(steps: list[str], keys: int) -> None:
    async def work() -> None:
        queue: WorkQueue[int] = WorkQueue()
        working: list[int] = []
        wanted: set[int] = set()
        for number, step in enumerate(steps):
            key = number % keys
            if step == "add":
                queue.add(key)
                wanted.add(key)
            elif step == "after":
                queue.add_after(key, 3)
                wanted.add(key)
            elif step == "get" and len(queue):
                taken = await queue.get()
                assert taken not in working
                working.append(taken)
                wanted.discard(taken)
            elif step == "done" and working:
                queue.done(working.pop())
        for key in working:
            queue.done(key)
        while wanted:
            taken = await asyncio.wait_for(queue.get(), 10)
            wanted.discard(taken)
            queue.done(taken)

    run(work())


@given(st.integers(0, 5000))
def test_no_number_of_failures_overflows(failures: int) -> None:
    assert 1.0 <= delay(failures, 1.0, 300.0) <= 300.0


def test_jitter_keeps_the_wait_within_a_fifth_above() -> None:
    backoff = Backoff(base=2.0, ceiling=10.0)
    assert 2.0 <= backoff.next() <= 2.4
    assert 4.0 <= backoff.next() <= 4.8
    backoff.reset()
    assert backoff.next() <= 2.4
