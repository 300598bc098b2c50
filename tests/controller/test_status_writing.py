"""The status is written to the object that it was made for, and to no other."""

from __future__ import annotations

import pytest
from mcp_operator.controllers.status_write import StatusWriter
from mcp_operator.controllers.world import MCPSERVERS
from mcp_operator.runtime.errors import ApiError

from tests.controller.harness import Operated

STATUS = {"phase": "Running", "message": "written by the test"}


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def writer(op: Operated, seen: list[str]) -> StatusWriter:
    return StatusWriter(op.kube, MCPSERVERS, lambda obj: seen.append(obj["status"]["message"]))


async def test_the_answer_is_told_to_the_cache(op: Operated, writer: StatusWriter, seen: list[str]) -> None:
    server = await op.create("demo", suspend=True)
    await writer.write(server, STATUS)
    assert seen == ["written by the test"]


async def test_a_server_that_is_gone_needs_no_status(op: Operated, writer: StatusWriter, seen: list[str]) -> None:
    server = await op.create("demo", suspend=True)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await writer.write(server, STATUS)
    assert seen == []


async def test_one_of_the_same_name_that_was_made_since_is_not_touched(op: Operated, writer: StatusWriter) -> None:
    earlier = await op.create("demo", suspend=True)
    await op.kube.delete(MCPSERVERS, "demo", op.namespace)
    await op.create("demo", suspend=True)
    with pytest.raises(ApiError):
        await writer.write(earlier, STATUS)
    assert (await op.status("demo")).get("message") != "written by the test"
