"""Extract the facts of Kubernetes' built-in API from a running kube-apiserver, without any of its prose.

    go mod download k8s.io/api@V k8s.io/apimachinery@V k8s.io/apiextensions-apiserver@V
    python tools/kubernetes_schemas.py --server https://127.0.0.1:6443 --token T --modules $(go env GOMODCACHE)/k8s.io

Role: writes the data of the embedded cluster (`mcp_cli/local/apimachinery/data/`: a gzipped file for each API
package, and the discovery document) and the types that our CRDs embed
(`operator/mcp_operator/api/kubernetes_types.json`).
Not its job: to start the server, which must hold no CRDs.
Run by hand when the embedded cluster moves to another version.
"""

from __future__ import annotations

import argparse
import gzip
import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embedded_types import embedded_types
from go_types import field_marks

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "mcp_cli/local/apimachinery/data"
TYPES = ROOT / "operator/mcp_operator/api/kubernetes_types.json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
REF_PREFIX = "#/components/schemas/"
# Prose: the packaged data are facts.
NOISE = ("description",)
SCALARS = ("string", "boolean", "integer", "number")


def main() -> None:
    arguments = _arguments()
    definitions = dict(sorted(fetch_definitions(arguments.server, arguments.token).items()))
    write_packages(mark_fields(definitions, field_marks(arguments.modules)))
    write_gzip(DATA / "discovery.json.gz", fetch_discovery(arguments.server, arguments.token))
    TYPES.write_text(json.dumps(embedded_types(definitions), separators=(",", ":"), sort_keys=True) + "\n")
    print(f"{len(definitions)} definitions written to {DATA}, the embedded types to {TYPES}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--server", required=True, help="address of the kube-apiserver")
    parser.add_argument("--token", required=True, help="bearer token that may read the API")
    parser.add_argument("--modules", required=True, type=Path, help="folder that holds api@VERSION and its siblings")
    return parser.parse_args()


def fetch(server: str, token: str, path: str, accept: str = "application/json") -> Any:
    request = urllib.request.Request(server + path, headers={"Authorization": f"Bearer {token}", "Accept": accept})
    context = ssl.create_default_context()
    # A test control plane signs its own certificate, anew in each folder.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)


def fetch_definitions(server: str, token: str) -> dict[str, dict[str, Any]]:
    """All schemas of /openapi/v3 by name, stripped, with plain `$ref`s by name."""
    found: dict[str, dict[str, Any]] = {}
    for path, entry in fetch(server, token, "/openapi/v3")["paths"].items():
        if not path.startswith(("api/", "apis/")) or not path.rsplit("/", 1)[1].startswith("v"):
            continue
        document = fetch(server, token, entry["serverRelativeURL"])
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            found[name] = strip(schema)
    return found


def strip(schema: dict[str, Any]) -> dict[str, Any]:
    """One schema without prose; `{"allOf": [{"$ref": X}]}` becomes `{"$ref": name}`, its `default` stays."""
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in NOISE:
            continue
        if key == "properties":
            out[key] = {name: strip(child) for name, child in sorted(value.items())}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = strip(value)
        elif key == "allOf":
            out["$ref"] = value[0]["$ref"].removeprefix(REF_PREFIX)
        elif key == "$ref":
            out["$ref"] = value.removeprefix(REF_PREFIX)
        else:
            out[key] = value
    return out


def mark_fields(definitions: dict[str, dict[str, Any]], marks: dict[str, dict[str, str]]) -> dict[str, dict[str, Any]]:
    """`always: true` on fields that are written even when empty, `pointer: true` on scalars whose zero is kept."""
    for name, schema in definitions.items():
        for field, child in schema.get("properties", {}).items():
            mark = marks.get(name, {}).get(field)
            if mark == "always" or (mark == "pointer" and child.get("type") in SCALARS):
                child[mark] = True
    return definitions


def package_of(name: str) -> str:
    """`io.k8s.api.core.v1.Pod` -> `core.v1`; everything of the machinery -> `meta`."""
    package = name.rpartition(".")[0]
    for prefix in ("io.k8s.api.", "io.k8s."):
        if package.startswith(prefix):
            package = package.removeprefix(prefix)
            break
    return "meta" if package.startswith("apimachinery") else package.replace("pkg.apis.", "")


def write_packages(definitions: dict[str, dict[str, Any]]) -> None:
    """One file a package, one line a definition (`name<TAB>schema`), so that a reader parses only what it needs."""
    DATA.mkdir(parents=True, exist_ok=True)
    packages: dict[str, list[str]] = {}
    for name, schema in definitions.items():
        packages.setdefault(package_of(name), []).append(name + "\t" + json.dumps(schema, separators=(",", ":")))
    for package, lines in packages.items():
        write_gzip(DATA / f"{package}.txt.gz", "\n".join(lines))


def fetch_discovery(server: str, token: str) -> list[dict[str, Any]]:
    """Every resource with its group and version, in the server's order."""
    return [
        resource
        for path in ("/api", "/apis")
        for group in fetch(server, token, path, AGGREGATED)["items"]
        for resource in _resources_of(group)
    ]


def _resources_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for version in group["versions"]:
        for resource in version["resources"]:
            yield {"group": group["metadata"].get("name", ""), "version": version["version"], **resource}


def write_gzip(path: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
    # No time stamp: the same facts give the same bytes.
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
