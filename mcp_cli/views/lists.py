"""The columns of `mcp get`, one tuple a kind.

Role: pure accessors of plain objects. The columns of servers are those of the CRD, so that `kubectl get` shows the
same. Called by the commands that print lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mcp_operator.runtime.resources import Resource

from mcp_cli.durations import age
from mcp_cli.kinds import BACKUPS, REGISTRIES, SERVERS, desired_replicas, plural_word, reference, spec_of, status_of
from mcp_cli.output.style import PHASE_COLOURS
from mcp_cli.output.table import Column, Table


def _name(obj: dict[str, Any]) -> object:
    return obj["metadata"]["name"]


def _typed_name(obj: dict[str, Any]) -> object:
    return reference(obj)


def _age(obj: dict[str, Any]) -> object:
    return age(obj["metadata"].get("creationTimestamp"))


def _status(field: str) -> Any:
    return lambda obj: status_of(obj).get(field)


def _phase(obj: dict[str, Any]) -> object:
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else status_of(obj).get("phase") or "Pending"


def _ready(obj: dict[str, Any]) -> object:
    return int(status_of(obj).get("readyReplicas") or 0)


def _replicas(obj: dict[str, Any]) -> object:
    """The CRD's column says `.status.replicas`; before there is a status, what was asked for."""
    replicas = status_of(obj).get("replicas")
    return desired_replicas(obj) if replicas is None else replicas


def _tools(obj: dict[str, Any]) -> object:
    return (status_of(obj).get("mcp") or {}).get("toolCount")


def _ready_condition(obj: dict[str, Any]) -> object:
    return next((c.get("status") for c in status_of(obj).get("conditions") or [] if c.get("type") == "Ready"), None)


NAMESPACE = Column("NAMESPACE", lambda obj: obj["metadata"].get("namespace"))

SERVER_COLUMNS = (
    Column("NAME", _name),
    Column("IMAGE", _status("image")),
    Column("TAG", _status("tag")),
    Column("REPLICAS", _replicas),
    Column("READY", _ready),
    Column("PHASE", _phase, colours=PHASE_COLOURS),
    Column("AGE", _age),
    Column("ENDPOINT", _status("serviceEndpoint"), wide=True),
    Column("TOOLS", _tools, wide=True),
    Column("REASON", _status("reason"), wide=True),
)

REGISTRY_COLUMNS = (
    Column("NAME", _name),
    Column("READY", _ready_condition),
    Column("PHASE", _phase, colours=PHASE_COLOURS),
    Column("SERVERS", _status("serversDiscovered")),
    Column(
        "LAST SYNC", lambda obj: age(status_of(obj).get("lastSyncTime")) if status_of(obj).get("lastSyncTime") else None
    ),
    Column("AGE", _age),
    Column("SOURCE", lambda obj: (spec_of(obj).get("source") or {}).get("type"), wide=True),
    Column("REVISION", _status("observedRevision"), wide=True),
)

BACKUP_COLUMNS = (
    Column("NAME", _name),
    Column("MCPSERVER", lambda obj: (spec_of(obj).get("serverRef") or {}).get("name")),
    Column("PHASE", _phase, colours=PHASE_COLOURS),
    Column("SCHEDULE", lambda obj: spec_of(obj).get("schedule")),
    Column("AGE", _age),
    Column("TYPE", lambda obj: spec_of(obj).get("backupType"), wide=True),
)

COLUMNS: dict[Resource, tuple[Column, ...]] = {
    SERVERS: SERVER_COLUMNS,
    REGISTRIES: REGISTRY_COLUMNS,
    BACKUPS: BACKUP_COLUMNS,
}


def _labels(obj: dict[str, Any]) -> object:
    return ",".join(f"{key}={value}" for key, value in sorted((obj["metadata"].get("labels") or {}).items()))


LABELS = Column("LABELS", _labels)


def list_table(
    resource: Resource, items: Iterable[dict[str, Any]], *, scope: str, labels: bool = False, typed: bool = False
) -> Table:
    """The table of a list; a namespace column where it spans all of them (an empty scope).

    `typed` writes names as TYPE/NAME, for tables of several kinds below each other.
    """
    first, *others = COLUMNS[resource]
    columns = [first._replace(value=_typed_name) if typed else first, *others]
    if not scope:
        columns.insert(0, NAMESPACE)
    if labels:
        columns.append(LABELS)
    where = f" in namespace {scope}" if scope else ""
    return Table.of(columns, items, empty=f"No {plural_word(resource)} found{where}.")
