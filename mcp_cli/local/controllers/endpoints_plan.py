"""The endpoints of a Service: which pod addresses, on which ports, ready or not.

Pure: Service and pods in, the contents of Endpoints and EndpointSlices out. Called by `endpoints`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_cli.local.controllers.objects import (
    Object,
    compact,
    is_deleting,
    is_finished,
    is_ready,
    name,
    namespace,
    status,
)
from mcp_cli.local.controllers.objects import uid as uid_of

SLICE_SIZE = 100
ENDPOINTS_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Backend:
    """One pod behind a Service, on one address."""

    pod: Object
    address: str
    ports: tuple[tuple[str, str, int, str], ...]
    """Name, protocol, number and application protocol."""
    ready: bool
    serving: bool
    terminating: bool


def backends(service: Object, pods: Sequence[Object], family: str = "IPv4") -> list[Backend]:
    """The pods with a node and an address that are not finished, each with the Service's ports as it has them."""
    anyway = bool(service["spec"].get("publishNotReadyAddresses"))
    found = []
    for pod in sorted(pods, key=name):
        address = _address(pod, family)
        if address is None or is_finished(pod) or not pod["spec"].get("nodeName"):
            continue
        serving, terminating = is_ready(pod), is_deleting(pod)
        ready = anyway or (serving and not terminating)
        found.append(Backend(pod, address, _ports(service, pod), ready, serving, terminating))
    return found


def _address(pod: Object, family: str) -> str | None:
    state = status(pod)
    for each in [*(each["ip"] for each in state.get("podIPs") or ()), state.get("podIP")]:
        if each and (":" in each) == (family == "IPv6"):
            return str(each)
    return None


def _ports(service: Object, pod: Object) -> tuple[tuple[str, str, int, str], ...]:
    ports = []
    for port in service["spec"].get("ports") or ():
        number = target_port(port, pod)
        if number is not None:
            ports.append((port.get("name") or "", port.get("protocol") or "TCP", number, port.get("appProtocol") or ""))
    return tuple(ports)


def target_port(port: Object, pod: Object) -> int | None:
    """The number of the pod's port; a named one may differ from pod to pod, and may be missing."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    protocol = port.get("protocol") or "TCP"
    sidecars = [each for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in [*pod["spec"]["containers"], *sidecars]:
        for each in container.get("ports") or ():
            if each.get("name") == target and (each.get("protocol") or "TCP") == protocol:
                return int(each["containerPort"])
    return int(target) if str(target).isdigit() else None


def target_reference(pod: Object) -> Object:
    return {"kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid_of(pod)}


# --- Endpoints ---------------------------------------------------------------------------------------------------


def subsets(service: Object, found: Sequence[Backend]) -> list[Object]:
    """`subsets` of the Endpoints: addresses grouped by the ports that they share."""
    groups: dict[tuple[tuple[str, str, int, str], ...], dict[str, list[Object]]] = {}
    for backend in found[:ENDPOINTS_SIZE]:
        if backend.terminating and not service["spec"].get("publishNotReadyAddresses"):
            continue
        if service["spec"].get("ports") and not backend.ports:
            continue
        lists = groups.setdefault(backend.ports, {"addresses": [], "notReadyAddresses": []})
        lists["addresses" if backend.ready else "notReadyAddresses"].append(_endpoint_address(backend))
    return [
        compact({**lists, "ports": [_endpoint_port(*each) for each in sorted(ports)]})
        for ports, lists in sorted(groups.items(), key=lambda entry: entry[0])
    ]


def _endpoint_address(backend: Backend) -> Object:
    pod = backend.pod
    return compact(
        {
            "ip": backend.address,
            "hostname": pod["spec"].get("hostname") if pod["spec"].get("subdomain") else None,
            "nodeName": pod["spec"].get("nodeName"),
            "targetRef": target_reference(pod),
        }
    )


def _endpoint_port(port_name: str, protocol: str, number: int, app_protocol: str) -> Object:
    return compact({"name": port_name, "port": number, "protocol": protocol, "appProtocol": app_protocol})


# --- EndpointSlices ----------------------------------------------------------------------------------------------


def slices(found: Sequence[Backend]) -> list[tuple[list[Object], list[Object]]]:
    """Ports and endpoints of each slice: one for each set of ports, of at most a hundred endpoints."""
    groups: dict[tuple[tuple[str, str, int, str], ...], list[Object]] = {}
    for backend in found:
        groups.setdefault(backend.ports, []).append(_slice_endpoint(backend))
    wanted = []
    for ports, endpoints in sorted(groups.items(), key=lambda entry: entry[0]):
        spelled = [_slice_port(*each) for each in ports]
        for start in range(0, len(endpoints), SLICE_SIZE):
            wanted.append((spelled, endpoints[start : start + SLICE_SIZE]))
    return wanted or [([], [])]


def _slice_endpoint(backend: Backend) -> Object:
    conditions = {"ready": backend.ready, "serving": backend.serving, "terminating": backend.terminating}
    endpoint = compact(
        {
            "addresses": [backend.address],
            "hostname": backend.pod["spec"].get("hostname") if backend.pod["spec"].get("subdomain") else None,
            "nodeName": backend.pod["spec"].get("nodeName"),
            "targetRef": target_reference(backend.pod),
        }
    )
    return {**endpoint, "conditions": conditions}


def _slice_port(port_name: str, protocol: str, number: int, app_protocol: str) -> Object:
    return {
        "name": port_name,
        "port": number,
        "protocol": protocol,
        **({"appProtocol": app_protocol} if app_protocol else {}),
    }
