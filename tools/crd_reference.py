"""Writes `docs/crds.md` from the CRDs (`make generate`); with `--check` says when it is not current (exit 1)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp_operator.api.crds import crds

TARGET = Path(__file__).parent.parent / "docs" / "crds.md"
HEAD = """# Resources

Generated from `mcp_operator.api` by `make generate`. Fields whose type is a Kubernetes type of that name are described
in Kubernetes' own reference.

"""


HEADER = ("| field | type | meaning |", "| --- | --- | --- |")


def render() -> str:
    """The whole page."""
    return HEAD + "\n".join(line for crd in crds() for line in _kind(crd))


def _kind(crd: dict[str, Any]) -> Iterator[str]:
    names, version = crd["spec"]["names"], crd["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}"
    yield ""
    short = ", ".join(f"`{name}`" for name in names["shortNames"])
    api_version = f"{crd['spec']['group']}/{version['name']}"
    yield f"`{api_version}`, plural `{names['plural']}`, short {short}. {schema['description']}"
    for part in ("spec", "status"):
        rows = list(_rows(schema["properties"][part], ""))
        if rows:
            yield from ("", f"### {names['kind']}.{part}", "", *HEADER, *rows)
    yield ""


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        if "description" not in field and not prefix:
            continue
        path = f"{prefix}{name}"
        mark = " (required)" if name in required else ""
        yield f"| `{path}`{mark} | {_type(field)} | {_meaning(field)} |"
        inner = field.get("items", field)
        if _ours(inner):
            yield from _rows(inner, f"{path}{'[]' if field.get('type') == 'array' else ''}.")


def _ours(schema: dict[str, Any]) -> bool:
    """Whether the fields below are ours: those of Kubernetes' types come without descriptions."""
    properties = schema.get("properties", {})
    return bool(properties) and all("description" in field for field in properties.values())


def _type(field: dict[str, Any]) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return "map"
    return str(field.get("type", "object"))


def _meaning(field: dict[str, Any]) -> str:
    words = [field.get("description", "")]
    enum = field.get("enum") or field.get("items", {}).get("enum")
    if enum:
        words.append("One of " + ", ".join(f"`{value}`" for value in enum) + ".")
    if "default" in field:
        value = field["default"]
        words.append(f"Default `{str(value).lower() if isinstance(value, bool) else value}`.")
    return " ".join(word for word in words if word).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    text = render()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text() == text
        if not current:
            print(f"{TARGET} is not current; run: make generate", file=sys.stderr)
        return 0 if current else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
