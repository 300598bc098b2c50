"""Waiting until deleted objects, and the children of servers, are gone.

Role: watches of the server and then of each kind of child that carries its label; 124 and what is left when time is
over. Called by `delete --wait`, and by `deploy` of an object that is still being deleted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mcp_operator.api.names import LABEL_INSTANCE, LABEL_MANAGED_BY, LABEL_NAME, MANAGED_BY, NAME_SERVER
from mcp_operator.runtime import resources
from mcp_operator.runtime.resources import Resource

from mcp_cli.errors import TimedOut
from mcp_cli.following import Following
from mcp_cli.kinds import SERVERS
from mcp_cli.live import LiveLine

if TYPE_CHECKING:
    from mcp_cli.session import Session

TICK = 0.5
CHILDREN = (
    resources.DEPLOYMENTS,
    resources.REPLICASETS,
    resources.PODS,
    resources.SERVICES,
    resources.CONFIGMAPS,
    resources.SERVICEACCOUNTS,
)


def wait_gone(session: Session, victims: list[tuple[Resource, dict[str, Any]]], seconds: float) -> None:
    """Each object gone, and of servers everything that the operator made for them."""
    until = time.monotonic() + seconds
    with LiveLine() as line:
        for resource, obj in victims:
            metadata = obj["metadata"]
            _gone(
                session,
                line,
                resource,
                metadata.get("namespace"),
                until,
                field_selector=f"metadata.name={metadata['name']}",
            )
            for child in CHILDREN if resource == SERVERS else ():
                _gone(
                    session, line, child, metadata["namespace"], until, label_selector=_label(metadata["name"], child)
                )


def wait_removed(session: Session, resource: Resource, obj: dict[str, Any], seconds: float) -> None:
    """Until this very object is gone; one of its name that came after it is another."""
    metadata = obj["metadata"]
    selector = f"metadata.name={metadata['name']}"
    until = time.monotonic() + seconds
    with LiveLine() as line:
        _gone(
            session, line, resource, metadata.get("namespace"), until, uid=metadata.get("uid"), field_selector=selector
        )


def _label(name: str, child: Resource) -> str:
    """Pods and ReplicaSets carry the labels of the pod template, the others those of the operator's objects."""
    own = f"{LABEL_NAME}={NAME_SERVER},{LABEL_INSTANCE}={name}"
    return own if child in (resources.PODS, resources.REPLICASETS) else f"{own},{LABEL_MANAGED_BY}={MANAGED_BY}"


def _gone(
    session: Session,
    line: LiveLine,
    resource: Resource,
    namespace: str | None,
    until: float,
    *,
    uid: str | None = None,
    **selectors: str,
) -> None:
    """Until no object of that selection is left, or with `uid` not that one."""
    left: dict[str, dict[str, Any]] = {}
    synced = False
    for change in Following(session.cluster, resource, namespace, **selectors).changes(TICK):
        if change is not None and change.obj:
            name = change.obj["metadata"]["name"]
            left[name] = change.obj
            if change.what == "DELETED" or uid not in (None, change.obj["metadata"].get("uid")):
                del left[name]
        synced = synced or (change is not None and change.what == "SYNCED")
        if synced and not left:
            return
        if left:
            line.show(f"waiting for {_words(resource, left)} to go")
        if time.monotonic() > until:
            raise TimedOut(f"{_words(resource, left)} did not go in time{_held(left)}", _hint(left))


def _words(resource: Resource, left: dict[str, dict[str, Any]]) -> str:
    return f"{resource.kind} {', '.join(sorted(left))}"


def _held(left: dict[str, dict[str, Any]]) -> str:
    finalizers = sorted({one for obj in left.values() for one in obj["metadata"].get("finalizers") or []})
    return f": held by {', '.join(finalizers)}" if finalizers else ""


def _hint(left: dict[str, dict[str, Any]]) -> str:
    if _held(left):
        return "Is the operator running? It removes its finalizer once the children are gone."
    return "It goes on in the background; raise --wait-timeout to wait longer."
