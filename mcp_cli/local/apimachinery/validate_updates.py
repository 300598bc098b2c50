"""What may not change once an object is there.

Role: pure. Called by `validators`.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.validate_values import Causes

IMMUTABLE_WHEN_SET = "field is immutable when `immutable` is set"
POD_MESSAGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
STATEFUL_MESSAGE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
STATEFUL_MUTABLE = {
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
}


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("spec") or {}


def selector(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    """Deployments, ReplicaSets, DaemonSets."""
    if _spec(new).get("selector") != _spec(old).get("selector"):
        yield wrong.immutable("spec.selector", _spec(new).get("selector"))


def stateful_set(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    before = {key: value for key, value in _spec(old).items() if key not in STATEFUL_MUTABLE}
    after = {key: value for key, value in _spec(new).items() if key not in STATEFUL_MUTABLE}
    if before != after:
        yield wrong.forbidden("spec", STATEFUL_MESSAGE)


def job(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    spec, before = _spec(new), _spec(old)
    if spec.get("completions") != before.get("completions") and spec.get("completionMode") != "Indexed":
        yield wrong.immutable("spec.completions", spec.get("completions"))
    for key in ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
        if spec.get(key) != before.get(key):
            yield wrong.immutable(f"spec.{key}", spec.get(key))
    # A suspended Job that has not started may still get another node and other resources.
    started = (old.get("status") or {}).get("startTime") is not None
    if spec.get("template") != before.get("template") and (started or not before.get("suspend")):
        yield wrong.immutable("spec.template", spec.get("template"))


def service(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    spec, before = _spec(new), _spec(old)
    if spec.get("type") == "ExternalName" or before.get("type") == "ExternalName":
        return
    addresses, known = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    if before.get("clusterIP") and spec.get("clusterIP") != before["clusterIP"]:
        shown = addresses if addresses and addresses[0] == spec.get("clusterIP") else [spec.get("clusterIP", "")]
        yield wrong.invalid("spec.clusterIPs[0]", shown, "may not change once set")
    elif known and addresses and addresses[0] != known[0]:
        yield wrong.invalid("spec.clusterIPs[0]", addresses, "may not change once set")


def secret(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    if new.get("type") != old.get("type"):
        yield wrong.immutable("type", new.get("type"))
    yield from _frozen(new, old, ("data",))


def config_map(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    yield from _frozen(new, old, ("data", "binaryData"))


def _frozen(new: dict[str, Any], old: dict[str, Any], fields: tuple[str, ...]) -> Causes:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield wrong.forbidden("immutable", IMMUTABLE_WHEN_SET)
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            yield wrong.forbidden(field, IMMUTABLE_WHEN_SET)


def pod(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    """Images, the deadline and more tolerations; everything else is fixed once the pod is there."""
    after, before = copy.deepcopy(_spec(new)), _spec(old)
    for kind in ("containers", "initContainers"):
        if len(after.get(kind) or ()) != len(before.get(kind) or ()):
            yield wrong.forbidden(f"spec.{kind}", "pod updates may not add or remove containers")
            return
        for changed, known in zip(after.get(kind) or (), before.get(kind) or (), strict=True):
            changed["image"] = known.get("image")
    for key in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        after.pop(key, None)
    kept = {k: v for k, v in before.items() if k not in ("activeDeadlineSeconds", "tolerations", "schedulingGates")}
    if after != kept:
        yield wrong.forbidden("spec", POD_MESSAGE)
    deadline, former = (_spec(obj).get("activeDeadlineSeconds") for obj in (new, old))
    if former is not None and deadline is None:
        yield wrong.invalid("spec.activeDeadlineSeconds", None, "must not update from a positive integer to nil value")
    elif former is not None and deadline > former:
        yield wrong.invalid("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value")


def role_binding(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    if new.get("roleRef") != old.get("roleRef"):
        target = new.get("roleRef") or {}
        shown = {"APIGroup": target.get("apiGroup"), "Kind": target.get("kind"), "Name": target.get("name")}
        yield wrong.invalid("roleRef", shown, "cannot change roleRef")


def volume_claim(new: dict[str, Any], old: dict[str, Any]) -> Causes:
    def fixed(obj: dict[str, Any]) -> dict[str, Any]:
        return {
            k: v for k, v in _spec(obj).items() if k not in ("resources", "volumeName", "volumeAttributesClassName")
        }

    if fixed(new) != fixed(old):
        text = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        yield wrong.forbidden("spec", text)
