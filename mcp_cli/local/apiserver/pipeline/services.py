"""Services: what their type allows, and the cluster IPs and node ports that they are given. Called by the pipeline."""

from __future__ import annotations

from typing import Any

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver.pipeline.write import Write

NODE_PORTS = range(30000, 32768)
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_CLUSTER_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def prepare_service(write: Write) -> None:
    """Before validation: keep what an update leaves out, drop what the Service's type cannot have."""
    if not _concerned(write):
        return
    spec = write.object.setdefault("spec", {})
    old = (write.old or {}).get("spec", {})
    if spec.get("type") != old.get("type"):
        _drop_policies(spec, old)
    if spec.get("type") == "ExternalName":
        for field in _CLUSTER_FIELDS:
            spec.pop(field, None)
    elif old.get("clusterIP"):
        _keep_cluster_ip(write, spec, old["clusterIP"])
    if spec.get("type") not in _WITH_NODE_PORTS and old.get("type") in _WITH_NODE_PORTS:
        _drop_node_ports(spec, old)


def _concerned(write: Write) -> bool:
    return write.model.plural == "services" and not write.model.group and not write.subresource


def _keep_cluster_ip(write: Write, spec: dict[str, Any], held: str) -> None:
    given = spec.get("clusterIP") or held
    if given != held:
        raise _refused(write, "spec.clusterIPs[0]", f'["{given}"]', "may not change once set")
    spec["clusterIP"] = held
    spec["clusterIPs"] = spec.get("clusterIPs") or [held]


def allocate(write: Write) -> None:
    """After validation: give the Service the addresses and ports that its type calls for."""
    if not _concerned(write) or write.object["spec"].get("type") == "ExternalName":
        return
    spec = write.object["spec"]
    if not (write.old or {}).get("spec", {}).get("clusterIP"):
        _cluster_ip(write, spec)
    if spec.get("type") in _WITH_NODE_PORTS:
        _node_ports(write, spec)


def _drop_policies(spec: dict[str, Any], old: dict[str, Any]) -> None:
    """Traffic policies that the former type had and the new one cannot have."""
    unchanged = spec.get("externalTrafficPolicy") == old.get("externalTrafficPolicy")
    if spec.get("type") not in _WITH_NODE_PORTS and unchanged:
        spec.pop("externalTrafficPolicy", None)
    if spec.get("type") == "ExternalName" and spec.get("internalTrafficPolicy") == old.get("internalTrafficPolicy"):
        spec.pop("internalTrafficPolicy", None)


def _cluster_ip(write: Write, spec: dict[str, Any]) -> None:
    given = spec.get("clusterIP") or (spec.get("clusterIPs") or [""])[0]
    if not given:
        given = write.server.addresses.allocate() or ""
        if not given:
            raise errors.internal("failed to allocate a serviceIP: range is full")
    elif given != "None":
        _check_wanted(write, given)
    spec["clusterIP"] = given
    spec["clusterIPs"] = [given]
    anywhere = given == "None" and not spec.get("selector")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if anywhere else ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if anywhere else "SingleStack")


def _check_wanted(write: Write, address: str) -> None:
    addresses, name = write.server.addresses, write.object["metadata"]["name"]
    problem = ""
    if not addresses.contains(address):
        problem = f"failed to allocate IP {address}: the provided network does not match the current range"
    elif addresses.owner(address) not in (None, f"{write.namespace}/{name}"):
        problem = f"failed to allocate IP {address}: provided IP is already allocated"
    if problem:
        raise _refused(write, "spec.clusterIPs", f'["{address}"]', problem)


def _refused(write: Write, field: str, value: str, problem: str) -> errors.StatusError:
    cause = errors.Cause("FieldValueInvalid", f"Invalid value: {value}: {problem}", field)
    return errors.invalid("", "Service", write.object["metadata"]["name"], [cause])


def _node_ports(write: Write, spec: dict[str, Any]) -> None:
    taken = _taken(write)
    for index, port in enumerate(spec.get("ports") or []):
        wanted = (port.get("protocol", "TCP"), port.get("nodePort") or 0)
        if wanted[1]:
            if wanted in taken:
                field = f"spec.ports[{index}].nodePort"
                raise _refused(write, field, str(wanted[1]), "provided port is already allocated")
        else:
            port["nodePort"] = next(free for free in NODE_PORTS if (wanted[0], free) not in taken)
        taken.add((wanted[0], port["nodePort"]))


def _taken(write: Write) -> set[tuple[str, int]]:
    """The node ports of all other Services."""
    own = write.object["metadata"].get("uid")
    return {
        (port.get("protocol", "TCP"), port["nodePort"])
        for service in write.server.objects.all(write.model)
        if service["metadata"]["uid"] != own
        for port in service["spec"].get("ports") or []
        if port.get("nodePort")
    }


def _drop_node_ports(spec: dict[str, Any], old: dict[str, Any]) -> None:
    """A Service that no longer has node ports loses those that it was given, not those set with this write."""
    before = {port.get("nodePort") for port in old.get("ports") or []}
    for port in spec.get("ports") or []:
        if port.get("nodePort") in before:
            port.pop("nodePort", None)
