"""Rows of the workload kinds and of what scales and protects them.

Role: pure. Called by `tablekinds`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mcp_cli import durations
from mcp_cli.local.apimachinery import times
from mcp_cli.local.apimachinery.tablecells import NONE, UNKNOWN, age, containers, is_true, labels, part, selector

Cells = list[Any]


def _name(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _template(obj: dict[str, Any]) -> tuple[str, str, str]:
    return *containers(part(obj, "spec", "template", default={})), selector(part(obj, "spec", "selector"))


def deployment(obj: dict[str, Any], now: datetime) -> Cells:
    status = obj.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{part(obj, 'spec', 'replicas', default=0)}"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return [_name(obj), ready, updated, available, age(obj, now), *_template(obj)]


def replica_set(obj: dict[str, Any], now: datetime) -> Cells:
    status = obj.get("status") or {}
    counts = [part(obj, "spec", "replicas", default=0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [_name(obj), *counts, age(obj, now), *_template(obj)]


def replication_controller(obj: dict[str, Any], now: datetime) -> Cells:
    status = obj.get("status") or {}
    counts = [part(obj, "spec", "replicas", default=0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    shown = containers(part(obj, "spec", "template", default={}))
    return [_name(obj), *counts, age(obj, now), *shown, labels(part(obj, "spec", "selector"))]


def stateful_set(obj: dict[str, Any], now: datetime) -> Cells:
    ready = f"{part(obj, 'status', 'readyReplicas', default=0)}/{part(obj, 'spec', 'replicas', default=0)}"
    return [_name(obj), ready, age(obj, now), *containers(part(obj, "spec", "template", default={}))]


def daemon_set(obj: dict[str, Any], now: datetime) -> Cells:
    status = obj.get("status") or {}
    fields = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    counts = [status.get(field, 0) for field in fields]
    nodes = labels(part(obj, "spec", "template", "spec", "nodeSelector"))
    return [_name(obj), *counts, nodes, age(obj, now), *_template(obj)]


JOB_STATES = ("Complete", "Failed")
JOB_LATER_STATES = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def job(obj: dict[str, Any], now: datetime) -> Cells:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [
        _name(obj),
        _job_state(obj),
        _completions(spec, status),
        _duration(status, now),
        age(obj, now),
        *_template(obj),
    ]


def _job_state(obj: dict[str, Any]) -> str:
    for state in JOB_STATES:
        if is_true(obj, state):
            return state
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((state for state in JOB_LATER_STATES if is_true(obj, state)), "Running")


def _completions(spec: dict[str, Any], status: dict[str, Any]) -> str:
    done, wanted = status.get("succeeded", 0), spec.get("completions")
    if wanted is not None:
        return f"{done}/{wanted}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(status: dict[str, Any], now: datetime) -> str:
    if not status.get("startTime"):
        return ""
    end = times.parse(status["completionTime"]) if status.get("completionTime") else now
    return durations.human((end - times.parse(status["startTime"])).total_seconds())


def cron_job(obj: dict[str, Any], now: datetime) -> Cells:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    last = durations.age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    suspended = str(bool(spec.get("suspend")))
    template = part(spec, "jobTemplate", "spec", default={})
    shown = containers(template.get("template") or {})
    head = [_name(obj), spec.get("schedule", ""), spec.get("timeZone") or NONE, suspended]
    return [*head, len(status.get("active") or ()), last, age(obj, now), *shown, selector(template.get("selector"))]


def autoscaler(obj: dict[str, Any], now: datetime) -> Cells:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    reference = f"{target.get('kind', '')}/{target.get('name', '')}"
    minimum = str(spec["minReplicas"]) if spec.get("minReplicas") is not None else "<unset>"
    counts = [minimum, spec.get("maxReplicas", 0), status.get("currentReplicas", 0)]
    return [_name(obj), reference, _targets(obj, spec, status), *counts, age(obj, now)]


def _targets(obj: dict[str, Any], spec: dict[str, Any], status: dict[str, Any]) -> str:
    if "metrics" not in spec:
        wanted = spec.get("targetCPUUtilizationPercentage")
        if wanted is None:
            return NONE
        now = status.get("currentCPUUtilizationPercentage")
        return f"cpu: {UNKNOWN if now is None else f'{now}%'}/{wanted}%"
    current = status.get("currentMetrics") or []
    shown = [
        _metric(metric, current[index] if index < len(current) else {})
        for index, metric in enumerate(spec["metrics"] or ())
    ]
    more = f" + {len(shown) - 2} more..." if len(shown) > 2 else ""
    return (", ".join(shown[:2]) + more) or NONE


METRIC_KEYS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _metric(metric: dict[str, Any], current: dict[str, Any]) -> str:
    key = METRIC_KEYS.get(metric.get("type", ""), "")
    wanted, seen = part(metric, key, "target", default={}), part(current, key, "current", default={})
    prefix = f"{part(metric, key, 'name', default='')}: " if "esource" in key else ""
    if "averageUtilization" in wanted:
        now = f"{seen['averageUtilization']}%" if seen.get("averageUtilization") is not None else UNKNOWN
        return f"{prefix}{now}/{wanted['averageUtilization']}%"
    if "averageValue" in wanted:
        average = " (avg)" if key in ("object", "external") else ""
        return f"{prefix}{seen.get('averageValue') or UNKNOWN}/{wanted['averageValue']}{average}"
    return f"{prefix}{seen.get('value') or UNKNOWN}/{wanted.get('value', UNKNOWN)}"


def disruption_budget(obj: dict[str, Any], now: datetime) -> Cells:
    low = str(part(obj, "spec", "minAvailable", default="N/A"))
    high = str(part(obj, "spec", "maxUnavailable", default="N/A"))
    return [_name(obj), low, high, part(obj, "status", "disruptionsAllowed", default=0), age(obj, now)]


def revision(obj: dict[str, Any], now: datetime) -> Cells:
    owners = [owner for owner in obj["metadata"].get("ownerReferences") or () if owner.get("controller")]
    owner = NONE
    if owners:
        group = owners[0].get("apiVersion", "").rpartition("/")[0]
        kind = owners[0]["kind"].lower()
        owner = f"{kind}.{group}/{owners[0]['name']}" if group else f"{kind}/{owners[0]['name']}"
    return [_name(obj), owner, obj.get("revision", 0), age(obj, now)]


def pod_template(obj: dict[str, Any], now: datetime) -> Cells:
    template = obj.get("template") or {}
    return [_name(obj), *containers(template), labels(part(template, "metadata", "labels"))]
