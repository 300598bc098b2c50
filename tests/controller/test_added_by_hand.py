"""What people add to the objects of a server is taken out again, once; the notes of other tools stay."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, SERVICES, Resource

from tests.controller.harness import Operated, until
from tests.controller.test_reconcile_children import all_there

Object = dict[str, Any]

CONTAINER = "mcp-server"


def pod(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


async def by_hand(op: Operated, resource: Resource, name: str, change: Object) -> None:
    """As kubectl writes it: under another name than the operator's."""
    path = resource.path(op.namespace, name)
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    await op.kube.request("PATCH", path, query={"fieldManager": "kubectl-edit"}, body=change, headers=headers)


@pytest.mark.parametrize(
    ("resource", "name", "change"),
    [
        (DEPLOYMENTS, "demo", pod(containers=[{"name": CONTAINER, "env": [{"name": "DEBUG", "value": "1"}]}])),
        (DEPLOYMENTS, "demo", pod(containers=[{"name": "evil", "image": "evil:1"}, {"name": "more", "image": "m:1"}])),
        (DEPLOYMENTS, "demo", {"spec": {"paused": True, "revisionHistoryLimit": 2}}),
        (DEPLOYMENTS, "demo", pod(hostNetwork=True)),
        (SERVICES, "demo", {"spec": {"selector": {"stray": "yes"}, "ports": [{"name": "more", "port": 99}]}}),
        (CONFIGMAPS, "demo-config", {"data": {"stray": "x"}}),
    ],
    ids=["a variable", "containers", "a pause", "the host's network", "a selector and a port", "a key"],
)
async def test_what_is_added_by_hand_goes(op: Operated, resource: Resource, name: str, change: Object) -> None:
    await op.create("demo", config={"level": 3})
    await all_there(op)
    await op.calm()
    before = (await op.get(resource, name)) or {}
    written = op.writes().get(("PATCH", resource.plural), 0)
    await by_hand(op, resource, name, change)
    part = "data" if resource is CONFIGMAPS else "spec"

    async def back() -> bool:
        return bool((await op.get(resource, name) or {}).get(part) == before[part])

    await until(back, f"the {resource.kind} is as before")
    await op.calm()
    assert op.writes().get(("PATCH", resource.plural), 0) - written <= 4


async def test_a_note_on_the_pods_stays_as_rollout_restart_leaves_it(op: Operated) -> None:
    await op.create("demo")
    await op.deployment("demo")
    await op.calm()
    op.sent.clear()
    note = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    await by_hand(op, DEPLOYMENTS, "demo", {"spec": {"template": {"metadata": {"annotations": note}}}})
    await op.calm()
    assert note.items() <= (await op.deployment("demo"))["spec"]["template"]["metadata"]["annotations"].items()
    assert ("PATCH", "deployments") not in op.writes()
