"""What both eras' speakers share: the settings of a conversation, the wishes of one request, ids, one user's answer.

Called by `modern`, `legacy` and `conversation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.protocol.effects import Ask, Flow
from mcp_operator.protocol.exchange import MAX_BODY
from mcp_operator.protocol.mirrors import Mirror
from mcp_operator.protocol.questions import Question, accepted


@dataclass(slots=True)
class Settings:
    """One server as one client sees it. `headers` go with every request.

    `prefix` is the part of the URL's path that a proxy puts before the server's own paths.
    """

    url: str
    client_info: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    max_body: int = MAX_BODY
    prefix: str = ""
    next_id: int = 0

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller of one request wants: to hear of progress, to be asked, to be able to repeat it safely."""

    progress: bool = False
    ask: bool = False
    repeatable: bool = True
    mirrors: tuple[Mirror, ...] = ()


def ask_user(question: Question) -> Flow[dict[str, Any]]:
    """The user's answer as the result of an elicitation. An exception of the user's answerer comes out here."""
    content = yield Ask(question)
    return accepted(question, content)
