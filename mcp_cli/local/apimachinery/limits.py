"""LimitRanges: what a namespace gives to containers that say nothing, and between which bounds the rest must be.

Role: pure; in the words of the API server. Called by its admission when a pod or a claim is created.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mcp_cli.local.apimachinery import quantities, quota

ANNOTATION = "kubernetes.io/limit-ranger"
Object = dict[str, Any]
Amounts = dict[str, Decimal]


def items(ranges: list[Object], kind: str) -> Iterator[Object]:
    for each in ranges:
        yield from (item for item in (each.get("spec") or {}).get("limits") or () if item.get("type") == kind)


def give_defaults(pod: Object, ranges: list[Object]) -> None:
    """Sets what containers leave out, and says so in an annotation."""
    spec, given = pod.get("spec") or {}, []
    defaults = {
        "requests": _merged(ranges, "defaultRequest"),
        "limits": _merged(ranges, "default"),
    }
    for kind, title in (("containers", "container"), ("initContainers", "init container")):
        for container in spec.get(kind) or ():
            for part, word in (("requests", "request"), ("limits", "limit")):
                names = _fill(container, part, defaults[part])
                if names:
                    given.append(f"{', '.join(names)} {word} for {title} {container['name']}")
    if given:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(given)}"


def _merged(ranges: list[Object], part: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for item in items(ranges, "Container"):
        for name, value in (item.get(part) or {}).items():
            out.setdefault(name, value)
    return out


def _fill(container: Object, part: str, defaults: dict[str, Any]) -> list[str]:
    known = (container.get("resources") or {}).get(part) or {}
    names = sorted(defaults.keys() - known.keys())
    if names:
        container.setdefault("resources", {})[part] = {**known, **{name: defaults[name] for name in names}}
    return names


def broken(pod: Object, ranges: list[Object]) -> list[str]:
    """What a pod does that its namespace's ranges do not allow."""
    spec = pod.get("spec") or {}
    found: list[str] = []
    for item in items(ranges, "Container"):
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            found += _checked(item, _parsed(resources.get("requests")), _parsed(resources.get("limits")))
    for item in items(ranges, "Pod"):
        found += _checked(item, _of_pod(pod, "requests"), _of_pod(pod, "limits"))
    return list(dict.fromkeys(found))


def broken_claim(claim: Object, ranges: list[Object]) -> list[str]:
    """The same of a PersistentVolumeClaim, which has requests only."""
    requests = _parsed(((claim.get("spec") or {}).get("resources") or {}).get("requests"))
    found: list[str] = []
    for item in items(ranges, "PersistentVolumeClaim"):
        for word, bounds in (("minimum", item.get("min") or {}), ("maximum", item.get("max") or {})):
            for name, bound in sorted(bounds.items()):
                said = f"{word} {name} usage per PersistentVolumeClaim is {bound}"
                if name not in requests:
                    found.append(f"{said}.  No request is specified")
                elif _beyond(word, requests[name], bound):
                    found.append(f"{said}, but request is {quota.written(name, requests[name])}")
    return found


def _parsed(values: dict[str, Any] | None) -> Amounts:
    return {name: quantities.parse(value) for name, value in (values or {}).items()}


def _of_pod(pod: Object, part: str) -> Amounts:
    return {name: amount for name in quota.COMPUTE if (amount := quota.of_pod(pod, part, name))}


def _beyond(word: str, amount: Decimal, bound: str) -> bool:
    limit = quantities.parse(bound)
    return amount < limit if word == "minimum" else amount > limit


def _checked(item: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = item["type"]
    for name, bound in sorted((item.get("min") or {}).items()):
        yield from _bounded("minimum", f"{name} usage per {kind} is {bound}", name, bound, requests, limits, "request")
    for name, bound in sorted((item.get("max") or {}).items()):
        yield from _bounded("maximum", f"{name} usage per {kind} is {bound}", name, bound, limits, requests, "limit")
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(f"{name} max limit to request ratio per {kind} is {bound}", name, bound, requests, limits)


def _bounded(
    word: str, said: str, name: str, bound: str, first: Amounts, second: Amounts, needed: str
) -> Iterator[str]:
    """`first` must be there and within the bound; `second` only within it."""
    other = "limit" if needed == "request" else "request"
    if name not in first:
        yield f"{word} {said}.  No {needed} is specified"
    elif _beyond(word, first[name], bound):
        yield f"{word} {said}, but {needed} is {quota.written(name, first[name])}"
    elif name in second and _beyond(word, second[name], bound):
        yield f"{word} {said}, but {other} is {quota.written(name, second[name])}"


def _ratio(said: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for word, amounts in (("request", requests), ("limit", limits)):
        if not amounts.get(name):
            yield f"{said}, but no {word} is specified or {word} is 0"
            return
    ratio = limits[name] / requests[name]
    if ratio > quantities.parse(bound):
        yield f"{said}, but provided ratio is {float(ratio):f}"
