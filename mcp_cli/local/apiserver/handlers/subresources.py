"""Subresources that are more than a part of the object: scale, binding, eviction, finalize, token."""

from __future__ import annotations

import copy
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mcp_cli.local.apimachinery import errors, scale, times
from mcp_cli.local.apiserver import codec
from mcp_cli.local.apiserver.handlers.respond import answer, plain
from mcp_cli.local.apiserver.handlers.writes import changed, check_named
from mcp_cli.local.apiserver.pipeline import update as updating
from mcp_cli.local.apiserver.pipeline.delete import delete as run_delete
from mcp_cli.local.apiserver.pipeline.write import DELETE, UPDATE, write_of

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.context import Call

TOKEN_SECONDS = 3600
LEAST_TOKEN_SECONDS = 600


async def get_scale(call: Call) -> Response:
    return plain(scale.read(call.model, call.server.objects.get(call.model, call.namespace, call.name)))


async def update_scale(call: Call) -> Response:
    body = await codec.read_object(call.request)
    version, kind = str(body.get("apiVersion") or "autoscaling/v1"), body.get("kind") or "Scale"
    if kind != "Scale":
        version = version.rpartition("/")[2]
        problem = f"converting ({version}.{kind}) to (autoscaling.Scale): unknown conversion"
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a Scale: {problem}')
    check_named(call, body)
    return await _write_scale(call, lambda old: body)


async def patch_scale(call: Call) -> Response:
    kind = codec.media_type_of(call.request)
    document = codec.parse(await codec.read_body(call.request), codec.YAML if kind.endswith("yaml") else codec.JSON)
    if kind == "application/strategic-merge-patch+json" or kind.endswith("yaml"):
        kind = "application/merge-patch+json"
    return await _write_scale(call, lambda old: changed(call, kind, old, document))


async def _write_scale(call: Call, wanted: Any) -> Response:
    """Change the object so that its scale becomes the wanted one."""

    def change(old: dict[str, Any]) -> dict[str, Any]:
        new_scale = wanted(scale.read(call.model, old))
        new = scale.write(call.model, old, new_scale)
        version = (new_scale.get("metadata") or {}).get("resourceVersion")
        if version:
            new["metadata"]["resourceVersion"] = version
        return new

    write = write_of(call, UPDATE, {}, subresource="scale")
    return plain(scale.read(call.model, await updating.update(write, change)), warnings=call.warnings)


async def bind(call: Call) -> Response:
    """The scheduler's decision: the pod gets its node, once."""
    return await _bind(call, await codec.read_object(call.request))


async def bind_by_body(call: Call) -> Response:
    """The same through the collection of bindings, where the body names the pod."""
    body = await codec.read_object(call.request)
    pods = call.server.registry.find("", "v1", "pods")
    assert pods is not None
    name = (body.get("metadata") or {}).get("name") or ""
    return await _bind(replace(call, model=pods, target=replace(call.target, plural="pods", name=name)), body)


