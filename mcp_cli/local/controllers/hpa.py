"""The status of HorizontalPodAutoscalers where there is no metrics source.

Role: keeps the target's size within minReplicas and maxReplicas, and says that nothing beyond that can be computed.
It reacts to changes and polls nothing. Called by `manager`.
"""

from __future__ import annotations

import json
from typing import Any

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import ApiError
from mcp_operator.runtime.resources import DEPLOYMENTS, HPAS, REPLICASETS, STATEFULSETS, Key, Resource, key_of

from mcp_cli.local.controllers.context import Context, enqueue_itself, on_change
from mcp_cli.local.controllers.objects import Object, compact, condition, is_deleting, name, namespace, now, status

COMPONENT = "horizontal-pod-autoscaler"
NO_METRICS = (
    "unable to fetch metrics from resource metrics API: the server could not find the requested resource "
    "(get pods.metrics.k8s.io)"
)
REASONS = {
    "Resource": "FailedGetResourceMetric",
    "ContainerResource": "FailedGetContainerResourceMetric",
    "Pods": "FailedGetPodsMetric",
    "Object": "FailedGetObjectMetric",
    "External": "FailedGetExternalMetric",
}

Kinds = dict[tuple[str, str], Resource]


class AutoscalerStatus:
    """`kinds` finds targets that are custom resources; it is read anew each time."""

    def __init__(self, context: Context, kinds: Kinds) -> None:
        self._client = context.client
        self._kinds = kinds
        self._recorder = context.recorder(COMPONENT)
        self._scalers = context.informer(HPAS, "namespace")
        self._controller = context.controller(COMPONENT, self.reconcile, workers=1)
        enqueue_itself(self._scalers, self._controller)
        for resource in (DEPLOYMENTS, STATEFULSETS, REPLICASETS):
            on_change(context.informer(resource), self._target_changed)

    def _target_changed(self, target: Object) -> None:
        for scaler in self._scalers.by_index("namespace", namespace(target)):
            wanted = scaler["spec"]["scaleTargetRef"]
            if (wanted["kind"], wanted["name"]) == (target["kind"], name(target)):
                self._controller.enqueue(key_of(scaler))

    async def reconcile(self, key: Key) -> Result | None:
        scaler = self._scalers.get(*key)
        if scaler is None or is_deleting(scaler):
            return None
        try:
            path = self._scale_path(scaler)
            scale = json.loads(await self._client.request("GET", path))
        except (ApiError, LookupError) as error:
            await self._write(scaler, {"desiredReplicas": 0}, [_no_scale(error)])
            return None
        current = int((scale.get("spec") or {}).get("replicas") or 0)
        wanted, reason = bounded(scaler, current)
        if wanted != current:
            await self._rescale(scaler, path, scale, wanted, reason)
            return None
        counts = {"currentReplicas": current, "desiredReplicas": current}
        await self._write(scaler, counts, conditions(scaler, current))
        return None

    def _scale_path(self, scaler: Object) -> str:
        target = scaler["spec"]["scaleTargetRef"]
        group, _, version = str(target.get("apiVersion", "")).rpartition("/")
        found = self._kinds.get((group, target["kind"]))
        if found is None:
            raise LookupError(f'no matches for kind "{target["kind"]}" in group "{group}"')
        resource = Resource(group, version, found.plural, found.kind, found.namespaced)
        return resource.path(namespace(scaler), target["name"], "scale")

    async def _rescale(self, scaler: Object, path: str, scale: dict[str, Any], wanted: int, reason: str) -> None:
        before = int(scale["spec"].get("replicas") or 0)
        await self._client.request("PUT", path, body={**scale, "spec": {**scale["spec"], "replicas": wanted}})
        self._recorder.normal(scaler, "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        message = f"the HPA controller was able to update the target scale to {wanted}"
        rescaled = [_condition("AbleToScale", "True", "SucceededRescale", message)]
        counts = {"currentReplicas": before, "desiredReplicas": wanted, "lastScaleTime": now()}
        await self._write(scaler, counts, rescaled)

    async def _write(self, scaler: Object, counts: Object, fresh: list[Object]) -> None:
        old = status(scaler)
        merged = {each["type"]: each for each in old.get("conditions") or ()}
        for each in fresh:
            before = condition(old, each["type"])
            if before and before["status"] == each["status"]:
                each["lastTransitionTime"] = before["lastTransitionTime"]
            merged[each["type"]] = each
        kept = {key: old[key] for key in ("lastScaleTime",) if key in old}
        body = {**compact({**kept, **counts, "conditions": list(merged.values())}), "currentMetrics": None}
        body["desiredReplicas"] = counts["desiredReplicas"]
        if compact(body) != compact(old):
            await self._client.replace(HPAS, {**scaler, "status": body}, subresource="status")


def bounded(scaler: Object, current: int) -> tuple[int, str]:
    """The nearest size that the HPA allows, and why; a target of size 0 is switched off and left alone."""
    low, high = int(scaler["spec"].get("minReplicas") or 1), int(scaler["spec"]["maxReplicas"])
    if current == 0:
        return 0, ""
    if current > high:
        return high, "Current number of replicas above Spec.MaxReplicas"
    if current < low:
        return low, "Current number of replicas below Spec.MinReplicas"
    return current, ""


def conditions(scaler: Object, current: int) -> list[Object]:
    able = _condition(
        "AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale"
    )
    if current == 0:
        words = "scaling is disabled since the replica count of the target is zero"
        return [able, _condition("ScalingActive", "False", "ScalingDisabled", words)]
    metric = (scaler["spec"].get("metrics") or [{"type": "Resource", "resource": {"name": "cpu"}}])[0]
    kind = metric["type"]
    described = (metric.get("resource") or metric.get("containerResource") or {}).get("name") or kind.lower()
    trouble = f"failed to get {described} utilization: unable to get metrics for resource {described}: {NO_METRICS}"
    message = f"the HPA was unable to compute the replica count: {trouble}"
    return [able, _condition("ScalingActive", "False", REASONS.get(kind, "InvalidMetricSourceType"), message)]


def _no_scale(error: Exception) -> Object:
    message = f"the HPA controller was unable to get the target's current scale: {error}"
    return _condition("AbleToScale", "False", "FailedGetScale", message)


def _condition(type_: str, value: str, reason: str, message: str) -> Object:
    return {"type": type_, "status": value, "reason": reason, "message": message, "lastTransitionTime": now()}
