"""An entry becomes an MCPServer that the rules of the API accept, or says why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mcp_operator.api.validation import validate
from mcp_operator.catalog import builtin
from mcp_operator.catalog.errors import MissingValues, NotDeployable
from mcp_operator.catalog.model import Argument, Package, ServerEntry, Variable
from mcp_operator.catalog.to_server import EntryOptions, server_from_entry

pytestmark = pytest.mark.fast

OPTIONS = EntryOptions("web", "team")


def entry(*packages: Package) -> ServerEntry:
    return ServerEntry("some", "mine", packages=packages)


@pytest.mark.parametrize("found", builtin.entries(), ids=lambda found: found.name)
def test_every_builtin_entry_makes_a_valid_server(found: ServerEntry) -> None:
    server = server_from_entry(found, OPTIONS)
    assert validate(server) == []
    assert server["spec"]["registry"] == {"name": found.name, "registry": "builtin"}


def test_version_is_pinned_in_the_way_of_the_package() -> None:
    pinned = EntryOptions("web", "team", version="1.2")
    python, node, image = (
        server_from_entry(entry(Package(kind, "pkg")), pinned)["spec"]["runtime"] for kind in ("pypi", "npm", "oci")
    )
    assert (python["package"], node["package"], image["image"]) == ("pkg==1.2", "pkg@1.2", "pkg:1.2")


def test_arguments_replace_those_of_the_entry() -> None:
    package = Package("npm", "pkg", arguments=(Argument("", value="/tmp"),))
    assert server_from_entry(entry(package), OPTIONS)["spec"]["runtime"]["args"] == ["/tmp"]
    chosen = EntryOptions("web", "team", args=("/data",))
    assert server_from_entry(entry(package), chosen)["spec"]["runtime"]["args"] == ["/data"]


def test_all_missing_values_are_said_at_once() -> None:
    env = (
        Variable("A", required=True),
        Variable("B", required=True, secret=True),
        Variable("C"),
        Variable("D", value="1"),
    )
    found = entry(Package("pypi", "pkg", env=env))
    with pytest.raises(MissingValues) as caught:
        server_from_entry(found, OPTIONS)
    assert caught.value.names == ("A", "B")
    assert "--env A=VALUE" in caught.value.hint
    given = server_from_entry(found, EntryOptions("web", "team", env={"A": "x"}, secrets=("token",)))
    assert given["spec"]["env"] == [{"name": "A", "value": "x"}, {"name": "D", "value": "1"}]
    assert given["spec"]["envFrom"] == [{"secretRef": {"name": "token"}}]


def test_what_cannot_run_says_why() -> None:
    with pytest.raises(NotDeployable, match="mcpb"):
        server_from_entry(entry(Package("mcpb", "pkg")), OPTIONS)
    with pytest.raises(NotDeployable, match="nothing to run"):
        server_from_entry(entry(), OPTIONS)
    with pytest.raises(NotDeployable, match="deleted"):
        server_from_entry(replace(entry(Package("npm", "pkg")), status="deleted"), OPTIONS)
