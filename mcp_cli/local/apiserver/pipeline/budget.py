"""Admission by a namespace's LimitRanges and ResourceQuotas. Called by `admission`, for every creation."""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery import errors, limits, quantities, quota
from mcp_cli.local.apiserver.pipeline.write import CREATE, Write
from mcp_cli.local.storage import Conflict

LIMITED = ("pods", "persistentvolumeclaims")


async def default_limits(write: Write) -> None:
    """A container that does not say what it needs gets what its namespace gives."""
    if _creates_core(write) and write.model.plural == "pods":
        limits.give_defaults(write.object, _all(write, "limitranges"))


async def within_limits(write: Write) -> None:
    """Nothing is created beyond the bounds of its namespace's LimitRanges."""
    if not _creates_core(write) or write.model.plural not in LIMITED:
        return
    check = limits.broken if write.model.plural == "pods" else limits.broken_claim
    found = check(write.object, _all(write, "limitranges"))
    if found:
        raise _forbidden(write, found[0] if len(found) == 1 else f"[{', '.join(found)}]")


async def within_quota(write: Write) -> None:
    """Nothing is created that is more than a ResourceQuota of its namespace allows."""
    if write.operation != CREATE or not write.model.namespaced:
        return
    group, plural = write.model.group, write.model.plural
    if write.server.objects.find(write.model, write.namespace, write.object["metadata"]["name"]) is not None:
        return  # The store will say that the name is taken.
    for each in _all(write, "resourcequotas"):
        names = quota.relevant(each, group, plural)
        if names and (plural != "pods" or quota.applies(each, write.object)):
            _check(write, each, names)


def _check(write: Write, each: dict[str, Any], names: list[str]) -> None:
    group, plural, name = write.model.group, write.model.plural, each["metadata"]["name"]
    missing = quota.unspecified(names, write.object) if plural == "pods" else ""
    if missing:
        raise _forbidden(write, f"failed quota: {name}: must specify {missing}")
    hard, wanted = each["spec"]["hard"], quota.usage(group, plural, write.object)
    used = _used(write, each)
    over = [key for key in names if wanted.get(key) and used.get(key, 0) + wanted[key] > quantities.parse(hard[key])]
    if over:
        asked, taken = (",".join(f"{k}={quota.written(k, x.get(k, quota.ZERO))}" for k in over) for x in (wanted, used))
        limited = ",".join(f"{key}={hard[key]}" for key in over)
        text = f"exceeded quota: {name}, requested: {asked}, used: {taken}, limited: {limited}"
        raise _forbidden(write, text)
    if not write.dry_run:
        _note(write, each, {key: quota.written(key, used.get(key, quota.ZERO) + wanted.get(key, 0)) for key in names})


def _used(write: Write, each: dict[str, Any]) -> quota.Amounts:
    """What is there already counts, whether or not the quota's status says so yet."""
    used: quota.Amounts = {}
    group, plural = write.model.group, write.model.plural
    for obj in write.server.objects.all(write.model, write.namespace):
        if plural != "pods" or quota.applies(each, obj):
            used = quota.added(used, quota.usage(group, plural, obj))
    return used


def _note(write: Write, each: dict[str, Any], used: dict[str, str]) -> None:
    """The status says at once what was taken; what is given back, its controller finds out."""
    model = write.server.registry.find("", "v1", "resourcequotas")
    assert model is not None
    status = each.get("status") or {}
    if not status.get("used"):
        return  # Its controller has yet to count everything.
    each["status"] = {**status, "used": {**status["used"], **used}}
    try:
        write.server.objects.update(model, each, each["metadata"]["resourceVersion"])
    except (Conflict, errors.StatusError):
        # Somebody changed the quota at this moment: its controller counts anew.
        return


def _creates_core(write: Write) -> bool:
    return write.operation == CREATE and write.model.group == "" and write.model.namespaced


def _all(write: Write, plural: str) -> list[dict[str, Any]]:
    model = write.server.registry.find("", "v1", plural)
    assert model is not None
    return write.server.objects.all(model, write.namespace)


def _forbidden(write: Write, text: str) -> errors.StatusError:
    return errors.forbidden(write.model.group, write.model.plural, write.object["metadata"].get("name", ""), text)
