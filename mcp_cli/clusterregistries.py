"""The MCPRegistries of a cluster as the command line uses them: a source of the catalogue, and asking for a reading.

Role: entries from the ConfigMaps of an MCPRegistry, for `--type cluster`, of the cluster that a source was added from;
the annotation that makes the operator of the session's cluster read its source at once. Called by `mcp registry add`
and `mcp registry refresh`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import ANNOTATION_SYNC_TRIGGER
from mcp_operator.catalog import stored
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.fetch.reading import Item, Reader, Reading
from mcp_operator.runtime.resources import CONFIGMAPS

from mcp_cli.errors import CliError, ClusterProblem
from mcp_cli.kinds import REGISTRIES
from mcp_cli.servers import find

if TYPE_CHECKING:
    from mcp_operator.catalog.sources import Source

    from mcp_cli.kube import Cluster
    from mcp_cli.session import Session

TYPE = "cluster"
# A new set may take the place of the old one between two requests.
_TRIES = 3
_START = "it is the embedded cluster: mcp local start"


def readers(session: Session) -> dict[str, Reader]:
    """What the catalogue needs to read sources of this type."""
    return {TYPE: lambda reading: _read(session, reading)}


def place(session: Session, name: str, path: str) -> str:
    """NAMESPACE/REGISTRY of a source: what `--path` says, else the registry of that name in the session's namespace."""
    namespace, slash, registry = (path or name).rpartition("/")
    return f"{namespace if slash else session.namespace}/{registry}"


def remembered(session: Session) -> dict[str, str]:
    """Fields of a source that say which cluster the session's is; nothing in a pod, which has its own only.

    A link stays a link: it may lead to another file tomorrow, and relative names in a kubeconfig count from the link.
    """
    target = session.cluster.target
    if not target.context:
        return {}
    files = (str(Path(name).absolute()) for name in target.source.split(os.pathsep))
    return {"kubeconfig": os.pathsep.join(files), "context": target.context}


def ask_for_reading(session: Session, name: str | None) -> list[dict[str, Any]]:
    """Every MCPRegistry of the namespace, or one of them, with a new value of the annotation."""
    namespace = session.namespace
    chosen = [find(session, REGISTRIES, name)] if name else session.cluster.list(REGISTRIES, namespace)["items"]
    patch = {"metadata": {"annotations": {ANNOTATION_SYNC_TRIGGER: datetime.now(UTC).isoformat()}}}
    return [
        session.cluster.merge(REGISTRIES, one["metadata"]["name"], patch, one["metadata"]["namespace"])
        for one in chosen
    ]


def _cluster_of(session: Session, source: Source) -> Cluster:
    """The cluster that the source was added from; the session's where it remembers none."""
    if not source.context:
        return session.cluster
    from mcp_cli.kube import Cluster
    from mcp_cli.target import from_files

    files = [name for name in source.kubeconfig.split(os.pathsep) if Path(name).is_file()]
    if not files:
        words = f"the kubeconfig {source.kubeconfig} does not exist any more"
        raise CatalogError(words, f"add it again: mcp registry add {source.name} --type {TYPE} --path {source.path}")
    target = from_files(files, source.context)
    return Cluster(target, request_timeout=session.request_timeout, verbose=session.verbose)


def _read(session: Session, reading: Reading) -> Iterator[Item]:
    try:
        yield from _entries(_cluster_of(session, reading.source), reading)
    except CliError as error:
        hint = _START if isinstance(error, ClusterProblem) and _is_embedded(reading.source) else error.hint
        raise CatalogError(error.message, hint) from error


def _is_embedded(source: Source) -> bool:
    from mcp_cli.local.paths import ClusterPaths

    return Path(source.kubeconfig).resolve() == ClusterPaths.default().kubeconfig.resolve()


def _entries(cluster: Cluster, reading: Reading) -> Iterator[Item]:
    namespace, _, registry = reading.source.path.partition("/")
    index = _index(cluster, namespace, registry)
    reading.state = {"shards": list(index.shards)}
    if reading.before == reading.state:
        reading.unchanged = True
        return
    for attempt in range(1, _TRIES + 1):
        contents = [_shard(cluster, namespace, shard) for shard in index.shards]
        if all(content is not None for content in contents):
            break
        if attempt == _TRIES:
            raise CatalogError(f"the entries of {namespace}/{registry} are incomplete", "ask again in a moment")
        index = _index(cluster, namespace, registry)
        reading.state = {"shards": list(index.shards)}
    done = 0
    for content in contents:
        for line in stored.lines(content or b""):
            done += 1
            yield replace(stored.entry_of(line), source=reading.source.name)
        reading.progress(done, index.count)


def _index(cluster: Cluster, namespace: str, registry: str) -> stored.Index:
    found = cluster.find(CONFIGMAPS, stored.index_name(registry), namespace)
    index = stored.index_of(found) if found else None
    if index is not None:
        return index
    if cluster.find(REGISTRIES, registry, namespace) is None:
        words = f"there is no MCPRegistry {registry} in namespace {namespace}"
        raise CatalogError(words, "`mcp get registries -A` lists what there is")
    hint = f"`mcp describe registry {registry} -n {namespace}` says why"
    raise CatalogError(f"the MCPRegistry {namespace}/{registry} holds no entries yet", hint)


def _shard(cluster: Cluster, namespace: str, name: str) -> bytes | None:
    found = cluster.find(CONFIGMAPS, name, namespace)
    if found is None:
        return None
    return base64.b64decode((found.get("binaryData") or {}).get(stored.ENTRIES_KEY, ""))
