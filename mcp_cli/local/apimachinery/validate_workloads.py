"""Validation of the workload kinds: selectors that match their template, strategies, counts.

Role: pure. Called by `validators`.
"""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

from mcp_cli.local.apimachinery import errors, selectors
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.validate_pods import pod_template
from mcp_cli.local.apimachinery.validate_values import (
    Causes,
    domain_prefixed,
    label_selector,
    not_negative,
    number_or_percent,
    one_of,
)

NO_MATCH = "`selector` does not match template `labels`"
TEMPLATE = "spec.template"
MAX_CRON_NAME = 52


def deployment(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from not_negative(
        spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"
    )
    yield from _selector(spec, "deployment")
    yield from _always_restarted(spec, "ReplicaSet")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield wrong.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    yield from _strategy(spec.get("strategy") or {})


def _strategy(strategy: dict[str, Any]) -> Causes:
    path, rolling = "spec.strategy", strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            yield wrong.forbidden(f"{path}.rollingUpdate", text)
    elif strategy.get("type") != "RollingUpdate":
        shown = {"Type": strategy.get("type"), "RollingUpdate": rolling}
        yield wrong.not_supported(path, shown, ("Recreate", "RollingUpdate"))
    else:
        surge, unavailable = (rolling or {}).get("maxSurge", 0), (rolling or {}).get("maxUnavailable", 0)
        yield from number_or_percent(f"{path}.rollingUpdate.maxUnavailable", unavailable, at_most_all=True)
        yield from number_or_percent(f"{path}.rollingUpdate.maxSurge", surge)
        if surge in (0, "0%") and unavailable in (0, "0%"):
            text = "may not be 0 when `maxSurge` is 0"
            yield wrong.invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, text)


def _selector(spec: dict[str, Any], kind: str) -> Causes:
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    shown = dict(sorted(labels.items())) if labels else None
    if selector is None:
        yield wrong.required("spec.selector")
        yield wrong.invalid(f"{TEMPLATE}.metadata.labels", shown, NO_MATCH)
        return
    # In the order of the Go type, since it is shown.
    selector = {key: selector[key] for key in ("matchLabels", "matchExpressions") if key in selector}
    causes = list(label_selector(selector, "spec.selector"))
    yield from causes
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield wrong.invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
        return
    try:
        matched = not causes and selectors.from_object(selector).matches(labels)
    except errors.StatusError:
        matched = False
    if causes:
        yield wrong.invalid("spec.selector", selector, "invalid label selector")
    elif not matched:
        yield wrong.invalid(f"{TEMPLATE}.metadata.labels", shown, NO_MATCH)


def _always_restarted(spec: dict[str, Any], kind: str) -> Causes:
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    yield from pod_template(template, TEMPLATE)
    if pod.get("restartPolicy") in ("OnFailure", "Never"):
        yield wrong.not_supported(f"{TEMPLATE}.spec.restartPolicy", pod["restartPolicy"], ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {kind} is not Supported"
        yield wrong.forbidden(f"{TEMPLATE}.spec.activeDeadlineSeconds", text)


def replication_controller(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    if not spec.get("selector"):
        yield wrong.required("spec.selector")
    if not spec.get("template"):
        yield wrong.required("spec.template")
        return
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("selector") or {}).items()):
        yield wrong.invalid(f"{TEMPLATE}.metadata.labels", dict(sorted(labels.items())), NO_MATCH)
    yield from _always_restarted(spec, "ReplicationController")


