"""What the API server does not take, or what stands in the way of it: the status says so, until somebody changes it."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_operator.api import names
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.resources import DEPLOYMENTS

from tests.controller.harness import NOWHERE, Operated, until


def deployment(op: Operated, labels: dict[str, str]) -> dict[str, Any]:
    pods = {"a": "b"}
    container = {"name": "c", "image": "example.test/other:1"}
    template = {"metadata": {"labels": pods}, "spec": {"containers": [container], "nodeSelector": NOWHERE}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "demo", "namespace": op.namespace, "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": pods}, "template": template},
    }


async def test_a_deployment_of_our_labels_that_selects_other_pods_is_told_and_may_go(op: Operated) -> None:
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_INSTANCE: "demo"}
    await op.kube.create(DEPLOYMENTS, deployment(op, labels))
    await op.create("demo")
    status = await op.phase("demo", "Failed", "NameTaken")
    assert (
        status["message"] == "Deployment demo is there already and selects other pods; delete it, and it is made anew"
    )
    await op.calm()
    op.sent.clear()
    await asyncio.sleep(2.5)
    assert op.writes() == {}
    await op.kube.delete(DEPLOYMENTS, "demo", op.namespace)

    async def ours() -> bool:
        found = await op.get(DEPLOYMENTS, "demo") or {"spec": {}}
        return bool((found["spec"].get("selector") or {}).get("matchLabels", {}).get(names.LABEL_INSTANCE) == "demo")

    await until(ours, "the Deployment is the operator's")
    await op.phase("demo", "Pending")


async def test_what_the_api_server_finds_invalid_is_a_failure_until_it_is_mended(op: Operated) -> None:
    await op.create("demo", volumes=[{"name": "a", "emptyDir": {}, "configMap": {"name": "b"}}])
    status = await op.phase("demo", "Failed", "Invalid")
    assert "may not specify more than 1 volume type" in status["message"]
    await op.change("demo", volumes=None)
    await op.deployment("demo")
    await op.phase("demo", "Pending")


async def test_a_server_that_only_others_hold_back_says_who(op: Operated) -> None:
    await op.create("demo")
    await op.deployment("demo")
    held = {"metadata": {"finalizers": [names.FINALIZER, "someone.test/theirs"]}}
    await op.kube.patch(MCPSERVERS, "demo", held, op.namespace)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)

    async def left() -> bool:
        server = await op.kube.get(MCPSERVERS, "demo", op.namespace)
        return bool(server["metadata"]["finalizers"] == ["someone.test/theirs"])

    await until(left, "ours is gone and theirs is there")
    status = await op.status("demo")
    assert (status["phase"], status["message"]) == (
        "Terminating",
        "waiting for the end of: the finalizer someone.test/theirs",
    )
    await op.kube.patch(MCPSERVERS, "demo", {"metadata": {"finalizers": None}}, op.namespace)
