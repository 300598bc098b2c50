"""Conversion between the served versions of one stored resource: events of two groups, autoscalers of two versions.

Pure. Everything else has one shape in all its versions and only changes its apiVersion. Called by `objects`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model

Object = dict[str, Any]
_EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}


def convert(model: Model, obj: Object, *, to_storage: bool = False) -> Object:
    """`obj` in the model's version, or (from the model's version) in the stored one. May share parts with `obj`."""
    stored = _STORED.get((model.group, model.version, model.plural))
    if stored is not None:
        stored_version, forward, backward = stored
        if to_storage:
            return {**forward(obj), "apiVersion": stored_version}
        converted = backward(obj) if obj["apiVersion"] != model.api_version else obj
        return {**converted, "apiVersion": model.api_version, "kind": model.kind}
    version = obj["apiVersion"] if to_storage and model.builtin else model.api_version
    if to_storage and not model.builtin:
        version = f"{model.group}/{model.storage_version}"
    return obj if obj.get("apiVersion") == version else {**obj, "apiVersion": version}


def _event_to_core(event: Object) -> Object:
    return _rename(event, {new: old for old, new in _EVENT_FIELDS.items()})


def _event_from_core(event: Object) -> Object:
    renamed = _rename(event, _EVENT_FIELDS)
    for field in ("reportingController", "reportingInstance"):
        if renamed.get(field) == "":
            del renamed[field]
    return renamed


def _rename(obj: Object, names: dict[str, str]) -> Object:
    return {names.get(key, key): value for key, value in obj.items()}


def _autoscaler_to_v2(scaler: Object) -> Object:
    """autoscaling/v1 knows one metric, CPU; what else there was travels in annotations there and is not kept here."""
    result = copy.deepcopy(scaler)
    percent = result.get("spec", {}).pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        result["spec"]["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    current = result.get("status", {}).pop("currentCPUUtilizationPercentage", None)
    if current is not None:
        metric = {"name": "cpu", "current": {"averageUtilization": current}}
        result["status"]["currentMetrics"] = [{"type": "Resource", "resource": metric}]
    return result


def _autoscaler_to_v1(scaler: Object) -> Object:
    result = copy.deepcopy(scaler)
    spec, status = result.get("spec", {}), result.get("status", {})
    for metric in spec.pop("metrics", None) or []:
        cpu = metric.get("resource", {})
        percent = cpu.get("target", {}).get("averageUtilization")
        if cpu.get("name") == "cpu" and percent is not None:
            spec["targetCPUUtilizationPercentage"] = percent
    spec.pop("behavior", None)
    for metric in status.pop("currentMetrics", None) or []:
        cpu = metric.get("resource", {})
        if cpu.get("name") == "cpu" and "averageUtilization" in cpu.get("current", {}):
            status["currentCPUUtilizationPercentage"] = cpu["current"]["averageUtilization"]
    status.pop("conditions", None)
    return result


_Conversion = tuple[str, Callable[[Object], Object], Callable[[Object], Object]]
_STORED: dict[tuple[str, str, str], _Conversion] = {
    ("events.k8s.io", "v1", "events"): ("v1", _event_to_core, _event_from_core),
    ("autoscaling", "v1", "horizontalpodautoscalers"): ("autoscaling/v2", _autoscaler_to_v2, _autoscaler_to_v1),
}
