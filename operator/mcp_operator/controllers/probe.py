"""When to ask a running server what it is, and what is known of it.

Role: one answer for each server and pod template, remembered; questions run in the background, a few at a time; a
server that does not answer is asked again with back-off, and at once when its pod is another. Questions that take long
have places of their own, so that silent servers do not keep others waiting. Not its job: how to ask (`ask`). Called by
the reconciler.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_operator.controllers.problem import Problem
from mcp_operator.runtime.backoff import delay
from mcp_operator.runtime.resources import Key
from mcp_operator.runtime.turns import GaveWay, in_turn

Object = dict[str, Any]

CONCURRENT = 16
# Within so many seconds most servers answer that answer at all; a question that takes longer is a slow one.
FIRST_LOOK = 5.0
# Slow questions at a time, by the longest time that they may take: one waits only for its like.
_SLOW = ((80.0, 8), (float("inf"), 8))
# How long a reconcile waits for an answer before it goes on; most servers answer within.
PATIENCE = 1.0
BACKOFF_BASE, BACKOFF_CEILING = 1.0, 300.0
# So many failures in a row are no slow start any more.
HOPELESS = 6
# So many times its time a server gets at last that starts slowly.
LONGER = 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Header:
    """A header of requests to a remote server: its value, or the key of a Secret that holds it."""

    name: str
    value: str = field(default="", repr=False)
    secret: str = ""
    key: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One server at one pod, or at a `url`. `template` names what runs: while it stays, an answer stays true.

    `every` so many seconds it is asked again, where no pod tells when it goes away.
    """

    key: Key
    template: str
    pod: str
    address: str
    port: int
    path: str
    bridged: bool
    timeout: float
    required_tools: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    url: str = ""
    headers: tuple[Header, ...] = ()
    every: float | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.template, self.required_tools, self.required_capabilities)


class Silence(Exception):
    """The server did not answer as an MCP server does; the words say how, for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class View:
    """What is known now: `mcp` is what `status.mcp` says."""

    speaks: bool
    mcp: Object | None = None
    problem: Problem | None = None


@dataclass(slots=True)
class _State:
    identity: tuple[Any, ...]
    pod: str = ""
    task: asyncio.Task[None] | None = None
    mcp: Object | None = None
    problem: Problem | None = None
    failures: int = 0
    next_at: float = 0.0


Ask = Callable[[Target], Coroutine[Any, Any, Object]]
ASKING = Problem("Probing", "the server is being asked what it is")


class Prober:
    """`ask` gives what `status.mcp` shall say, or raises `Silence`."""

    def __init__(self, ask: Ask, enqueue: Callable[[Key], None], *, patience: float = PATIENCE) -> None:
        self._ask = ask
        self._enqueue = enqueue
        self._patience = patience
        self._states: dict[Key, _State] = {}
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._slow = [(longest, asyncio.Semaphore(number)) for longest, number in _SLOW]

    async def look(self, target: Target) -> View:
        """What is known of the target, after a short wait where it is being asked."""
        state = self._states.get(target.key)
        if state is None or state.identity != target.identity:
            self.forget(target.key)
            state = self._states[target.key] = _State(target.identity)
        if state.task is None and self._due(state, target):
            state.pod = target.pod
            state.task = asyncio.create_task(self._question(target, state), name=f"probe-{'/'.join(target.key)}")
        if state.task is not None:
            await asyncio.wait([state.task], timeout=self._patience)
        return self._view(state)

    def seed(self, target: Target, mcp: Object) -> None:
        """Takes an answer that an earlier process has written down, so that a restart asks nobody."""
        if not self.knows(target.key):
            next_at = _now() + target.every if target.every else 0.0
            self._states[target.key] = _State(target.identity, mcp=mcp, next_at=next_at)

    def knows(self, key: Key) -> bool:
        return key in self._states

    def forget(self, key: Key) -> None:
        state = self._states.pop(key, None)
        if state is not None and state.task is not None:
            state.task.cancel()

    async def close(self) -> None:
        """Ends the questions that are under way."""
        tasks = [state.task for state in self._states.values() if state.task is not None]
        for key in list(self._states):
            self.forget(key)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _due(self, state: _State, target: Target) -> bool:
        if state.mcp is not None and state.problem is None:
            return target.every is not None and _now() >= state.next_at
        return state.pod != target.pod or _now() >= state.next_at

    async def _question(self, target: Target, state: _State) -> None:
        try:
            mcp = await self._answer(_patient(target, state.failures))
            state.mcp = mcp
            self._note(state, unmet(target, mcp))
            if target.every and state.problem is None:
                state.next_at = _now() + target.every
        except Silence as silence:
            self._note(state, Problem(silence.reason, str(silence), fatal=bool(target.url)))
        except Exception as error:
            log.exception("asking %s failed", "/".join(target.key))
            self._note(state, Problem("ProbeFailed", f"the operator could not ask the server: {error}"))
        finally:
            state.task = None
            if self._states.get(target.key) is state:
                self._enqueue(target.key)

    async def _answer(self, target: Target) -> Object:
        slow = next(slots for longest, slots in self._slow if target.timeout <= longest)
        try:
            return await in_turn(lambda: self._ask(target), self._slots, FIRST_LOOK, slow)
        except GaveWay:
            async with slow:
                return await self._ask(target)

    def _note(self, state: _State, problem: Problem | None) -> None:
        if problem is None:
            state.problem, state.failures = None, 0
            return
        state.failures += 1
        wait = delay(state.failures, BACKOFF_BASE, BACKOFF_CEILING)
        state.next_at = _now() + wait
        fatal = problem.fatal or state.failures >= HOPELESS
        state.problem = Problem(problem.reason, problem.message, fatal=fatal)

    def _view(self, state: _State) -> View:
        if state.problem is not None:
            # While it is being asked, the answer calls for the next look.
            again = None if state.task is not None else max(state.next_at - _now(), 0.1)
            problem = Problem(state.problem.reason, state.problem.message, state.problem.fatal, again)
            return View(False, state.mcp, problem)
        if state.mcp is None:
            return View(False, None, ASKING)
        return View(True, state.mcp)


def _patient(target: Target, failures: int) -> Target:
    """The target, with more time after each try that failed.

    Behind our bridge a question to an older server starts a process of its own: one that needs longer for that than a
    question may take would never answer, however often it is asked.
    """
    return replace(target, timeout=target.timeout * min(2**failures, LONGER)) if target.bridged else target


def unmet(target: Target, mcp: Object) -> Problem | None:
    """What the spec requires and the server did not say."""
    tools = [name for name in target.required_tools if name not in (mcp.get("tools") or ())]
    if tools:
        return Problem("RequiredToolsMissing", f"the server has no tool {', '.join(tools)}", fatal=True)
    missing = [name for name in target.required_capabilities if name not in (mcp.get("capabilities") or ())]
    if missing:
        return Problem("RequiredCapabilitiesMissing", f"the server does not offer {', '.join(missing)}", fatal=True)
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
