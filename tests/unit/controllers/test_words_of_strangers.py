"""What registries and servers say goes into a status, which has to stay small; and what an entry tells of itself."""

from __future__ import annotations

import pytest
from mcp_operator.catalog import docker, official
from mcp_operator.catalog.model import Package, ServerEntry
from mcp_operator.controllers import completion
from mcp_operator.controllers.completion import Kept, Wanted
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_spool import Spool

from tests.support.registry_server import item

pytestmark = pytest.mark.fast

PROVIDED = "io.modelcontextprotocol.registry/publisher-provided"


def described(entry: ServerEntry) -> dict[str, object]:
    return completion.described(Kept(entry, ("ns", "default"), "shard", Wanted(entry.name, "default", "")))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"tools": [{"name": "scan"}], "prompts": [], "resources": None, "warp": True}, ["tools"]),
        (["prompts", "tools", "anything"], ["tools", "prompts"]),
        ("tools", ["tools"]),
        (7, None),
        (None, None),
    ],
)
def test_what_a_publisher_says_of_capabilities_reaches_the_status(said: object, expected: list[str] | None) -> None:
    document = item("io.example/a")
    document["server"]["_meta"] = {PROVIDED: {"capabilities": said}}
    entry = official.parse(document, "s", "o")
    assert described(entry).get("capabilities") == expected
    assert ServerEntry.from_json(entry.to_json()).capabilities == entry.capabilities


def test_an_entry_of_the_docker_registry_that_lists_tools_has_tools() -> None:
    text = "name: curl\nimage: mcp/curl\n"
    assert "capabilities" not in described(docker.parse(text, "s", "o"))
    entry = docker.parse(f"{text}tools:\n  - name: curl\n", "s", "o")
    assert described(entry)["capabilities"] == ["tools"]


def test_a_talkative_entry_leaves_room_in_the_status() -> None:
    entry = ServerEntry("a", "s", description="x" * 100_000, tags=tuple(f"{n}{'y' * 5000}" for n in range(500)))
    said = described(entry)
    assert len(str(said)) < 60_000
    assert str(said["description"]).startswith("xxx")


def test_a_problem_is_one_line_of_bounded_length() -> None:
    assert Problem("Invalid", "first\n  second").message == "first second"
    assert len(Problem("Invalid", "x" * 50_000).message) == 1000


def test_an_entry_that_no_config_map_of_a_server_could_hold_is_refused() -> None:
    """It compresses well, and the server keeps it as it is."""
    spool = Spool()
    words = spool.add(ServerEntry("big", "s", packages=(Package("npm", "x" * 1_100_000),)))
    assert words == "big: the entry is larger than 1024 KiB, or 256 KiB compressed"
    assert spool.count == 0
    spool.close()
