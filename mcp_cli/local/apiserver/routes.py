"""Which handler answers which verb on which (sub)resource. Called by the application with a parsed path."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import refusals
from mcp_cli.local.apiserver.context import Call, Server
from mcp_cli.local.apiserver.handlers import deletes, logs, proxy, read, respond, reviews, subresources, watch, writes
from mcp_cli.local.apiserver.request import Query, Target, verb_of

if TYPE_CHECKING:
    from starlette.requests import Request

Handler = Callable[[Call], Awaitable[Response]]

VERBS: dict[str, Handler] = {
    "get": read.get,
    "list": read.list_objects,
    "watch": watch.watch,
    "create": writes.create,
    "update": writes.update,
    "patch": writes.patch,
    "delete": deletes.delete,
    "deletecollection": deletes.delete_collection,
}
PART_VERBS: dict[str, Handler] = {"get": read.get, "update": writes.update, "patch": writes.patch}
SUBRESOURCES: dict[str, dict[str, Handler]] = {
    "scale": {
        "get": subresources.get_scale,
        "update": subresources.update_scale,
        "patch": subresources.patch_scale,
    },
    "binding": {"create": subresources.bind},
    "eviction": {"create": subresources.evict},
    "finalize": {"update": subresources.finalize_namespace},
    "token": {"create": subresources.service_account_token},
    "log": {"get": logs.logs},
}
_INSTEAD = {
    "attach": "`mcp logs` shows what the server writes",
    "exec": "its containers are processes of this machine",
    "portforward": "`mcp port-forward` does, and pods have addresses of this machine",
}
"""Streams that are not served, and what takes their place."""

log = logging.getLogger(__name__)


async def dispatch(server: Server, request: Request, target: Target) -> Response:
    """Find the model and the handler; what is not served is 404, what is served otherwise 405."""
    model = server.registry.find(target.group, target.version, target.plural)
    if model is None:
        raise errors.page_not_found() if server.registry.is_builtin(target.group) else refusals.PlainNotFound()
    query = Query(request.url.query)
    watching = target.watch_prefix or (query.flag("watch") and not target.name)
    verb = verb_of(request.method, bool(target.name), watching)
    call = Call(server, request, target, query, model, verb, dry_run=bool(query.text("dryRun")))
    if (target.group, target.plural) == ("", "endpoints"):
        call.warnings.append("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    _warn_of_old_version(call)
    if model.namespaced and target.name and not target.namespace:
        raise errors.page_not_found()
    try:
        return await _handler(call)(call)
    except errors.StatusError as error:
        return respond.refusal(error, call.warnings)


def _warn_of_old_version(call: Call) -> None:
    """A CRD may say that one of its versions is deprecated."""
    version = call.model.crd_version or {}
    if version.get("deprecated"):
        model, served = call.model, call.server.registry.custom_models(f"{call.model.plural}.{call.model.group}")
        newest = next((other for other in served if not (other.crd_version or {}).get("deprecated")), None)
        text = f"{model.api_version} {model.kind} is deprecated"
        if newest is not None:
            text += f"; use {newest.api_version} {newest.kind}"
        call.warnings.append(version.get("deprecationWarning") or text)


def _handler(call: Call) -> Handler:
    target, model = call.target, call.model
    if not target.subresource:
        if model.plural == "bindings" and call.verb == "create":
            return subresources.bind_by_body
        if model.plural in reviews.KINDS and call.verb == "create":
            return reviews.review
        if call.verb == "create" and (target.name or (model.namespaced and not target.namespace)):
            raise refusals.method_not_allowed()
        if call.verb == "deletecollection" and model.namespaced and not target.namespace:
            raise refusals.method_not_allowed()
        if call.verb in ("update", "patch") and not target.name:
            raise refusals.method_not_allowed()
        known = VERBS.get(call.verb) if call.verb in model.verbs else None
        return known or _refuse(call)
    if target.subresource not in model.subresources or (target.tail and target.subresource != "proxy"):
        if model.builtin:
            raise errors.page_not_found()
        raise errors.not_found(model.group, model.plural, target.name)
    if target.subresource == "proxy":
        return proxy.proxy
    if target.subresource in _INSTEAD:
        raise _no_stream(target)
    return SUBRESOURCES.get(target.subresource, PART_VERBS).get(call.verb) or _refuse(call)


def _no_stream(target: Target) -> errors.StatusError:
    log.info("refused %s of pod %s/%s: not served here", target.subresource, target.namespace, target.name)
    message = f"the embedded cluster does not serve pods/{target.subresource}: {_INSTEAD[target.subresource]}"
    return errors.StatusError(errors.status(501, "NotImplemented", message))


def _refuse(call: Call) -> Handler:
    raise refusals.method_not_allowed()
