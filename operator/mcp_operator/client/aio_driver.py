"""Runs flows with an asynchronous httpx client; a flow beside another one gets a task.

Called by `aio`. No protocol here.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from mcp_operator.client.errors import HTTPX_ERRORS, InputNeeded, InvalidAnswer, TransportError, translated
from mcp_operator.client.options import OnInputAsync, OnProgress
from mcp_operator.client.patience import Patience
from mcp_operator.protocol.effects import Ask, Effect, Flow, Open, Read, Ready, Reply, Shut, Sleep, Spawn, Stop, Tell

T = TypeVar("T")

# How long a request waits for the server's own stream to open, and the end of an operation for that of its stream.
SPAWN_WAIT = 1.0
STOP_WAIT = 2.0


class Driver:
    """One operation: its flow, its clock, its callbacks."""

    def __init__(
        self, http: httpx.AsyncClient, timeout: float, on_progress: OnProgress | None, on_input: OnInputAsync | None
    ) -> None:
        self.http = http
        self.timeout = timeout
        self.patience = Patience(timeout)
        self.clocks = [self.patience]
        self.on_progress = on_progress
        self.on_input = on_input
        self.on_ready: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None

    async def run(self, flow: Flow[T]) -> T:
        """Perform every effect until the flow is over; whatever goes wrong is thrown into it, so that it cleans up."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = await self._perform(effect)
                except BaseException as error:
                    self.patience.grace()
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Open():
                return await self._send(effect)
            case Read(reply):
                return await self._read(reply)
            case Shut(reply):
                return await self._shut(reply)
            case Sleep(seconds):
                return await asyncio.sleep(min(seconds, self.patience.remaining()))
            case Ask():
                return await self._ask(effect)
            case Tell(progress):
                self.patience.restart()
                return self.on_progress(progress) if self.on_progress else None
            case Spawn(flow):
                return await _Beside.start(self, flow)
            case Ready():
                return self.on_ready()
            case Stop(handle):
                return await handle.stop()

    async def _send(self, effect: Open) -> Reply:
        headers = {"Accept-Encoding": "identity", **effect.headers}
        try:
            request = self.http.build_request(
                effect.verb,
                effect.url,
                headers=headers,
                content=effect.body,
                timeout=self.patience.http(effect),
            )
            response = await self.http.send(request, stream=True)
        except HTTPX_ERRORS as error:
            raise translated(error, effect.url) from error
        reply = Reply(response.status_code, {key.lower(): value for key, value in response.headers.items()})
        reply.handle = response, aiter(response.aiter_bytes()), effect.endless
        return reply

    async def _read(self, reply: Reply) -> bytes:
        response, chunks, endless = reply.handle
        if not endless:
            self.patience.remaining()
        try:
            return await anext(chunks, b"")
        except HTTPX_ERRORS as error:
            raise translated(error, str(response.url)) from error

    async def _shut(self, reply: Reply) -> None:
        response, chunks, _ = reply.handle
        await chunks.aclose()
        await response.aclose()

    async def _ask(self, effect: Ask) -> Any:
        if self.on_input is None:
            raise InputNeeded([effect.question])
        for clock in self.clocks:
            clock.pause()
        try:
            answer = self.on_input(effect.question)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:
            self.failure = error
            raise
        finally:
            for clock in self.clocks:
                clock.resume()


class _Beside:
    """A flow in a task of its own. A question asked there halts the clock of the request beside it too."""

    def __init__(self, driver: Driver, flow: Flow[None]) -> None:
        self._driver = driver
        self._ready = asyncio.Event()
        driver.on_ready = self._ready.set
        self._task = asyncio.create_task(self._main(flow), name="mcp-listen")

    @classmethod
    async def start(cls, parent: Driver, flow: Flow[None]) -> _Beside:
        driver = Driver(parent.http, parent.timeout, parent.on_progress, parent.on_input)
        driver.clocks.extend(parent.clocks)
        beside = cls(driver, flow)
        try:
            await asyncio.wait_for(beside._ready.wait(), SPAWN_WAIT)
        except TimeoutError:
            return beside  # a server that is slow to open its stream does not hold up the request
        except asyncio.CancelledError:
            beside._task.cancel()
            raise
        return beside

    async def _main(self, flow: Flow[None]) -> None:
        try:
            await self._driver.run(flow)
        except (TransportError, InvalidAnswer):
            pass  # the request beside it is what counts: it fails by itself where this stream was needed
        except Exception as error:
            self._driver.failure = error
        finally:
            self._ready.set()

    async def stop(self) -> None:
        """End the flow, then raise what the user's answers raised in it."""
        self._task.cancel()
        await asyncio.wait([self._task], timeout=STOP_WAIT)
        if self._driver.failure is not None:
            raise self._driver.failure
