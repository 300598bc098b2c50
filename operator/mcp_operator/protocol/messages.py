"""JSON-RPC messages: reading them off the wire, telling the kinds apart, making new ones.

Messages stay plain dicts. Nothing here knows an era or a method's meaning. Called by the bridge and the conversation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeGuard

Message = dict[str, Any]
RequestId = str | int
Kind = Literal["request", "notification", "response", "error"]


class MalformedMessage(ValueError):
    """Bytes that are no JSON (`parse` is True), or JSON that is no JSON-RPC message: each has its own error code."""

    def __init__(self, reason: str, *, parse: bool = False) -> None:
        super().__init__(reason)
        self.parse = parse


def decode(data: bytes | str) -> Any:
    """JSON as it came; NaN and Infinity are no JSON and are refused."""
    try:
        return json.loads(data, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}", parse=True) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    """1e999 is JSON, but what Python makes of it is not any more."""
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is beyond what a number can hold")
    return value


def encode(message: Any) -> bytes:
    """One line of compact UTF-8, fit for stdio and for an HTTP body (a lone surrogate stays escaped).

    Raises MalformedMessage for what is nested too deeply, which `decode` may just have managed.
    """
    try:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise MalformedMessage("nested too deeply") from None


def read(data: bytes | str) -> Message:
    """One message, its kind certain. Raises MalformedMessage for anything else, batches included."""
    message = decode(data)
    classify(message)
    return message  # type: ignore[no-any-return]


def is_id(value: object) -> TypeGuard[RequestId]:
    """Ids are strings or integers; a boolean is an int to Python but not to JSON."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def classify(message: object) -> Kind:
    """Which kind of message this is. Raises MalformedMessage when it is none, with the reason."""
    if not isinstance(message, dict):
        kind = "a batch" if isinstance(message, list) else f"a {type(message).__name__}"
        raise MalformedMessage(f"expected one JSON-RPC message, got {kind}")
    if message.get("jsonrpc") != "2.0":
        raise MalformedMessage('"jsonrpc" must be "2.0"')
    if "method" in message:
        return _classify_call(message)
    return _classify_answer(message)


def _classify_call(message: Message) -> Kind:
    if not isinstance(message["method"], str):
        raise MalformedMessage('"method" must be a string')
    if not isinstance(message.get("params", {}), dict):
        raise MalformedMessage('"params" must be an object')
    if "id" not in message:
        return "notification"
    if not is_id(message["id"]):
        raise MalformedMessage('"id" must be a string or an integer')
    return "request"


def _classify_answer(message: Message) -> Kind:
    if "error" in message:
        if not isinstance(message["error"], dict):
            raise MalformedMessage('"error" must be an object')
        if message.get("id") is not None and not is_id(message["id"]):
            raise MalformedMessage('"id" must be a string or an integer')
        return "error"
    if "result" not in message:
        raise MalformedMessage('a message has "method", "result" or "error"')
    if not is_id(message.get("id")):
        raise MalformedMessage('"id" must be a string or an integer')
    return "response"


def request(request_id: RequestId, method: str, params: Mapping[str, Any] | None = None) -> Message:
    message: Message = {"jsonrpc": "2.0", "id": request_id, "method": method}
    if params is not None:
        message["params"] = dict(params)
    return message


def notification(method: str, params: Mapping[str, Any] | None = None) -> Message:
    message: Message = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = dict(params)
    return message


def response(request_id: RequestId, result: Mapping[str, Any]) -> Message:
    return {"jsonrpc": "2.0", "id": request_id, "result": dict(result)}


def params_of(message: Message) -> dict[str, Any]:
    """The parameters, {} where there are none."""
    params = message.get("params")
    return params if isinstance(params, dict) else {}


def meta_of(message: Message) -> dict[str, Any]:
    """`params._meta`, {} where there is none."""
    meta = params_of(message).get("_meta")
    return meta if isinstance(meta, dict) else {}
