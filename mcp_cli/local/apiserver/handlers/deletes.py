"""Delete of one object and of a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import codec, options
from mcp_cli.local.apiserver.handlers.read import bare, collect, list_answer
from mcp_cli.local.apiserver.handlers.respond import answer
from mcp_cli.local.apiserver.pace import Pace
from mcp_cli.local.apiserver.pipeline.delete import delete as run_delete
from mcp_cli.local.apiserver.pipeline.write import DELETE, write_of

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

KIND = "DeleteOptions"
_RETURNED = {
    "pods", "services", "persistentvolumes", "persistentvolumeclaims", "podtemplates", "resourcequotas",
    "serviceaccounts",
}  # fmt: skip


async def delete(call: Call) -> Response:
    """DELETE of one object: the object while it lingers (and of some kinds always), else a Status."""
    wanted = await _options(call)
    obj, gone = await run_delete(write_of(call, DELETE, {}), wanted)
    if not gone or (call.model.builtin and call.model.group == "" and call.model.plural in _RETURNED):
        return answer(call, obj)
    details: dict[str, Any] = {"name": call.name}
    if call.model.group:
        details["group"] = call.model.group
    return answer(call, errors.success({**details, "kind": call.model.plural, "uid": obj["metadata"]["uid"]}))


async def delete_collection(call: Call) -> Response:
    """DELETE of everything that the selectors match; answers with what there was."""
    wanted = await _options(call)
    items, metadata = await collect(call)
    pace = Pace()
    for item in items:
        await pace()
        write = write_of(call, DELETE, {})
        write.namespace, write.name = item["metadata"].get("namespace", ""), item["metadata"]["name"]
        try:
            await run_delete(write, wanted)
        except errors.StatusError as error:
            if error.code != 404:
                raise
    body = {
        "kind": call.model.list_kind,
        "apiVersion": call.model.api_version,
        "metadata": metadata,
        "items": [bare(item) for item in items] if call.model.builtin else items,
    }
    form = codec.negotiate(call.request.headers.get("accept", ""))
    return await list_answer(call, body, form)


async def _options(call: Call) -> dict[str, Any]:
    body = await codec.read_optional(call.request)
    kind, version = body.pop("kind", None) or KIND, body.pop("apiVersion", None) or call.model.api_version
    if kind != KIND:
        where = f'version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        raise errors.bad_request(f'no kind "{kind}" is registered for {where}')
    values = body.pop("dryRun", None) or []
    options.check_dry_run(values)
    call.dry_run = call.dry_run or bool(values)
    return call.options(body)
