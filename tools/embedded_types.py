"""Kubernetes' own types in the form in which a CRD may embed them (a structural schema).

Role: pure; turns the definitions of /openapi/v3 into definitions whose every keyword a structural schema of Kubernetes
1.20 allows. `$ref`s name another definition of the result and are inlined by whoever writes a CRD.
Called by `kubernetes_schemas.py`.
"""

from __future__ import annotations

from typing import Any

CORE = "io.k8s.api.core.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
ROOTS = (
    *(
        CORE + kind
        for kind in (
            "EnvVar",
            "EnvFromSource",
            "ResourceRequirements",
            "Affinity",
            "Toleration",
            "TopologySpreadConstraint",
            "Volume",
            "VolumeMount",
            "SecurityContext",
            "PodSecurityContext",
            "Probe",
            "LocalObjectReference",
            "Container",
            "ContainerPort",
            "Lifecycle",
        )
    ),
    "io.k8s.api.autoscaling.v2.MetricSpec",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior",
    "io.k8s.api.networking.v1.NetworkPolicyIngressRule",
    "io.k8s.api.networking.v1.NetworkPolicyEgressRule",
    META + "LabelSelector",
)
KEPT = ("type", "format", "enum", "required", "x-kubernetes-map-type")
QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
INT_OR_STRING = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
SPECIAL: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": INT_OR_STRING,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {**INT_OR_STRING, "pattern": QUANTITY_PATTERN},
    # What a template may set of an object's metadata; the rest is the system's.
    META + "ObjectMeta": {
        "type": "object",
        "properties": {
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
            "finalizers": {"type": "array", "items": {"type": "string"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "name": {"type": "string"},
            "namespace": {"type": "string"},
        },
    },
}


def embedded_types(definitions: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The roots and all that they reference, by the short name of the kind."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        short = short_name(name)
        if short in found:
            continue
        found[short] = SPECIAL[name] if name in SPECIAL else structural(definitions[name], definitions, waiting)
    return found


def short_name(name: str) -> str:
    return name.rpartition(".")[2]


def structural(schema: dict[str, Any], definitions: dict[str, Any], waiting: list[str]) -> dict[str, Any]:
    """One definition with only what a structural schema allows; names met on the way join `waiting`."""
    if "$ref" in schema:
        waiting.append(schema["$ref"])
        return {"$ref": short_name(schema["$ref"])}
    out = {key: schema[key] for key in KEPT if key in schema}
    if "properties" in schema:
        required = schema.get("required", ())
        out["properties"] = {
            name: _property(child, name in required, definitions, waiting)
            for name, child in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            out[key] = structural(schema[key], definitions, waiting)
    out.update(_list_type(schema, definitions))
    return out


def _property(
    schema: dict[str, Any], required: bool, definitions: dict[str, Any], waiting: list[str]
) -> dict[str, Any]:
    """A scalar's default stays: it is the API server's, too. One of a required field would make it optional."""
    out = structural(schema, definitions, waiting)
    default = schema.get("default")
    if default and not required and not isinstance(default, dict):
        out["default"] = default
    return out


def _list_type(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """List types hold where the rules for CRDs do: a map's keys are required or have a default."""
    kind = schema.get("x-kubernetes-list-type")
    if kind in (None, "atomic"):
        return {} if kind is None else {"x-kubernetes-list-type": kind}
    items = schema["items"]
    item = definitions[items["$ref"]] if "$ref" in items else items
    if kind == "set":
        return {"x-kubernetes-list-type": kind} if item.get("type") in ("string", "integer", "boolean") else {}
    keys = schema["x-kubernetes-list-map-keys"]
    fit = all(key in item.get("required", ()) or item["properties"][key].get("default") for key in keys)
    return {"x-kubernetes-list-type": kind, "x-kubernetes-list-map-keys": keys} if fit else {}
