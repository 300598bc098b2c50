"""Documents of `-f FILE`, and where each kind lives in the API.

Role: read YAML or JSON documents from a file, a folder or stdin; clean what only a server sets; find the resource of a
kind. Called by `deploy` and `delete`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_operator.api.shape import object_shape
from mcp_operator.runtime.resources import Resource

from mcp_cli.errors import CliError, KindMissing, WrongUsage

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster

_SET_BY_THE_SERVER = (
    "managedFields",
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "generation",
    "selfLink",
    "deletionTimestamp",
)
_SUFFIXES = (".yaml", ".yml", ".json")


def read_all(paths: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every object of every path, Lists taken apart."""
    objects = [obj for path in paths for name, text in _texts(path) for obj in parse(text, name)]
    if not objects:
        raise CliError(
            f"there is no object in {', '.join(paths)}", "A manifest has apiVersion, kind, metadata and spec."
        )
    return objects


def _texts(path: str) -> Iterator[tuple[str, str]]:
    if path == "-":
        yield "stdin", _text(sys.stdin.buffer.read(), "stdin")
        return
    place = Path(path)
    files = sorted(p for p in place.iterdir() if p.suffix in _SUFFIXES) if place.is_dir() else [place]
    for file in files:
        yield str(file), _text(file.read_bytes(), str(file))


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CliError(f"{name} is not text", "A manifest is YAML or JSON in UTF-8.") from error


def parse(text: str, name: str) -> Iterator[dict[str, Any]]:
    """The objects of one text."""
    from mcp_cli.documents import Unreadable, documents_of

    try:
        documents = documents_of(text)
    except Unreadable as error:
        raise CliError(f"{name} {error}", "Correct the file.") from error
    for number, document in enumerate(documents, 1):
        yield from _objects(document, f"{name}, document {number}" if len(documents) > 1 else name)


def _objects(document: Any, where: str) -> Iterator[dict[str, Any]]:
    if (
        isinstance(document, dict)
        and isinstance(document.get("items"), list)
        and str(document.get("kind", "")).endswith("List")
    ):
        for item in document["items"]:
            yield from _objects(item, where)
        return
    needed = ("apiVersion", "kind", "metadata")
    absent = [key for key in needed if not (isinstance(document, dict) and document.get(key))]
    if absent:
        raise CliError(
            f"{where} is no Kubernetes object: it has no {absent[0]}",
            "A manifest has apiVersion, kind, metadata and spec.",
        )
    wrong = object_shape(document)
    if wrong:
        raise CliError(f"{where} is no Kubernetes object: {'; '.join(map(str, wrong))}", "Correct the file.")
    if not document["metadata"].get("name"):
        raise CliError(f"{where} has no metadata.name", "Every object needs a name.")
    yield cleaned(document)


def cleaned(document: dict[str, Any]) -> dict[str, Any]:
    """Without status and what the server sets, so that what was printed can be written again."""
    metadata = {k: v for k, v in document["metadata"].items() if k not in _SET_BY_THE_SERVER}
    return {k: v for k, v in document.items() if k != "status"} | {"metadata": metadata}


def resource_for(cluster: Cluster, obj: dict[str, Any]) -> Resource:
    """The resource of an object's kind: ours by heart, any other as the cluster's discovery says."""
    from mcp_cli.kinds import PLURALS

    api_version, kind = obj["apiVersion"], obj["kind"]
    ours = next((r for r in PLURALS.values() if r.api_version == api_version and r.kind == kind), None)
    if ours:
        return ours
    group, _, version = api_version.rpartition("/")
    base = f"/apis/{api_version}" if group else f"/api/{version}"
    try:
        listed = cluster.json("GET", base)["resources"]
    except CliError as error:
        raise _unknown_kind(api_version, kind) from error
    found = next((r for r in listed if r["kind"] == kind and "/" not in r["name"]), None)
    if found is None:
        raise _unknown_kind(api_version, kind)
    return Resource(group, version, found["name"], kind, bool(found["namespaced"]))


def _unknown_kind(api_version: str, kind: str) -> KindMissing:
    return KindMissing(
        f"the cluster does not know {kind} in {api_version}",
        "Check apiVersion and kind; `kubectl api-resources` lists them.",
    )


def with_namespace(obj: dict[str, Any], namespace: str, asked: str | None) -> dict[str, Any]:
    """The object in a namespace: its own, which must not contradict the one asked for."""
    own = obj["metadata"].get("namespace")
    if own and asked and own != asked:
        raise WrongUsage(
            f'{obj["kind"]} "{obj["metadata"]["name"]}" is of namespace "{own}", not "{asked}"',
            "Leave -n out, or change the manifest.",
        )
    return obj | {"metadata": {**obj["metadata"], "namespace": own or namespace}}
