"""Access reviews and who-am-I: the cluster has one user, who may do everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apiserver import codec
from mcp_cli.local.apiserver.handlers.respond import plain

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

KINDS = {
    "selfsubjectaccessreviews", "subjectaccessreviews", "localsubjectaccessreviews", "selfsubjectrulesreviews",
    "selfsubjectreviews", "tokenreviews",
}  # fmt: skip


async def review(call: Call) -> Response:
    """Answer the review; nothing is stored."""
    body = await codec.read_object(call.request)
    body.setdefault("metadata", {})
    body |= {"kind": call.model.kind, "apiVersion": call.model.api_version}
    body["status"] = _status(call, body.get("spec") or {})
    return plain(body, 201)


def _status(call: Call, spec: dict[str, Any]) -> dict[str, Any]:
    config = call.server.config
    user = {"username": config.user, "groups": list(config.groups)}
    match call.model.plural:
        case "selfsubjectreviews":
            return {"userInfo": user}
        case "tokenreviews":
            if spec.get("token") == config.token:
                return {"authenticated": True, "user": user, "audiences": spec.get("audiences") or []}
            return {"user": {}, "error": "the token is not one of this cluster's"}
        case "selfsubjectrulesreviews":
            everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            anywhere = {"verbs": ["*"], "nonResourceURLs": ["*"]}
            return {"resourceRules": [everything], "nonResourceRules": [anywhere], "incomplete": False}
        case _:
            return {"allowed": True}
