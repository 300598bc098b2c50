"""The ConfigMaps and Secrets that an MCPServer reads, and the checksum that rolls its pods when one changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["ConfigMap", "Secret"]


class Reference(NamedTuple):
    """One object in the server's namespace."""

    kind: Kind
    name: str


def references(spec: dict[str, Any]) -> list[Reference]:
    """Every ConfigMap and Secret that `spec` (an MCPServer's) names, sorted, each once."""
    found = [*_sources(spec), *_environment(spec), *_volumes(spec), *_headers(spec)]
    return sorted({reference for reference in found if reference.name})


def checksum(objects: Mapping[Reference, dict[str, Any] | None]) -> str | None:
    """16 hex digits over the data of the referenced objects (None: missing); None when nothing is referenced.

    Metadata does not count: a label or a managed field does not roll pods. The digest gives no value of a Secret away.
    """
    if not objects:
        return None
    digest = hashlib.sha256()
    for reference in sorted(objects):
        content = objects[reference]
        data = content and [content.get("data"), content.get("binaryData"), content.get("stringData")]
        digest.update(json.dumps([reference, data], sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _sources(spec: dict[str, Any]) -> Iterator[Reference]:
    for source in spec.get("configSources") or []:
        yield Reference("ConfigMap", source.get("name", ""))
    for source in spec.get("secretRefs") or []:
        yield Reference("Secret", source.get("name", ""))


def _environment(spec: dict[str, Any]) -> Iterator[Reference]:
    for source in spec.get("envFrom") or []:
        yield Reference("ConfigMap", (source.get("configMapRef") or {}).get("name", ""))
        yield Reference("Secret", (source.get("secretRef") or {}).get("name", ""))
    for variable in spec.get("env") or []:
        origin = variable.get("valueFrom") or {}
        yield Reference("ConfigMap", (origin.get("configMapKeyRef") or {}).get("name", ""))
        yield Reference("Secret", (origin.get("secretKeyRef") or {}).get("name", ""))


def _volumes(spec: dict[str, Any]) -> Iterator[Reference]:
    for volume in spec.get("volumes") or []:
        for part in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            yield Reference("ConfigMap", (part.get("configMap") or {}).get("name", ""))
            secret = part.get("secret") or {}
            yield Reference("Secret", secret.get("secretName") or secret.get("name", ""))


def _headers(spec: dict[str, Any]) -> Iterator[Reference]:
    for header in (spec.get("runtime") or {}).get("headers") or []:
        yield Reference("Secret", ((header.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", ""))
