"""What a schema cannot say: each case names the field and tells what to do."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.validation import validate

pytestmark = pytest.mark.fast

PACKAGE = {"type": "python", "package": "mcp-server-time"}


def errors(name: str = "a", **spec: Any) -> list[tuple[str, str]]:
    found = validate({"metadata": {"name": name, "namespace": "n"}, "spec": spec})
    assert all(str(error).startswith(error.path) and error.message for error in found)
    return [(error.path, error.reason) for error in found]


@pytest.mark.parametrize(
    "spec",
    [
        {"runtime": PACKAGE},
        {"runtime": {"type": "node", "package": "@scope/name@1.0.0"}},
        {"image": "example.test:5000/a/b@sha256:00"},
        {"image": "a", "transport": {"type": "stdio"}, "command": ["serve"]},
        {
            "runtime": PACKAGE,
            "volumes": [{"name": "v", "emptyDir": {}}],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        },
    ],
)
def test_good_specs_pass(spec: dict[str, Any]) -> None:
    assert errors(**spec) == []


@pytest.mark.parametrize(
    ("spec", "path", "reason"),
    [
        ({}, "spec.image", "NothingToRun"),
        ({"runtime": {"type": "python"}}, "spec.runtime.package", "NothingToRun"),
        ({"runtime": PACKAGE, "image": "a"}, "spec.image", "InvalidSpec"),
        ({"runtime": {"package": "a"}}, "spec.runtime.package", "InvalidSpec"),
        ({"runtime": {"type": "python", "package": "a; rm -rf /"}}, "spec.runtime.package", "InvalidSpec"),
        ({"runtime": {"type": "node", "package": "--registry=evil"}}, "spec.runtime.package", "InvalidSpec"),
        ({"image": "not an image"}, "spec.image", "InvalidSpec"),
        ({"image": "a:1", "tag": "2"}, "spec.tag", "InvalidSpec"),
        ({"image": "a", "transport": {"type": "stdio"}}, "spec.command", "CommandUnknown"),
        ({"image": "a", "registry": {"name": "a"}}, "spec.command", "CommandUnknown"),
        (
            {"image": "a", "ports": [{"name": "x", "port": 1}, {"name": "y", "port": 1}]},
            "spec.ports[1].port",
            "InvalidSpec",
        ),
        ({"image": "a", "volumes": [{"name": "tmp"}]}, "spec.volumes[0].name", "InvalidSpec"),
        (
            {"image": "a", "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
            "spec.volumeMounts[0].name",
            "InvalidSpec",
        ),
        ({"image": "a", "secretRefs": [{"name": "s", "env": "A"}]}, "spec.secretRefs[0].key", "InvalidSpec"),
        ({"image": "a", "validation": {"timeout": "soon"}}, "spec.validation.timeout", "InvalidSpec"),
    ],
)
def test_bad_specs_name_the_field(spec: dict[str, Any], path: str, reason: str) -> None:
    assert errors(**spec) == [(path, reason)]


@pytest.mark.parametrize("name", ["1st", "a" * 64, "Upper", "dotted.name", "-a"])
def test_a_name_must_also_do_for_the_service(name: str) -> None:
    assert errors(name, runtime=PACKAGE) == [("metadata.name", "InvalidName")]
