"""The resource definitions: every control plane takes them without a warning, and refuses what their schema refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp_operator.controllers.registry_world import MCPREGISTRIES
from mcp_operator.runtime.errors import Invalid

from tests.controller.harness import Operated
from tests.controller.registries import Registries
from tests.support.cluster import Cluster

FOLDER = Path(__file__).parents[2] / "operator" / "config" / "crd"


def test_no_definition_causes_a_warning(cluster: Cluster) -> None:
    apply = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", str(FOLDER))
    done = cluster.run_kubectl(*apply)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"source": {}},
        {"source": {"type": "gopher"}},
        {"source": {"type": "builtin"}, "refreshInterval": "1 day"},
        {"source": {"type": "configMap", "configMap": {}}},
    ],
)
async def test_a_registry_against_the_schema_is_refused(op: Operated, spec: dict[str, object]) -> None:
    registry = {
        "apiVersion": MCPREGISTRIES.api_version,
        "kind": MCPREGISTRIES.kind,
        "metadata": {"name": "bad", "namespace": op.namespace},
        "spec": spec,
    }
    with pytest.raises(Invalid):
        await op.kube.create(MCPREGISTRIES, registry)


async def test_what_depends_on_nothing_is_filled_in(op: Operated) -> None:
    created = await Registries(op).create("r", source={"type": "github", "github": {"repo": "a/b"}})
    assert created["spec"]["source"]["github"]["branch"] == "main"