async def _bind(call: Call, body: dict[str, Any]) -> Response:
    node = (body.get("target") or {}).get("name", "")
    if not node:
        cause = errors.Cause("FieldValueRequired", "Required value", "target.name")
        raise errors.invalid("", "Binding", call.name, [cause])

    def change(old: dict[str, Any]) -> dict[str, Any]:
        if old["spec"].get("nodeName"):
            message = f'pod {call.name} is already assigned to node "{old["spec"]["nodeName"]}"'
            raise errors.conflict("", "pods/binding", call.name, message)
        if old["metadata"].get("deletionTimestamp"):
            raise errors.conflict(
                "", "pods/binding", call.name, f"pod {call.name} is being deleted, cannot be assigned to a host"
            )
        old["spec"]["nodeName"] = node
        conditions = old.setdefault("status", {}).setdefault("conditions", [])
        conditions[:] = [condition for condition in conditions if condition["type"] != "PodScheduled"]
        conditions.append(
            {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": times.now()}
        )
        return old

    write = write_of(call, UPDATE, {}, subresource="binding")
    await updating.update(write, change)
    return plain({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


async def evict(call: Call) -> Response:
    """Eviction: a deletion that disruption budgets may refuse."""
    body = await codec.read_object(call.request)
    pod = call.server.objects.get(call.model, call.namespace, call.name)
    _check_budgets(call, pod)
    options = dict(body.get("deleteOptions") or {})
    if options.get("dryRun"):
        call.dry_run = True
    if not call.dry_run:
        await updating.update(write_of(call, UPDATE, {}, subresource="status"), _mark_evicted)
    await run_delete(write_of(call, DELETE, {}), options)
    return plain({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)


def _mark_evicted(pod: dict[str, Any]) -> dict[str, Any]:
    """A pod that is evicted says so."""
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [condition for condition in conditions if condition["type"] != "DisruptionTarget"]
    reason = {"reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"}
    moment = {"lastProbeTime": None, "lastTransitionTime": times.now()}
    conditions.append({"type": "DisruptionTarget", "status": "True", **moment, **reason})
    return pod


def _check_budgets(call: Call, pod: dict[str, Any]) -> None:
    from mcp_cli.local.apimachinery import selectors

    model = call.server.registry.find("policy", "v1", "poddisruptionbudgets")
    if model is None or pod.get("status", {}).get("phase") in ("Succeeded", "Failed", "Pending"):
        return
    for budget in call.server.objects.all(model, call.namespace):
        selector = selectors.from_object(budget["spec"].get("selector") or {})
        if (
            selector.matches(pod["metadata"].get("labels"))
            and budget.get("status", {}).get("disruptionsAllowed", 0) < 1
        ):
            raise _refused_eviction(budget)


def _refused_eviction(budget: dict[str, Any]) -> errors.StatusError:
    status, name = budget.get("status") or {}, budget["metadata"]["name"]
    counts = f"{status.get('desiredHealthy', 0)} healthy pods and has {status.get('currentHealthy', 0)} currently"
    cause = {"reason": "DisruptionBudget", "message": f"The disruption budget {name} needs {counts}"}
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return errors.StatusError(errors.status(429, "TooManyRequests", message, {"causes": [cause]}))


async def finalize_namespace(call: Call) -> Response:
    """PUT of a namespace's own finalizers; when the last one goes, so does a deleted namespace."""
    body = await codec.read_object(call.request)

    def change(old: dict[str, Any]) -> dict[str, Any]:
        new = copy.deepcopy(old)
        finalizers = (body.get("spec") or {}).get("finalizers") or []
        new["spec"] = {**old.get("spec", {}), "finalizers": finalizers}
        if not finalizers:
            new["spec"].pop("finalizers")
        return new

    write = write_of(call, UPDATE, body, subresource="finalize")
    return answer(call, await updating.update(write, change))


async def service_account_token(call: Call) -> Response:
    """A token for a service account. It opens nothing here: the cluster has one user, and his token stays his."""
    body = await codec.read_object(call.request)
    call.server.objects.get(call.model, call.namespace, call.name)
    spec = body.get("spec") or {}
    if (spec.get("expirationSeconds") or TOKEN_SECONDS) < LEAST_TOKEN_SECONDS:
        text = f"Invalid value: {spec['expirationSeconds']}: may not specify a duration less than 10 minutes"
        cause = errors.Cause("FieldValueInvalid", text, "spec.expirationSeconds")
        raise errors.invalid("authentication.k8s.io", "TokenRequest", "", [cause])
    expires = datetime.now(UTC) + timedelta(seconds=spec.get("expirationSeconds") or TOKEN_SECONDS)
    token = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": call.name, "namespace": call.namespace, "creationTimestamp": times.now()},
        "spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": TOKEN_SECONDS, **spec},
        "status": {
            "token": secrets.token_urlsafe(48),
            "expirationTimestamp": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    return plain(token, 201)
