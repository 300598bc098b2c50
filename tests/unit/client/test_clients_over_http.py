"""Both clients against real servers on real sockets."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
from mcp_operator.client.aio import AsyncMcpClient
from mcp_operator.client.errors import InputNeeded, McpTimeout, ProtocolError, TooLarge, TransportError

from tests.unit.client.conftest import Clock, Player
from tests.unit.client.servers import LegacyApp, ModernApp, serve, wait_until


def test_a_modern_server_is_asked_listed_and_called(play: Player) -> None:
    with serve(ModernApp()) as url:
        client = play(url)
        identity = client.discover()
        assert (identity.era, identity.server_info["name"]) == ("modern", "modern")
        assert "where" in [tool["name"] for tool in client.list_tools()]
        assert client.call_tool("where", {"region": "Köln"})["region"] == "Köln"
        assert client.list_resources() == [] and client.list_prompts() == []


def test_headers_that_mirror_arguments_are_learned_when_the_tool_was_never_listed(play: Player) -> None:
    with serve(ModernApp()) as url:
        assert play(url).call_tool("where", {"region": "eu"})["region"] == "eu"


def test_progress_comes_through_a_stream_cut_into_small_pieces(play: Player) -> None:
    told: list[Any] = []
    with serve(ModernApp()) as url:
        result = play(url).call_tool("steps", on_progress=told.append)
    assert result["content"] == ["ü"]
    assert [(each.progress, each.total, each.message) for each in told] == [(1, 3, "step 1"), (2, 3, "step 2")]


def test_ten_megabytes_pass_and_more_than_the_bound_does_not(play: Player) -> None:
    with serve(ModernApp()) as url:
        assert len(play(url).call_tool("big", {"size": 10_000_000})["text"]) == 10_000_000
        with pytest.raises(TooLarge):
            play(url, max_body=1_000_000).call_tool("big", {"size": 1_000_001})


def test_a_server_that_is_alive_but_never_answers_times_out(play: Player, clock: Clock) -> None:
    app = ModernApp()
    app.while_silent = clock.leap
    with serve(app) as url, pytest.raises(McpTimeout, match="no answer within 90 s"):
        play(url, timeout=90).call_tool("quiet")


def test_a_server_that_says_nothing_at_all_times_out(play: Player) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        with pytest.raises(McpTimeout, match="did not answer in time"):
            play(url, timeout=1).discover()


def test_a_connection_that_breaks_is_an_error_in_words(play: Player) -> None:
    with serve(ModernApp()) as url, pytest.raises(TransportError, match="broke"):
        play(url).call_tool("cut")


def test_nobody_at_the_address_is_an_error_that_names_it(play: Player) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
        with pytest.raises(TransportError, match=rf"^cannot connect to {url}: \w+ [\w ]+$"):
            play(url).discover()


def test_a_client_that_goes_away_ends_its_request() -> None:
    app = ModernApp()

    async def leave(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            call = asyncio.create_task(AsyncMcpClient(http, url).call_tool("silent"))
            await asyncio.to_thread(wait_until, app.waiting.is_set)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    with serve(app) as url:
        asyncio.run(leave(url))
        assert app.gone.wait(120)


def test_a_question_on_the_servers_own_stream_reaches_the_user(play: Player) -> None:
    app = LegacyApp()
    with serve(app) as url:
        client = play(url, on_input=lambda question: {"said": question.message})
        result = client.call_tool("ask")
        assert result["got"] == {"action": "accept", "content": {"said": "Which colour?"}}
        wait_until(lambda: not app.listening)
        client.close()
        assert app.deleted


def test_an_answerer_given_with_the_call_is_enough(play: Player) -> None:
    with serve(LegacyApp()) as url:
        result = play(url).call_tool("ask", on_input=lambda _: None)
        assert result["got"] == {"action": "decline"}


def test_an_answerer_that_fails_ends_the_call_with_its_own_error(play: Player) -> None:
    def refuse(question: Any) -> Any:
        raise InputNeeded([question])

    with serve(LegacyApp()) as url, pytest.raises(InputNeeded, match="Which colour"):
        play(url, on_input=refuse).call_tool("ask")


async def test_an_answerer_may_be_a_coroutine() -> None:
    async def think(_: Any) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"colour": "blue"}

    with serve(LegacyApp()) as url:
        async with httpx.AsyncClient(trust_env=False) as http, AsyncMcpClient(http, url, on_input=think) as client:
            result = await client.call_tool("ask")
    assert result["got"]["content"] == {"colour": "blue"}


def test_time_that_the_user_takes_is_not_the_servers(play: Player, clock: Clock) -> None:
    def slowly(_: Any) -> dict[str, str]:
        clock.leap()
        return {"colour": "blue"}

    with serve(LegacyApp()) as url:
        assert play(url, timeout=90, on_input=slowly).call_tool("ask")["got"]["action"] == "accept"


def test_a_legacy_request_that_takes_too_long_is_cancelled_at_the_server(play: Player, clock: Clock) -> None:
    app = LegacyApp()
    app.while_silent = clock.leap
    with serve(app) as url:
        with pytest.raises(McpTimeout):
            play(url, timeout=90).call_tool("wait")
        wait_until(lambda: [each for each in app.notified if each["method"] == "notifications/cancelled"])


def test_a_server_that_wants_a_session_is_known_for_a_legacy_one(play: Player) -> None:
    with serve(LegacyApp()) as url:
        identity = play(url).discover()
    assert (identity.era, identity.sessions, identity.version) == ("legacy", True, "2025-11-25")


def test_an_unknown_tool_is_the_servers_own_error(play: Player) -> None:
    with serve(ModernApp()) as url, pytest.raises(ProtocolError):
        play(url).request("no/such")


def test_an_era_that_does_not_exist_is_refused_at_once(play: Player) -> None:
    with pytest.raises(ValueError, match="ancient"):
        play("http://127.0.0.1:1/mcp", era="ancient")
