"""What both clients are made of besides their HTTP library: callbacks, defaults, the conversation they drive.

Called by `sync` and `aio`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp_operator.client.route import proxy_prefix
from mcp_operator.protocol.conversation import Conversation
from mcp_operator.protocol.effects import Progress
from mcp_operator.protocol.exchange import MAX_BODY
from mcp_operator.protocol.questions import Question
from mcp_operator.protocol.speaker import Settings
from mcp_operator.protocol.versions import LEGACY, MODERN, Era
from mcp_operator.version import __version__

CLIENT_INFO: Mapping[str, Any] = {"name": "mcp-operator", "version": __version__}
TIMEOUT = 60.0

Answer = Mapping[str, Any] | None
OnProgress = Callable[[Progress], None]
# The content to accept with, or None to decline; an exception cancels the request and comes out of it.
OnInput = Callable[[Question], Answer]
OnInputAsync = Callable[[Question], Answer | Awaitable[Answer]]

__all__ = ["CLIENT_INFO", "MAX_BODY", "TIMEOUT", "OnInput", "OnInputAsync", "OnProgress", "Progress", "Question"]


def conversation(
    url: str,
    client_info: Mapping[str, Any] | None,
    era: str | None,
    headers: Mapping[str, str] | None,
    can_ask: bool,
    max_body: int,
) -> Conversation:
    """A fresh conversation with the server at this URL."""
    if era not in (None, LEGACY, MODERN):
        raise ValueError(f"era is {LEGACY!r}, {MODERN!r} or None, not {era!r}")
    known: Era | None = LEGACY if era == LEGACY else MODERN if era == MODERN else None
    info = client_info or CLIENT_INFO
    settings = Settings(url, info, dict(headers or {}), max_body, proxy_prefix(url))
    return Conversation(settings, era=known, can_ask=can_ask)
