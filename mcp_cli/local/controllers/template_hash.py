"""The `pod-template-hash` of a Deployment's template, and whether two templates are the same.

Pure. The value only has to be stable and short; it is not that of kube-controller-manager, which hashes Go structures.
"""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]

HASH_LABEL = "pod-template-hash"
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, collisions: int = 0) -> str:
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    value = fnv32(text.encode() + (str(collisions).encode() if collisions else b""))
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(value))


def fnv32(data: bytes) -> int:
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def same_template(left: Object, right: Object) -> bool:
    """Equal but for the hash label."""
    return without_hash(left) == without_hash(right)


def without_hash(template: Object) -> Object:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    labels = {key: value for key, value in (metadata.pop("labels", None) or {}).items() if key != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def with_hash(template: Object, value: str) -> Object:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), HASH_LABEL: value}}}
