"""Tools of the judge's server that ask back the modern way: by a result `input_required`.

Called by: `everything.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mcp_types as types
from content import text
from mcp.shared.exceptions import MCPError

Request = dict[str, Any]


def form(message: str, field: str, kind: str = "string") -> Request:
    """A form with one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def sample(words: str, tokens: int) -> Request:
    params = {"messages": [{"role": "user", "content": text(words)}], "maxTokens": tokens}
    return {"method": "sampling/createMessage", "params": params}


ROOTS: Request = {"method": "roots/list", "params": {}}
NAME = form("What is your name?", "name")


def ask(requests: dict[str, Request], state: str | None = None) -> types.InputRequiredResult:
    result: dict[str, Any] = {"resultType": "input_required", "inputRequests": requests}
    if state is not None:
        result["requestState"] = state
    return types.InputRequiredResult.model_validate(result)


def say(words: str) -> types.CallToolResult:
    return types.CallToolResult.model_validate({"content": [text(words)]})


def answered(params: Any, *keys: str) -> dict[str, Any] | None:
    """The answers to these questions, as plain dicts; None where one is missing."""
    given = params.input_responses or {}
    if any(key not in given for key in keys):
        return None
    return {key: plain(given[key]) for key in keys}


def plain(value: Any) -> Any:
    return value if isinstance(value, dict) else value.model_dump(by_alias=True, mode="json")


def elicitation(ctx: Any, params: Any) -> Any:
    answers = answered(params, "user_name")
    name = ((answers or {}).get("user_name", {}).get("content") or {}).get("name")
    return say(f"Hello, {name}!") if isinstance(name, str) else ask({"user_name": NAME})


def sampling(ctx: Any, params: Any) -> Any:
    answers = answered(params, "capital_question")
    if answers is None:
        return ask({"capital_question": sample("What is the capital of France?", 100)})
    return say(f"The model said: {answers['capital_question'].get('content')}")


def list_roots(ctx: Any, params: Any) -> Any:
    answers = answered(params, "client_roots")
    return ask({"client_roots": ROOTS}) if answers is None else say(f"Roots: {answers['client_roots'].get('roots')}")


def request_state(ctx: Any, params: Any) -> Any:
    if answered(params, "confirm") is None:
        return ask({"confirm": form("Please confirm", "ok", "boolean")}, "confirming")
    if params.request_state != "confirming":
        raise MCPError(types.INVALID_PARAMS, "requestState is not the one that was given")
    return say("state-ok")


def multiple(ctx: Any, params: Any) -> Any:
    answers = answered(params, "user_name", "greeting", "client_roots")
    if answers is None or params.request_state != "multiple":
        requests = {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}
        return ask(requests, "multiple")
    return say(f"All answered: {sorted(answers)}")


def multi_round(ctx: Any, params: Any) -> Any:
    if params.request_state == "round-2" and answered(params, "step2"):
        return say("Both steps are done.")
    if params.request_state == "round-1" and answered(params, "step1"):
        return ask({"step2": form("Step 2: What is your favorite color?", "color")}, "round-2")
    return ask({"step1": form("Step 1: What is your name?", "name")}, "round-1")


def capabilities(ctx: Any, params: Any) -> Any:
    declared = ctx.session.client_capabilities
    requests: dict[str, Request] = {}
    if declared and declared.elicitation is not None:
        requests["user_name"] = NAME
    if declared and declared.sampling is not None:
        requests["greeting"] = sample("Generate a greeting", 50)
    if declared and declared.roots is not None:
        requests["client_roots"] = ROOTS
    if not requests or answered(params, *requests) is not None:
        return say("Nothing more to ask.")
    return ask(requests)


def missing_capability(ctx: Any, params: Any) -> Any:
    declared = ctx.session.client_capabilities
    if declared is None or declared.sampling is None:
        data = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "This needs the sampling capability", data)
    return say("The client can sample.")


ASKING_TOOLS: dict[str, Callable[[Any, Any], Any]] = {
    "test_input_required_result_elicitation": elicitation,
    "test_input_required_result_sampling": sampling,
    "test_input_required_result_list_roots": list_roots,
    "test_input_required_result_request_state": request_state,
    "test_input_required_result_multiple_inputs": multiple,
    "test_input_required_result_multi_round": multi_round,
    "test_input_required_result_tampered_state": request_state,
    "test_input_required_result_capabilities": capabilities,
    "test_missing_capability": missing_capability,
    "test_streaming_elicitation": elicitation,
}
