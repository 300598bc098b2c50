"""Runs flows with a synchronous httpx client; a flow beside another one gets a thread.

Called by `sync`. No protocol here.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from mcp_operator.client.errors import HTTPX_ERRORS, InputNeeded, InvalidAnswer, TransportError, translated
from mcp_operator.client.options import OnInput, OnProgress
from mcp_operator.client.patience import Patience
from mcp_operator.protocol.effects import Ask, Effect, Flow, Open, Read, Ready, Reply, Shut, Sleep, Spawn, Stop, Tell

T = TypeVar("T")

# How long a request waits for the server's own stream to open, and the end of an operation for its thread.
SPAWN_WAIT = 1.0
STOP_WAIT = 2.0


class Driver:
    """One operation: its flow, its clock, its callbacks."""

    def __init__(
        self, http: httpx.Client, timeout: float, on_progress: OnProgress | None, on_input: OnInput | None
    ) -> None:
        self.http = http
        self.timeout = timeout
        self.patience = Patience(timeout)
        self.clocks = [self.patience]
        self.on_progress = on_progress
        self.on_input = on_input
        self.on_ready: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        self.stopping = threading.Event()
        self._open: dict[int, httpx.Response] = {}

    def run(self, flow: Flow[T]) -> T:
        """Perform every effect until the flow is over; whatever goes wrong is thrown into it, so that it cleans up."""
        try:
            effect = next(flow)
            while True:
                try:
                    value = self._perform(effect)
                except BaseException as error:
                    self.patience.grace()
                    effect = flow.throw(error)
                else:
                    effect = flow.send(value)
        except StopIteration as done:
            result: T = done.value
            return result

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Open():
                return self._send(effect)
            case Read(reply):
                return self._read(reply)
            case Shut(reply):
                return self._shut(reply)
            case Sleep(seconds):
                return self._sleep(seconds)
            case Ask():
                return self._ask(effect)
            case Tell(progress):
                self.patience.restart()
                return self.on_progress(progress) if self.on_progress else None
            case Spawn(flow):
                return _Beside(self, flow)
            case Ready():
                return self.on_ready()
            case Stop(handle):
                return handle.stop()

    def _send(self, effect: Open) -> Reply:
        self._raise_if_stopping()
        headers = {"Accept-Encoding": "identity", **effect.headers}
        try:
            request = self.http.build_request(
                effect.verb,
                effect.url,
                headers=headers,
                content=effect.body,
                timeout=self.patience.http(effect),
            )
            response = self.http.send(request, stream=True)
        except HTTPX_ERRORS as error:
            raise translated(error, effect.url) from error
        reply = Reply(response.status_code, {key.lower(): value for key, value in response.headers.items()})
        reply.handle = response, response.iter_bytes(), effect.endless
        self._open[id(reply)] = response
        return reply

    def _read(self, reply: Reply) -> bytes:
        self._raise_if_stopping()
        response, chunks, endless = reply.handle
        if not endless:
            self.patience.remaining()
        try:
            return next(chunks, b"")
        except HTTPX_ERRORS as error:
            raise translated(error, str(response.url)) from error

    def _shut(self, reply: Reply) -> None:
        response = self._open.pop(id(reply), None)
        if response is not None:
            response.close()

    def _sleep(self, seconds: float) -> None:
        time_left = min(seconds, self.patience.remaining())
        self.stopping.wait(time_left)
        self._raise_if_stopping()

    def _ask(self, effect: Ask) -> Any:
        if self.on_input is None:
            raise InputNeeded([effect.question])
        for clock in self.clocks:
            clock.pause()
        try:
            return self.on_input(effect.question)
        except BaseException as error:
            self.failure = error
            raise
        finally:
            for clock in self.clocks:
                clock.resume()

    def _raise_if_stopping(self) -> None:
        if self.stopping.is_set():
            raise _Stopped

    def wake(self) -> bool:
        """Called from another thread: end the reads that wait. False where none has a response yet."""
        responses = list(self._open.values())
        for response in responses:
            stream = response.extensions.get("network_stream")
            sock = stream.get_extra_info("socket") if stream is not None else None
            if isinstance(sock, socket.socket):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side closed it already: the read is awake
        return bool(responses)


class _Stopped(BaseException):
    """Ends a flow that nobody needs any more; not an error."""


class _Beside:
    """A flow in a thread of its own. A question asked there halts the clock of the request beside it too."""

    def __init__(self, parent: Driver, flow: Flow[None]) -> None:
        self._parent = parent
        self._driver = Driver(parent.http, parent.timeout, parent.on_progress, parent.on_input)
        self._driver.clocks.extend(parent.clocks)
        self._ready = threading.Event()
        self._driver.on_ready = self._ready.set
        self._thread = threading.Thread(target=self._main, args=(flow,), name="mcp-listen", daemon=True)
        self._thread.start()
        self._ready.wait(SPAWN_WAIT)

    def _main(self, flow: Flow[None]) -> None:
        try:
            self._driver.run(flow)
        except (_Stopped, TransportError, InvalidAnswer):
            pass  # the request beside it is what counts: it fails by itself where this stream was needed
        except BaseException as error:
            self._driver.failure = error
            self._parent.wake()
        finally:
            self._ready.set()

    def stop(self) -> None:
        """End the flow, then raise what the user's answers raised in it."""
        self._driver.stopping.set()
        awake = self._driver.wake()
        self._thread.join(STOP_WAIT if awake else STOP_WAIT / 20)
        if self._driver.failure is not None:
            raise self._driver.failure
