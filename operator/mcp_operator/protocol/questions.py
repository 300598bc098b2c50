"""What a server may ask of a client, and the answers: elicitation through the caller, sampling declined, no roots.

Pure. The capabilities said here are the ones that these answers keep. Called by the flows of both eras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mcp_operator.protocol import errors, names
from mcp_operator.protocol.messages import Message, params_of, response

SAMPLING_DECLINED = "this client has no language model: sampling is declined"


@dataclass(frozen=True, slots=True)
class Question:
    """An elicitation. `schema` describes the form's fields; `key` is its name among several asked at once."""

    message: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    mode: Literal["form", "url"] = "form"
    url: str | None = None
    key: str = ""

    @property
    def properties(self) -> dict[str, Any]:
        found = self.schema.get("properties")
        return dict(found) if isinstance(found, dict) else {}

    @property
    def required(self) -> list[str]:
        found = self.schema.get("required")
        return [str(name) for name in found] if isinstance(found, list) else []


def client_capabilities(can_ask: bool) -> dict[str, Any]:
    """What this client can do: only what somebody answers for."""
    return {"elicitation": {"form": {}}} if can_ask else {}


def question_of(request: Mapping[str, Any], key: str = "") -> Question:
    """The elicitation that a request makes."""
    params = params_of(dict(request))
    schema = params.get("requestedSchema")
    url = params.get("url")
    return Question(
        message=str(params.get("message", "")),
        schema=schema if isinstance(schema, dict) else {},
        mode="url" if params.get("mode") == "url" else "form",
        url=url if isinstance(url, str) else None,
        key=key,
    )


def pages_wanted(data: object) -> list[Question]:
    """The web pages that an error wants the user to visit first (URL elicitation required)."""
    found = data.get("elicitations") if isinstance(data, dict) else None
    pages = found if isinstance(found, list) else []
    return [question_of({"params": {**page, "mode": "url"}}) for page in pages if isinstance(page, dict)]


def accepted(question: Question, content: Mapping[str, Any] | None) -> dict[str, Any]:
    """The result of an elicitation: fields left out take their schema's default; None is a decline."""
    if content is None:
        return {"action": "decline"}
    filled = {
        name: schema["default"]
        for name, schema in question.properties.items()
        if isinstance(schema, dict) and "default" in schema
    }
    return {"action": "accept", "content": {**filled, **content}}


def plain_answer(request: Message) -> Message | None:
    """The answer to a server's request that needs no user; None for an elicitation that may be put to one."""
    method, request_id = request["method"], request["id"]
    if method == names.PING:
        return response(request_id, {})
    if method == names.ROOTS_LIST:
        return response(request_id, {"roots": []})
    if method == names.SAMPLE:
        return errors.error_body(request_id, errors.METHOD_NOT_FOUND, SAMPLING_DECLINED)
    if method == names.ELICIT:
        if question_of(request).mode == "url":
            return response(request_id, {"action": "decline"})
        return None
    return errors.error_body(request_id, errors.METHOD_NOT_FOUND, f"this client does not answer {method}")
