"""The packaged facts of Kubernetes 1.36: definitions by name, and the discovery document.

Role: reads `data/` lazily, one API package at a time, and parses a definition when somebody asks for it. The files are
written by `tools/kubernetes_schemas.py`. Called by `schema`, `models` and `openapi`.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib import resources
from typing import Any

# Groups whose package is not called as their first part.
PACKAGES = {
    "": "core",
    "apiextensions.k8s.io": "apiextensions-apiserver.apiextensions",
    "apiregistration.k8s.io": "kube-aggregator.apiregistration",
}
PREFIXES = {
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
}
META = "io.k8s.apimachinery."


def _read(name: str) -> str:
    file = resources.files("mcp_cli.local.apimachinery") / "data" / name
    return gzip.decompress(file.read_bytes()).decode()


@cache
def package(name: str) -> dict[str, str]:
    """Definition name -> its schema as text: parsing waits until it is needed."""
    lines = (line.partition("\t") for line in _read(f"{name}.txt.gz").splitlines())
    return {key: text for key, _, text in lines}


def package_of(definition: str) -> str:
    if definition.startswith(META):
        return "meta"
    head = definition.rpartition(".")[0]
    for prefix in ("io.k8s.api.", "io.k8s."):
        if head.startswith(prefix):
            return head.removeprefix(prefix).replace("pkg.apis.", "")
    raise KeyError(definition)


def definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package(package_of(name))[name])
    return found


def definition_name(group: str, version: str, kind: str) -> str:
    """`("apps", "v1", "Deployment")` -> `io.k8s.api.apps.v1.Deployment`."""
    prefix = PREFIXES.get(group) or "io.k8s.api." + (group.partition(".")[0] or "core")
    return f"{prefix}.{version}.{kind}"


def has_definition(name: str) -> bool:
    try:
        return name in package(package_of(name))
    except (KeyError, FileNotFoundError):
        return False


def discovery() -> list[dict[str, Any]]:
    """Every built-in resource: group, version, resource, responseKind, scope, verbs, subresources."""
    found: list[dict[str, Any]] = json.loads(_read("discovery.json.gz"))
    return found
