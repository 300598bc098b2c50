"""One test, both clients: `play` makes the synchronous or the asynchronous one and calls it the same way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mcp_operator.client.aio import AsyncMcpClient
from mcp_operator.client.sync import McpClient


class Clock:
    """The clock of the clients' patience, which runs as any other and which a test can move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def leap(self) -> None:
        """By an hour, however often it is told to."""
        self.ahead = 3600.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mcp_operator.client.patience.time", clock)
    return clock


class Player:
    """`player(url, ...)` makes a client; its methods are called plainly, whichever kind it is."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._runner = asyncio.Runner()
        self._http: list[Any] = []

    def __call__(self, url: str, **options: Any) -> Any:
        if self.kind == "sync":
            http = httpx.Client(trust_env=False)
            self._http.append(http)
            return McpClient(http, url, **options)
        client = httpx.AsyncClient(trust_env=False)
        self._http.append(client)
        return _Plain(AsyncMcpClient(client, url, **options), self._runner)

    def close(self) -> None:
        for http in self._http:
            if self.kind == "sync":
                http.close()
            else:
                self._runner.run(http.aclose())
        self._runner.close()


class _Plain:
    def __init__(self, client: AsyncMcpClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *arguments, **options: self._runner.run(found(*arguments, **options))


@pytest.fixture(params=["sync", "async"])
def play(request: pytest.FixtureRequest) -> Iterator[Player]:
    player = Player(request.param)
    yield player
    player.close()
