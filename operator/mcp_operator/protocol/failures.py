"""What can go wrong while talking to an MCP server, as exceptions whose words are fit for a person.

One small hierarchy for the conversation and its drivers; an HTTP library's own exceptions never leave the drivers.
`mcp_operator.client.errors` hands these on to the client's callers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp_operator.protocol import errors
from mcp_operator.protocol.messages import Message
from mcp_operator.protocol.questions import Question


class McpError(Exception):
    """Anything that stopped a conversation with an MCP server."""


class TransportError(McpError):
    """The server could not be reached, or the connection broke before the answer was whole."""


class McpTimeout(TransportError):
    """The server did not answer in time."""


class TooLarge(TransportError):
    """An answer beyond the bound that the caller set."""


class HttpError(McpError):
    """An HTTP status that is no answer of an MCP server (a proxy's, a missing path, a refused login)."""

    def __init__(self, status: int, detail: str = "", location: str | None = None) -> None:
        self.status = status
        self.detail = detail
        self.location = location
        super().__init__(f"the server answered HTTP {status}{_hint(status, location)}{f': {detail}' if detail else ''}")


def _hint(status: int, location: str | None) -> str:
    if location is not None:
        return f" (it redirects to {location}; use that address)"
    if status in (401, 403):
        return " (it wants credentials, or does not accept this Host or Origin)"
    if status in (404, 405):
        return " (no MCP endpoint at this path)"
    if status in (502, 503, 504):
        return " (nothing ready behind this address)"
    return ""


class ProtocolError(McpError):
    """The server answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code = code
        self.data = data
        super().__init__(f"{message} (error {code})" if message else f"error {code}")

    @classmethod
    def of(cls, message: Message) -> ProtocolError:
        error = message.get("error")
        error = error if isinstance(error, dict) else {}
        code = error.get("code")
        return cls(
            code if isinstance(code, int) else errors.INTERNAL_ERROR, str(error.get("message", "")), error.get("data")
        )


class InvalidAnswer(McpError):
    """The server answered something that the protocol does not allow."""


class NoCommonVersion(McpError):
    """Server and client share no revision of the protocol."""


class SessionLost(McpError):
    """The server no longer knows the session. The conversation starts over by itself; twice in a row is an error."""


class InputNeeded(McpError):
    """The server asked for input that nobody here can give. `questions` holds what it asked."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = list(questions)
        asked = "; ".join(_words(question) for question in questions)
        super().__init__(f"the server asks for input: {asked}")


def _words(question: Question) -> str:
    return f"{question.message} ({question.url})" if question.url else question.message


class UnusableTool(McpError):
    """A tool that a client must not call because its definition is malformed."""
