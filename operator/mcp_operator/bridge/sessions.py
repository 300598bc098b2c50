"""The legacy era: a session is a child of its own, from `initialize` to DELETE.

Role: which child a session has, how many there may be, when one has been idle for too long.
Not its job: what goes on inside a session (`session.py`). Called by: `server.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_operator.bridge.child import write_stderr
from mcp_operator.bridge.exchange import refuse
from mcp_operator.bridge.http1 import Responder
from mcp_operator.bridge.http_head import Request
from mcp_operator.bridge.metrics import Metrics
from mcp_operator.bridge.options import Options
from mcp_operator.bridge.session import Session
from mcp_operator.bridge.tasks import Tasks
from mcp_operator.protocol import names
from mcp_operator.protocol.errors import INTERNAL_ERROR, INVALID_REQUEST
from mcp_operator.protocol.messages import Message

HEADER = names.HEADER_SESSION.lower()
_PASSING = names.HEADER_PASSING.lower()


class Sessions:
    """All legacy sessions of a bridge."""

    def __init__(self, options: Options, metrics: Metrics) -> None:
        self._options = options
        self._metrics = metrics
        self._sessions: dict[str, Session] = {}
        self._starting = 0
        self._warm: Session | None = None
        self._warming = False
        self._passing: set[str] = set()
        """Sessions of those who only look what the server is: no spare child is kept on their account."""
        self._last_used = 0.0
        self._tasks = Tasks()
        self._stopping = False
        metrics.gauges["mcp_bridge_sessions"] = ("Legacy sessions that are open.", lambda: len(self._sessions))

    def handle(self, message: Message, request: Request, responder: Responder, streams: bool) -> None:
        """One message that came by POST."""
        session_id = request.headers.get(HEADER)
        if session_id is None and message.get("method") == names.INITIALIZE and "id" in message:
            passing = _PASSING in request.headers
            self._tasks.run(self._initialize(message, responder, streams, passing), responder, message["id"])
            return
        session = self._find(session_id, message.get("id"), responder)
        if session is not None:
            session.handle(message, responder, streams)

    def listen(self, request: Request, responder: Responder) -> None:
        """GET: a stream for what belongs to no request."""
        session = self._find(request.headers.get(HEADER), None, responder)
        if session is not None:
            session.listen(responder)

    def delete(self, request: Request, responder: Responder) -> None:
        session = self._find(request.headers.get(HEADER), None, responder)
        if session is not None:
            self._end(session)
            responder.send(204)

    def sweep(self, now: float) -> None:
        """End what has been idle for too long: sessions, and the warm child after the last of them."""
        for session in list(self._sessions.values()):
            if session.idle_since is not None and now - session.idle_since > self._options.session_idle:
                self._end(session)
        if self._sessions:
            self._last_used = now
        elif self._warm and now - self._last_used > self._options.session_idle:
            self._tasks.run(self._warm.channel.child.stop())
            self._warm = None

    def close_streams(self) -> None:
        for session in self._sessions.values():
            session.close_streams()

    async def stop(self) -> None:
        """End every child, those that are being started among them."""
        self._stopping = True
        sessions = [*self._sessions.values(), *([self._warm] if self._warm else [])]
        self._sessions.clear()
        self._warm = None
        await asyncio.gather(*(session.stop() for session in sessions), self._tasks.finished(), return_exceptions=True)

    def _find(self, session_id: str | None, message_id: Any, responder: Responder) -> Session | None:
        session = self._sessions.get(session_id or "")
        if session is not None:
            return session
        if session_id is None:
            text = "Missing session ID: begin with initialize, and send the Mcp-Session-Id that it answers"
            refuse(responder, 400, message_id, INVALID_REQUEST, text)
        else:
            text = "Session not found: it has ended; begin with initialize"
            refuse(responder, 404, message_id, INVALID_REQUEST, text)
        return None

    async def _initialize(self, message: Message, responder: Responder, streams: bool, passing: bool) -> None:
        if len(self._sessions) + self._starting >= self._options.max_sessions:
            self._metrics.refused["sessions"] += 1
            text = f"all {self._options.max_sessions} sessions are in use (--max-sessions); end one, or ask again later"
            refuse(responder, 503, message["id"], INTERNAL_ERROR, text, headers=[("Retry-After", "10")])
            return
        self._starting += 1
        try:
            session = await self._take()
        except OSError as error:
            text = f"the server could not be started: {error}"
            refuse(responder, 502, message["id"], INTERNAL_ERROR, text)
            return
        finally:
            self._starting -= 1
        if self._stopping:
            refuse(responder, 503, message["id"], INTERNAL_ERROR, "the bridge is stopping")
            await session.stop()
            return
        self._sessions[session.id] = session
        if passing:
            self._passing.add(session.id)
        session.initialize(message, responder, streams)

    async def _take(self) -> Session:
        session, self._warm = self._warm, None
        if session is not None and session.channel.child.alive:
            return session
        return await self._start("session")

    async def _start(self, kind: str) -> Session:
        session = Session(self._metrics, self._initialized)
        await session.channel.start(self._options.command, self._options.max_message)
        self._metrics.child_starts[kind] += 1
        session.channel.child.exited.add_done_callback(lambda code: self._died(session, code.result()))
        return session

    async def _keep_warm(self) -> None:
        """One spare child, so that the next session begins at once."""
        room = len(self._sessions) + self._starting < self._options.max_sessions
        if self._warm is None and room and not self._warming:
            self._warming = True
            try:
                session = await self._start("warm")
            except OSError as error:
                write_stderr(f"mcp-bridge: no spare server could be started: {error}\n".encode())
                return
            finally:
                self._warming = False
            if self._stopping:
                await session.stop()
            elif session.channel.child.alive:
                self._warm = session

    def _end(self, session: Session) -> None:
        self._sessions.pop(session.id, None)
        self._passing.discard(session.id)
        self._tasks.run(session.stop())

    def _initialized(self, session: Session, succeeded: bool) -> None:
        """Without an initialize that succeeded there is no session; after one, the next is made ready."""
        if succeeded and session.id not in self._passing:
            self._tasks.run(self._keep_warm())
        elif not succeeded and self._sessions.get(session.id) is session:
            self._end(session)

    def _died(self, session: Session, code: int) -> None:
        if self._warm is session:
            self._warm = None
        self._passing.discard(session.id)
        if self._sessions.pop(session.id, None) is session:
            self._metrics.child_restarts += 1
            write_stderr(f"mcp-bridge: the server of a session ended with exit code {code}\n".encode())
        session.child_ended(code)
