"""Validation of the small kinds: leases, classes, slices, events, revisions, nodes and webhook configurations.

Role: pure. Called by `validators`.
"""

from __future__ import annotations

import re
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import names
from mcp_cli.local.apimachinery.validate_services import PROTOCOLS
from mcp_cli.local.apimachinery.validate_values import (
    Causes,
    address,
    domain_prefixed,
    messages,
    not_negative,
    one_of,
)

MAX_PRIORITY = 1_000_000_000
SYSTEM = "system-"
REVIEW_VERSIONS = ("v1", "v1beta1")
OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
URL_FORM = "desired format: https://host[/path]"
Object = dict[str, Any]


def lease(obj: Object) -> Causes:
    spec = obj.get("spec") or {}
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield wrong.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    yield from not_negative(spec, "spec", "leaseTransitions")


def priority_class(obj: Object) -> Causes:
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith(SYSTEM):
        text = f"priority class names with '{SYSTEM}' prefix are reserved for system use only."
        yield wrong.forbidden("metadata.name", f"{text} error: {name} is not a known system priority class")
    elif value > MAX_PRIORITY:
        yield wrong.forbidden("value", f"maximum allowed value of a user defined priority is {MAX_PRIORITY}")
    if obj.get("preemptionPolicy") is not None:
        yield from one_of("preemptionPolicy", obj["preemptionPolicy"], ("PreemptLowerPriority", "Never"))


def storage_class(obj: Object) -> Causes:
    if not obj.get("provisioner"):
        yield wrong.required("provisioner")
    yield from one_of("reclaimPolicy", obj.get("reclaimPolicy", "Delete"), ("Delete", "Retain"))
    binding = obj.get("volumeBindingMode", "Immediate")
    yield from one_of("volumeBindingMode", binding, ("Immediate", "WaitForFirstConsumer"))


def ingress_class(obj: Object) -> Causes:
    controller = (obj.get("spec") or {}).get("controller")
    if not controller:
        yield wrong.required("spec.controller")
    else:
        yield from domain_prefixed("spec.controller", controller)


def endpoint_slice(obj: Object) -> Causes:
    kind = obj.get("addressType")
    if not kind:
        yield wrong.required("addressType")
        return
    yield from one_of("addressType", kind, ("FQDN", "IPv4", "IPv6"))
    for index, entry in enumerate(obj.get("ports") or ()):
        if entry.get("name"):
            yield from messages(names.is_dns1123_label, f"ports[{index}].name", entry["name"])
        yield from one_of(f"ports[{index}].protocol", entry.get("protocol", "TCP"), PROTOCOLS)
    for index, entry in enumerate(obj.get("endpoints") or ()):
        place = f"endpoints[{index}].addresses"
        if not entry.get("addresses"):
            yield wrong.required(place, "must contain at least 1 address")
        for position, value in enumerate(entry.get("addresses") or ()):
            check = address if kind in ("IPv4", "IPv6") else _host_name
            yield from check(f"{place}[{position}]", value)


def _host_name(path: str, value: str) -> Causes:
    yield from messages(names.is_dns1123_subdomain, path, value)


def event(obj: Object) -> Causes:
    """An event stands in the namespace of what it is about."""
    about = (obj.get("involvedObject") or {}).get("namespace", "")
    if (about or "default") != obj["metadata"].get("namespace", ""):
        yield wrong.invalid("involvedObject.namespace", about, "does not match event.namespace")


def controller_revision(obj: Object) -> Causes:
    yield from (wrong.invalid("revision", number, NEGATIVE) for number in [obj.get("revision", 0)] if number < 0)
    if obj.get("data") is None:
        yield wrong.required("data", "data is mandatory")


NEGATIVE = "must be greater than or equal to 0"


def node(obj: Object) -> Causes:
    effects = ("NoSchedule", "PreferNoSchedule", "NoExecute")
    for index, taint in enumerate((obj.get("spec") or {}).get("taints") or ()):
        yield from messages(names.is_qualified_name, f"metadata.taints[{index}].key", taint.get("key", ""))
        yield from one_of(f"metadata.taints[{index}].effect", taint.get("effect", ""), effects)


def webhooks(obj: Object) -> Causes:
    """ValidatingWebhookConfiguration and MutatingWebhookConfiguration."""
    for index, hook in enumerate(obj.get("webhooks") or ()):
        yield from _webhook(hook, f"webhooks[{index}]")


def _webhook(hook: Object, path: str) -> Causes:
    name = hook.get("name", "")
    if name.count(".") < 2:
        yield wrong.invalid(f"{path}.name", name, "should be a domain with at least three segments separated by dots")
    versions = hook.get("admissionReviewVersions") or []
    known = ", ".join(REVIEW_VERSIONS)
    if not versions:
        yield wrong.required(f"{path}.admissionReviewVersions", f"must specify one of {known}")
    elif not set(versions) & set(REVIEW_VERSIONS):
        yield wrong.invalid(f"{path}.admissionReviewVersions", versions, f"must include at least one of {known}")
    for position, rule in enumerate(hook.get("rules") or ()):
        yield from _rule(rule, f"{path}.rules[{position}]")
    for key, options in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        if hook.get(key) is not None:
            yield from one_of(f"{path}.{key}", hook[key], options)
    if hook.get("sideEffects") is None:
        yield wrong.required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun")
    else:
        yield from one_of(f"{path}.sideEffects", hook["sideEffects"], ("None", "NoneOnDryRun"))
    seconds = hook.get("timeoutSeconds", 1)
    if not 1 <= seconds <= 30:
        yield wrong.invalid(f"{path}.timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds")
    yield from _client(hook.get("clientConfig") or {}, f"{path}.clientConfig")


def _rule(rule: Object, path: str) -> Causes:
    for index, operation in enumerate(rule.get("operations") or ()):
        yield from one_of(f"{path}.operations[{index}]", operation, OPERATIONS)
    for key, words in (("apiGroups", "API groups"), ("apiVersions", "API versions"), ("resources", "")):
        values = rule.get(key) or []
        if not values:
            yield wrong.required(f"{path}.{key}")
        elif words and "*" in values and len(values) > 1:
            yield wrong.invalid(f"{path}.{key}", values, f"if '*' is present, must not specify other {words}")


def _client(config: Object, path: str) -> Causes:
    url = config.get("url")
    if (url is None) == (config.get("service") is None):
        yield wrong.required(path, "exactly one of url or service is required")
    elif url is not None and not url.startswith("https://"):
        scheme = re.split("[:/]", url)[0]
        yield wrong.invalid(f"{path}.url", scheme, f"'https' is the only allowed URL scheme; {URL_FORM}")
