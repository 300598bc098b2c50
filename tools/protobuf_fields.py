"""Extract the protobuf field numbers of Kubernetes' built-in types, which kubectl's `create` commands send.

    go mod download k8s.io/api@V k8s.io/apimachinery@V
    python tools/protobuf_fields.py --modules $(go env GOMODCACHE)/k8s.io

Role: writes `mcp_cli/local/apiserver/data/protobuf.txt.gz`, a line a message: its name, then `number:json name:type`
for each field, the type with `*` where it is repeated, `map:` before the value type of a map, and `inline` as the name
of an embedded struct. Run by hand when the embedded cluster moves to another version of Kubernetes.
"""

from __future__ import annotations

import argparse
import gzip
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "mcp_cli/local/apiserver/data/protobuf.txt.gz"
PACKAGES = (
    "api/core/v1", "api/apps/v1", "api/batch/v1", "api/autoscaling/v1", "api/autoscaling/v2", "api/policy/v1",
    "api/networking/v1", "api/rbac/v1", "api/scheduling/v1", "api/coordination/v1", "api/discovery/v1", "api/events/v1",
    "api/authentication/v1", "api/authorization/v1", "api/storage/v1", "api/node/v1", "api/certificates/v1",
    "apimachinery/pkg/apis/meta/v1", "apimachinery/pkg/api/resource", "apimachinery/pkg/runtime",
    "apimachinery/pkg/util/intstr",
)  # fmt: skip
MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.M | re.S)
FIELD = re.compile(r"^\s*(optional|repeated)? ?(map<string, ?)?([\w.]+)>? (\w+) = (\d+);", re.M)
TAG = re.compile(r'json:"([^"]*)" protobuf:"\w+,(\d+),')
STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.M | re.S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--modules", required=True, type=Path, help="folder that holds api@VERSION and its siblings")
    modules = parser.parse_args().modules
    lines = [line for package in PACKAGES for line in package_lines(modules, package)]
    OUTPUT.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    print(f"{len(lines)} messages written to {OUTPUT}")


def package_lines(modules: Path, package: str) -> list[str]:
    """The messages of one package."""
    module, _, inner = package.partition("/")
    folder = sorted(modules.glob(f"{module}@*"))[-1] / inner
    text = (folder / "generated.proto").read_text()
    proto_package = re.search(r"^package ([\w.]+);", text, re.M)
    assert proto_package is not None
    names = json_names(folder)
    return [
        f"{proto_package[1]}.{match[1]} {fields(match[2], proto_package[1], names.get(match[1], {}))}"
        for match in MESSAGE.finditer(text)
    ]


def json_names(folder: Path) -> dict[str, dict[str, str]]:
    """struct -> field number -> its name in JSON; `inline` for an embedded struct."""
    found: dict[str, dict[str, str]] = {}
    for file in folder.glob("*.go"):
        for struct in STRUCT.finditer(file.read_text()):
            tags = {}
            for tag in TAG.finditer(struct[2]):
                name = tag[1].partition(",")[0]
                if name != "-":
                    tags[tag[2]] = name or "inline"
            found.setdefault(struct[1], {}).update(tags)
    return found


def fields(body: str, package: str, names: dict[str, str]) -> str:
    described = []
    for label, is_map, kind, name, number in FIELD.findall(body):
        full = kind.removeprefix(".") if "." in kind else kind
        if full[0].isupper():
            full = f"{package}.{full}"
        mark = "map:" if is_map else "*" if label == "repeated" else ""
        described.append(f"{number}:{names.get(number, name)}:{mark}{full}")
    return " ".join(described)


if __name__ == "__main__":
    main()
