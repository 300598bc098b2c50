"""What the API server sets and keeps itself when an object is created or updated.

Role: in place; status and spec kept apart, generation, the initial status of kinds. `metadata.uid` is set before.
Not its job: addresses of Services, anything that needs other objects. Called by the API server before validation.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from mcp_cli.local.apimachinery import qos
from mcp_cli.local.apimachinery.defaults_kinds import TEMPLATE_GENERATION
from mcp_cli.local.apimachinery.models import Model

# Kinds of which no generation is kept.
WITHOUT_GENERATION = {
    ("", kind)
    for kind in [
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "Namespace",
        "Node",
        "Endpoints",
        "Event",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Service",
        "LimitRange",
        "ResourceQuota",
    ]
} | {
    ("apps", "ControllerRevision"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("coordination.k8s.io", "Lease"),
    ("events.k8s.io", "Event"),
    ("storage.k8s.io", "StorageClass"),
    *(("rbac.authorization.k8s.io", kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")),
}
SYSTEM_METADATA = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
# Kinds whose labels a write to the status leaves alone.
LABELS_KEPT = {("apps", "Deployment")}
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
JOB_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")
JOB_NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")


def counts_generation(model: Model) -> bool:
    return not model.builtin or (model.group, model.kind) not in WITHOUT_GENERATION


def prepare_create(model: Model, obj: dict[str, Any]) -> None:
    """A client may not write a status where it is a subresource; the first generation is 1."""
    # A Node alone is registered together with its status.
    if model.has_status and (model.builtin or "status" in obj) and (model.group, model.kind) != ("", "Node"):
        _reset_status(model, obj)
    if counts_generation(model):
        obj["metadata"]["generation"] = 1
    else:
        obj["metadata"].pop("generation", None)
    initial = CREATORS.get((model.group, model.kind))
    if initial is not None:
        initial(obj)


def _reset_status(model: Model, obj: dict[str, Any]) -> None:
    if not model.builtin:
        obj.pop("status", None)
        return
    # A freshly decoded object has the status that Go writes for an empty one.
    from mcp_cli.local.apimachinery import defaulting, godecode

    kept = {"kind": obj.get("kind"), "apiVersion": obj.get("apiVersion"), "metadata": {"name": ""}}
    godecode.decode_struct(model.schema, kept, [])
    if "status" in kept:
        obj["status"] = kept["status"]
        # The phase of a namespace or claim is a default, not something that a client wrote.
        probe = {**kept, "spec": {}}
        defaulting.default(model, probe)
        obj["status"] = probe["status"]
    else:
        obj.pop("status", None)


def prepare_update(model: Model, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> None:
    """Writes to the object keep its status, writes to its status keep the rest; generation follows the spec."""
    _keep_metadata(new, old)
    if subresource == "status":
        _keep_all_but_status(model, new, old)
    elif model.has_status:
        if "status" in old:
            new["status"] = copy.deepcopy(old["status"])
        else:
            new.pop("status", None)
    keep = UPDATERS.get((model.group, model.kind))
    # The finalize subresource is there to write what an update keeps.
    if keep is not None and subresource != "finalize":
        keep(new, old)
    if subresource != "status" and counts_generation(model) and _desired(model, new) != _desired(model, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _keep_metadata(new: dict[str, Any], old: dict[str, Any]) -> None:
    metadata, before = new.setdefault("metadata", {}), old["metadata"]
    for key in SYSTEM_METADATA:
        if key in before:
            metadata[key] = before[key]
        else:
            metadata.pop(key, None)
    for key in ("name", "namespace"):
        if key in before:
            metadata.setdefault(key, before[key])
    if "generateName" in before:
        metadata.setdefault("generateName", before["generateName"])


def _keep_all_but_status(model: Model, new: dict[str, Any], old: dict[str, Any]) -> None:
    for key in [key for key in new if key not in ("apiVersion", "kind", "metadata", "status")]:
        if key not in old:
            del new[key]
    for key, value in old.items():
        if key not in ("apiVersion", "kind", "metadata", "status"):
            new[key] = copy.deepcopy(value)
    if (model.group, model.kind) in LABELS_KEPT:
        keep_member(new["metadata"], old["metadata"], "labels")
    if not model.builtin:
        # Of a custom resource's metadata, a status write reaches only managedFields.
        managed = new["metadata"].get("managedFields")
        version = new["metadata"].get("resourceVersion")
        new["metadata"] = copy.deepcopy(old["metadata"])
        for key, value in (("managedFields", managed), ("resourceVersion", version)):
            if value is not None:
                new["metadata"][key] = value


def keep_member(new: dict[str, Any], old: dict[str, Any], key: str) -> None:
    if key in old:
        new[key] = copy.deepcopy(old[key])
    else:
        new.pop(key, None)


def _desired(model: Model, obj: dict[str, Any]) -> Any:
    if not model.builtin:
        skipped = ("metadata", "status") if model.has_status else ("metadata",)
        return {key: value for key, value in obj.items() if key not in skipped}
    if (model.group, model.kind) == ("apps", "Deployment"):
        # Its controller copies the annotations to ReplicaSets.
        return obj.get("spec"), obj["metadata"].get("annotations") or {}
    if "spec" in model.schema.properties:
        return obj.get("spec")
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def _pod(obj: dict[str, Any]) -> None:
    if (obj["spec"].get("terminationGracePeriodSeconds") or 0) < 0:
        obj["spec"]["terminationGracePeriodSeconds"] = 1
    obj["status"] = {"phase": "Pending", "qosClass": qos.quality_class(obj.get("spec") or {})}


def _keep_quality(new: dict[str, Any], old: dict[str, Any]) -> None:
    quality = (old.get("status") or {}).get("qosClass")
    if quality:
        new.setdefault("status", {}).setdefault("qosClass", quality)
    status = new.get("status") or {}
    if status.get("podIP") and not status.get("podIPs"):
        status["podIPs"] = [{"ip": status["podIP"]}]


def _namespace(obj: dict[str, Any]) -> None:
    spec = obj.setdefault("spec", {})
    finalizers = spec.get("finalizers") or []
    spec["finalizers"] = finalizers if "kubernetes" in finalizers else [*finalizers, "kubernetes"]
    obj["status"] = {"phase": "Active"}


def _keep_finalizers(new: dict[str, Any], old: dict[str, Any]) -> None:
    """Only the finalize subresource changes a namespace's spec."""
    new["spec"] = copy.deepcopy(old.get("spec") or {})
    new["metadata"].setdefault("labels", {})[NAMESPACE_LABEL] = new["metadata"]["name"]


