"""How Kubernetes' Go types write their fields: OpenAPI does not tell, and it decides whether a zero is kept.

Role: Go drops a zero (`false`, `0`, `""`) of an `omitempty` field unless the field is a pointer, and always writes a
field without it; so does the embedded cluster. Reads the `types.go` files of the modules k8s.io/api,
k8s.io/apimachinery and k8s.io/apiextensions-apiserver as they lie unpacked in Go's module cache.
Called by `kubernetes_schemas.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^\s+\w+\s+(\*?)(\S+)\s+`[^`]*json:\"([\w$-]+)([^\"]*)\"", re.MULTILINE)
MODULES = ("api", "apimachinery", "apiextensions-apiserver")


def field_marks(modules: Path) -> dict[str, dict[str, str]]:
    """By definition (`io.k8s.api.core.v1.Probe`) and JSON name: `pointer`, `always` (written even when empty) or ``."""
    return dict(_structs(modules))


def _structs(modules: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for module in MODULES:
        for root in sorted(modules.glob(f"{module}@*")):
            for file in sorted(root.rglob("*types*.go")):
                package = ".".join(file.parent.relative_to(root).parts)
                for name, body in STRUCT.findall(file.read_text()):
                    yield f"io.k8s.{module}.{package}.{name}", dict(map(_mark, FIELD.findall(body)))


def _mark(field: tuple[str, str, str, str]) -> tuple[str, str]:
    star, kind, name, options = field
    # A time is a struct that writes itself as null: only `omitzero` leaves it out.
    if "omit" not in options or (
        not star and re.fullmatch(r"(metav1\.)?(Micro)?Time", kind) and "omitzero" not in options
    ):
        return name, "always"
    return name, "pointer" if star else ""
