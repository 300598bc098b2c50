"""A part that dies unheard would leave an operator that looks well and does nothing: it ends with its error instead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp_operator.runtime.controller import DONE, Controller, Result
from mcp_operator.runtime.leader import LeadershipLost, LeaseConfig
from mcp_operator.runtime.manager import Manager, ManagerConfig
from mcp_operator.runtime.resources import Key

from tests.unit.runtime.virtual import run, settle

pytestmark = pytest.mark.fast

KEY = ("team", "one")


class Leases:
    """An API server that knows one Lease, and that a test can take away."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.written_by: list[str] = []

    async def get(self, *_: Any) -> dict[str, Any]:
        from mcp_operator.runtime.errors import NotFound

        if self.lease is None:
            raise NotFound(404, "NotFound", "no lease")
        return {**self.lease, "spec": dict(self.lease["spec"])}

    async def create(self, resource: Any, body: dict[str, Any]) -> dict[str, Any]:
        return await self.replace(resource, body)

    async def replace(self, _: Any, body: dict[str, Any]) -> dict[str, Any]:
        self.lease = body
        self.written_by.append(body["spec"]["holderIdentity"])
        return body

    def steal(self) -> None:
        assert self.lease is not None
        self.lease = {**self.lease, "spec": {**self.lease["spec"], "holderIdentity": "thief", "renewTime": "later"}}


async def test_a_runnable_that_fails_ends_the_manager_with_its_error() -> None:
    manager = Manager(None)  # type: ignore[arg-type]

    async def breaks() -> None:
        raise RuntimeError("the writer of events broke")

    async def nothing(key: Key) -> Result:
        return DONE

    manager.add_runnable(breaks)
    manager.add(Controller("idle", nothing))
    with pytest.raises(RuntimeError, match="the writer of events broke"):
        await asyncio.wait_for(manager.run(), 60)


async def test_reconciles_in_flight_finish_before_that_end() -> None:
    manager = Manager(None)  # type: ignore[arg-type]
    under_way, finished = asyncio.Event(), []

    async def reconcile(key: Key) -> Result:
        under_way.set()
        await settle()
        finished.append(key)
        return DONE

    async def breaks() -> None:
        await under_way.wait()
        raise RuntimeError("broken")

    controller = Controller("slow", reconcile)
    manager.add_runnable(breaks)
    manager.add(controller)
    controller.enqueue(KEY)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(manager.run(), 60)
    assert finished == [KEY]


def test_a_leader_that_lost_its_lease_ends_at_once_and_what_is_in_flight_is_cut_off() -> None:
    async def work() -> None:
        leases, steps = Leases(), []
        manager = Manager(leases, ManagerConfig(lease=LeaseConfig("one", "team", "me")))  # type: ignore[arg-type]

        async def reconcile(key: Key) -> Result:
            steps.append("begun")
            try:
                await asyncio.sleep(1000)
                steps.append("written")
            finally:
                steps.append("ended")
            return DONE

        controller = Controller("slow", reconcile)
        manager.add(controller)
        controller.enqueue(KEY)
        running = asyncio.ensure_future(manager.run())
        while not steps:  # noqa: ASYNC110 (virtual time)
            await asyncio.sleep(0.1)
        leases.steal()
        with pytest.raises(LeadershipLost, match="holder: thief"):
            await running
        assert steps == ["begun", "ended"]
        assert leases.lease is not None
        assert leases.lease["spec"]["holderIdentity"] == "thief"

    run(work())