def _service(obj: dict[str, Any]) -> None:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return
    # Whose endpoints are somebody else's may have addresses of both families.
    any_family = spec.get("clusterIP") == "None" and not spec.get("selector")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if any_family and "ipFamilyPolicy" not in spec else ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if len(spec["ipFamilies"]) > 1 else "SingleStack")
    if spec.get("clusterIP"):
        spec.setdefault("clusterIPs", [spec["clusterIP"]])


def _keep_addresses(new: dict[str, Any], old: dict[str, Any]) -> None:
    """A replace that does not name the allocated address or ports keeps them."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec.get("type") == "ExternalName" or before.get("type") == "ExternalName":
        return
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not spec.get(key) and before.get(key):
            spec[key] = copy.deepcopy(before[key])
    if spec.get("type") in ("NodePort", "LoadBalancer") and before.get("type") in ("NodePort", "LoadBalancer"):
        known = {(port["port"], port.get("protocol")): port.get("nodePort") for port in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            found = known.get((port.get("port"), port.get("protocol")))
            if not port.get("nodePort") and found:
                port["nodePort"] = found


def _job(obj: dict[str, Any]) -> None:
    """Unless the selector is the client's own, it is made of the Job's uid."""
    spec, uid, name = obj["spec"], obj["metadata"].get("uid", ""), obj["metadata"].get("name", "")
    if spec.get("manualSelector"):
        return
    template = spec["template"].setdefault("metadata", {})
    template["labels"] = {
        **(template.get("labels") or {}),
        **dict.fromkeys(JOB_LABELS, uid),
        **dict.fromkeys(JOB_NAME_LABELS, name),
    }
    labels = obj["metadata"].get("labels") or {}
    if not labels.keys() - template["labels"].keys():
        obj["metadata"]["labels"] = dict(template["labels"])
    spec["selector"] = {"matchLabels": {JOB_LABELS[0]: uid}}


def _daemon_set(obj: dict[str, Any]) -> None:
    obj["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = "1"


def _count_templates(new: dict[str, Any], old: dict[str, Any]) -> None:
    before = int((old["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "0"))
    changed = new["spec"].get("template") != old["spec"].get("template")
    new["metadata"].setdefault("annotations", {})[TEMPLATE_GENERATION] = str(before + changed)


def _definition(obj: dict[str, Any]) -> None:
    stored = [version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")]
    obj["status"]["storedVersions"] = stored


CREATORS: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
    ("", "Pod"): _pod,
    ("", "Namespace"): _namespace,
    ("", "Service"): _service,
    ("batch", "Job"): _job,
    ("apps", "DaemonSet"): _daemon_set,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}
UPDATERS: dict[tuple[str, str], Callable[[dict[str, Any], dict[str, Any]], None]] = {
    ("", "Pod"): _keep_quality,
    ("", "Namespace"): _keep_finalizers,
    ("", "Service"): _keep_addresses,
    ("apps", "DaemonSet"): _count_templates,
}
