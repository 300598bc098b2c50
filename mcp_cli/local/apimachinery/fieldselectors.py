"""Field selectors: equality on the few fields that a kind offers for it.

Role: pure. Called by the API server for lists and watches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apimachinery.models import Model

COMMON = ("metadata.name", "metadata.namespace")
EVENT = (
    *(
        f"involvedObject.{name}"
        for name in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]
    ),
    "reason",
    "reportingComponent",
    "source",
    "type",
)
SUPPORTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    ("", "Event"): EVENT,
    ("", "Secret"): ("type",),
    ("", "Namespace"): ("status.phase",),
    ("", "Node"): ("spec.unschedulable",),
    ("", "ReplicationController"): ("status.replicas",),
    ("", "Service"): ("spec.clusterIP", "spec.type"),
    ("batch", "Job"): ("status.successful",),
    ("certificates.k8s.io", "CertificateSigningRequest"): ("spec.signerName",),
}
# Fields that do not stand in the object under their own name.
ELSEWHERE = {
    "status.successful": "status.succeeded",
    "source": "source.component",
    "reportingComponent": "reportingComponent",
}
# What an integer or a boolean field says where it is not set.
ZERO = {"status.replicas": "0", "status.successful": "0", "spec.hostNetwork": "false", "spec.unschedulable": "false"}


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; an empty value compares with a field that is not set."""

    field: str
    value: str
    equal: bool

    def matches(self, obj: dict[str, Any]) -> bool:
        return (field_value(obj, self.field) == self.value) == self.equal


@dataclass(frozen=True, slots=True)
class FieldSelector:
    terms: tuple[Term, ...] = ()

    def matches(self, obj: dict[str, Any]) -> bool:
        return all(term.matches(obj) for term in self.terms)

    def exact(self, field: str) -> str | None:
        """The one value that this field may have, for a reader that has an index of it."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)

    def __str__(self) -> str:
        return ",".join(f"{term.field}{'=' if term.equal else '!='}{term.value}" for term in self.terms)


def field_value(obj: dict[str, Any], field: str) -> str:
    place: Any = obj
    for part in ELSEWHERE.get(field, field).split("."):
        place = place.get(part) if isinstance(place, dict) else None
    if field == "source" and not place:
        place = obj.get("reportingComponent")
    if field == "status.podIPs" and isinstance(place, list):
        return ",".join(entry.get("ip", "") for entry in place)
    if place is None:
        return ZERO.get(field, "")
    return str(place).lower() if isinstance(place, bool) else str(place)


def parse(model: Model, text: str) -> FieldSelector:
    """`metadata.name=x,status.phase!=Running`; raises 400 for other fields than the kind offers."""
    return FieldSelector(tuple(_term(model, part) for part in _split(text) if part))


def _split(text: str) -> list[str]:
    """At commas that no backslash escapes."""
    return re.split(r"(?<!\\),", text)


def _term(model: Model, text: str) -> Term:
    match = re.match(r"((?:[^\\=!]|\\.)*)(==|!=|=)", text, re.DOTALL)
    if match is None:
        raise errors.bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    field, raw = match.group(1), text[match.end() :]
    if re.search(r"(?<!\\)=", raw):
        raise errors.bad_request(f"invalid field selector: unescaped character in value: {ord('=')}")
    if field not in _supported(model):
        raise errors.bad_request(_unknown(model, field))
    return Term(field, re.sub(r"\\([\\,=])", r"\1", raw), match.group(2) != "!=")


def _unknown(model: Model, field: str) -> str:
    """Kinds with fields of their own word it otherwise than those that only have a name and a namespace."""
    if not model.builtin or (model.group, model.kind) in SUPPORTED:
        return f"field label not supported: {field}"
    known = ", ".join(f'"{name}"' for name in COMMON)
    return f'"{field}" is not a known field selector: only {known}'


def _supported(model: Model) -> tuple[str, ...]:
    extra = SUPPORTED.get((model.group, model.kind), ())
    if model.group == "events.k8s.io":
        extra = ("reason", "regarding.kind", "regarding.name", "regarding.namespace", "regarding.uid", "type")
    selectable = tuple(
        entry["jsonPath"].lstrip(".") for entry in (model.crd_version or {}).get("selectableFields") or ()
    )
    return (*COMMON, *extra, *selectable)