def replica_set(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selector(spec, "deployment")
    yield from _always_restarted(spec, "ReplicaSet")


def stateful_set(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    policy, strategy = spec.get("podManagementPolicy"), spec.get("updateStrategy") or {}
    if policy not in ("OrderedReady", "Parallel"):
        yield wrong.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        shown = {"Type": strategy.get("type"), "RollingUpdate": strategy.get("rollingUpdate")}
        yield wrong.invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")
    yield from not_negative(strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate", "partition")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for key, value in retention.items():
        yield from one_of(f"spec.persistentVolumeClaimRetentionPolicy.{key}", value, ("Retain", "Delete"))
    yield from not_negative(spec.get("ordinals") or {}, "spec.ordinals", "start")
    yield from not_negative(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from _selector(spec, "statefulset")
    yield from _always_restarted(spec, "StatefulSet")


def daemon_set(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from not_negative(spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    if rolling.get("maxUnavailable") in (0, "0%") and rolling.get("maxSurge", 0) in (0, "0%"):
        text = "cannot be 0 when maxSurge is 0"
        yield wrong.required("spec.updateStrategy.rollingUpdate.maxUnavailable", text)
    yield from _selector(spec, "daemonset")
    yield from _always_restarted(spec, "DaemonSet")


# The largest minute, hour, day, month and day of the week.
LARGEST = (59, 23, 31, 12, 6)
JOB_NUMBERS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")


def job(obj: dict[str, Any]) -> Causes:
    spec = obj.get("spec") or {}
    yield from job_spec(spec, "spec")
    uid = obj["metadata"].get("uid", "")
    made = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    if not spec.get("manualSelector") and spec.get("selector") not in (None, made):
        shown = {"matchLabels": dict(sorted((spec["selector"].get("matchLabels") or {}).items()))}
        yield wrong.invalid("spec.selector", shown, "`selector` not auto-generated")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if spec.get("manualSelector") and not spec.get("selector"):
        yield wrong.required("spec.selector")
        yield wrong.invalid(f"{TEMPLATE}.metadata.labels", dict(sorted(labels.items())) if labels else None, NO_MATCH)
    if spec.get("selector") and not selectors.from_object(spec["selector"]).matches(labels):
        yield wrong.invalid(f"{TEMPLATE}.metadata.labels", dict(sorted((labels or {}).items())), NO_MATCH)


def job_spec(spec: dict[str, Any], path: str) -> Causes:
    yield from not_negative(spec, path, *JOB_NUMBERS)
    if spec.get("completionMode"):
        yield from one_of(f"{path}.completionMode", spec["completionMode"], ("NonIndexed", "Indexed"))
    yield from _indexed(spec, path)
    if spec.get("podReplacementPolicy") is not None:
        options = ("Failed", "TerminatingOrFailed")
        yield from one_of(f"{path}.podReplacementPolicy", spec["podReplacementPolicy"], options)
    if spec.get("managedBy") is not None:
        yield from domain_prefixed(f"{path}.managedBy", spec["managedBy"])
    template = spec.get("template") or {}
    yield from pod_template(template, f"{path}.template")
    if (template.get("spec") or {}).get("restartPolicy") not in ("OnFailure", "Never"):
        yield wrong.required(f"{path}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def _indexed(spec: dict[str, Any], path: str) -> Causes:
    """What only a Job with indexes may say."""
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        yield wrong.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.get("completionMode") == "Indexed":
        return
    for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(key) is not None:
            yield wrong.invalid(f"{path}.{key}", spec[key], "requires indexed completion mode")


def cron_job(obj: dict[str, Any]) -> Causes:
    spec, name = obj.get("spec") or {}, obj["metadata"].get("name", "")
    if len(name) > MAX_CRON_NAME:
        yield wrong.invalid("metadata.name", name, f"must be no more than {MAX_CRON_NAME} characters")
    schedule = spec.get("schedule", "")
    if not schedule:
        yield wrong.required("spec.schedule")
    elif "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield wrong.invalid("spec.schedule", schedule, text)
    elif not schedule.startswith("@"):
        yield from _schedule(schedule)
    yield from _time_zone(spec)
    yield from not_negative(
        spec, "spec", "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"
    )
    yield from one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    yield from job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")


def _time_zone(spec: dict[str, Any]) -> Causes:
    zone = spec.get("timeZone")
    if zone is None:
        return
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield wrong.invalid("spec.timeZone", zone, f"unknown time zone {zone}")


def _schedule(schedule: str) -> Causes:
    fields = schedule.split()
    if len(fields) != 5:
        text = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield wrong.invalid("spec.schedule", schedule, text)
        return
    for field, most in zip(fields, LARGEST, strict=True):
        above = [int(end) for end in re.findall(r"(?<!/)\b[0-9]+", field) if int(end) > most]
        if above and re.fullmatch(r"[0-9*,/-]+", field):
            yield wrong.invalid("spec.schedule", schedule, f"end of range ({above[0]}) above maximum ({most}): {field}")
            return
        if not re.fullmatch(r"[0-9A-Za-z*?,/-]+", field):
            yield wrong.invalid("spec.schedule", schedule, f"failed to parse int from {field}")
