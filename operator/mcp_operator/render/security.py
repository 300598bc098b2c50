"""Secure defaults: what Pod Security `restricted` asks for, and a read-only root.

Each field that the spec sets replaces the default of that field.
"""

from __future__ import annotations

from typing import Any

USER = 1000
_REQUESTS = {"cpu": "100m", "memory": "128Mi"}
_LIMITS = {"cpu": "500m", "memory": "512Mi"}


def pod_security(spec: dict[str, Any]) -> dict[str, Any]:
    default = {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {**default, **(spec.get("podSecurityContext") or {})}


def container_security(spec: dict[str, Any]) -> dict[str, Any]:
    default = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    return {**default, **(spec.get("securityContext") or {})}


def resources(spec: dict[str, Any]) -> dict[str, Any]:
    """Requests and limits; a resource of which the spec gives a request or a limit gets no default for the other.

    A default beside a given value could contradict it (a default request above the limit that was asked for).
    """
    given = spec.get("resources") or {}
    requests, limits = given.get("requests") or {}, given.get("limits") or {}
    free = [name for name in _REQUESTS if name not in requests and name not in limits]
    merged = {
        **given,
        "requests": {**{name: _REQUESTS[name] for name in free}, **requests},
        "limits": {**{name: _LIMITS[name] for name in free}, **limits},
    }
    return {key: value for key, value in merged.items() if value}
