"""The downward API: fields of the pod and resources of a container as text. Pure.

Used for environment variables and for downwardAPI volumes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


class FieldError(Exception):
    """A field that the downward API does not have."""


def pod_field(pod: Mapping[str, Any], path: str) -> str:
    """The text of a fieldPath such as `metadata.name` or `status.podIP`."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    subscript = _SUBSCRIPT.match(path)
    if subscript:
        return (metadata.get(subscript.group(1)) or {}).get(subscript.group(2), "")
    if path in ("metadata.labels", "metadata.annotations"):
        entries = metadata.get(path.removeprefix("metadata.")) or {}
        return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(entries.items()))
    plain = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(entry["ip"] for entry in status.get("podIPs") or []),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": status.get("hostIP", ""),
    }
    if path not in plain:
        raise FieldError(f"unsupported fieldPath: {path}")
    return plain[path]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def resource_field(
    pod: Mapping[str, Any], container: Mapping[str, Any], reference: Mapping[str, Any], capacity: Mapping[str, str]
) -> str:
    """A request or limit in whole units of the divisor; a limit that is not set is what the node has."""
    container = _container(pod, container, reference.get("containerName"))
    side, _, resource = reference["resource"].partition(".")
    if side not in ("limits", "requests") or not resource:
        raise FieldError(f"unsupported container resource: {reference['resource']}")
    resources = container.get("resources") or {}
    value = (resources.get(side) or {}).get(resource)
    if value is None and side == "limits":
        value = capacity.get(resource)
    divisor = quantity(str(reference.get("divisor") or "0"))
    return str(math.ceil(quantity(str(value or "0")) / (divisor or Decimal(1))))


def _container(pod: Mapping[str, Any], own: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    if not name:
        return own
    for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]:
        if container["name"] == name:
            return container
    raise FieldError(f"container {name} not found")


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity as a number: `100m`, `64Mi`, `1e3`."""
    match = re.fullmatch(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([KMGTPE]i)|([numkMGTPE]?))", text.strip())
    if match is None:
        raise FieldError(f"not a quantity: {text}")
    number = Decimal(match.group(1))
    if match.group(2):
        return number * Decimal(10) ** int(match.group(2)[1:])
    if match.group(3):
        return number * Decimal(1024) ** _BINARY[match.group(3)]
    return number * Decimal(10) ** _SUFFIXES[match.group(4) or ""]
