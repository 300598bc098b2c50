"""The writes of one reconcile against a scripted API server: turns that a real one takes too rarely to wait for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp_operator.api import names
from mcp_operator.controllers.apply import Applier
from mcp_operator.runtime.errors import Invalid, NotFound

pytestmark = pytest.mark.fast

Object = dict[str, Any]
SERVER = {"metadata": {"namespace": "ns", "name": "demo", "uid": "u1"}}


def rendered(kind: str) -> Object:
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_INSTANCE: "demo"}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"namespace": "ns", "name": "demo", "labels": labels}}


class Script:
    """World and client: nothing is there; a ConfigMap takes its time and a Service is refused."""

    def __init__(self) -> None:
        self.client = self
        self.applied: list[str] = []

    def child(self, *_: Any) -> None:
        return None

    def children(self, *_: Any) -> list[Object]:
        return []

    def observe(self, obj: Object) -> None:
        """Nobody reads it back."""

    async def get(self, *_: Any) -> Object:
        raise NotFound(404, "NotFound", "not there")

    async def apply(self, resource: Any, child: Object, **_: Any) -> Object:
        if resource.kind == "Service":
            raise Invalid(422, "Invalid", "no such port")
        for _turn in range(5):
            await asyncio.sleep(0)
        self.applied.append(resource.kind)
        return {**child, "metadata": {**child["metadata"], "uid": resource.kind}}


async def test_when_one_write_is_refused_the_others_have_ended_before_the_reconcile_has() -> None:
    """Else a write of this try could come after one of the next."""
    script = Script()
    with pytest.raises(Invalid, match="no such port"):
        await Applier(script).converge(SERVER, [rendered("Service"), rendered("ConfigMap"), rendered("Deployment")])  # type: ignore[arg-type]
    assert script.applied == ["ConfigMap"]
