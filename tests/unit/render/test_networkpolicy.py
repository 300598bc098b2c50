"""The NetworkPolicy of a server: its own rules, for its own pods, valid in every Kubernetes."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
from mcp_operator.render import RenderContext, render_server

pytestmark = pytest.mark.fast

RULE = {"ports": [{"port": 443, "protocol": "TCP"}]}


def policy(rules: dict[str, Any]) -> dict[str, Any] | None:
    server = {
        "metadata": {"name": "demo", "namespace": "ns", "uid": "u"},
        "spec": {"image": "example.test/a:1", "networkPolicy": rules},
    }
    rendered = render_server(server, RenderContext())
    return next((child for child in rendered if child["kind"] == "NetworkPolicy"), None)


@pytest.mark.parametrize(
    ("rules", "types"),
    [
        ({"egress": [RULE]}, ["Egress"]),
        ({"egress": []}, ["Egress"]),
        ({"ingress": [{"from": [{"podSelector": {}}]}], "egress": [RULE]}, ["Ingress", "Egress"]),
    ],
)
def test_each_direction_that_is_given_is_bounded(rules: dict[str, Any], types: list[str]) -> None:
    made = policy(rules)
    assert made is not None
    assert made["spec"]["policyTypes"] == types
    assert made["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "demo"
    assert made["spec"].get("egress", []) == rules.get("egress", [])
    for minor in (25, 30, 37):
        kubernetes_validate.validate(made, f"1.{minor}", strict=True)


def test_no_rules_make_no_policy() -> None:
    assert policy({}) is None


def test_a_server_that_runs_elsewhere_has_no_children() -> None:
    spec = {"runtime": {"type": "remote", "url": "https://example.test/mcp"}}
    assert render_server({"metadata": {"name": "a", "namespace": "n", "uid": "u"}, "spec": spec}, RenderContext()) == []
