"""`operator/Dockerfile` beside what it is built from: no container engine is needed to see that they agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from mcp_operator.bridge import node_fetch

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "operator" / "Dockerfile"


def test_the_image_has_the_node_that_is_fetched_elsewhere() -> None:
    lines = re.findall(r"^FROM \S+/node:(\d+)-", DOCKERFILE.read_text(), re.MULTILINE)
    assert [f"=={line}.*" for line in lines] == [node_fetch.PREFERRED]


def test_everything_that_the_wheel_is_made_from_reaches_the_build() -> None:
    lines = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    sent = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert "*" in lines and [path for path in sent if not (ROOT / path).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    parts = [*wheel["packages"], *wheel["shared-data"], *wheel["shared-scripts"], project["project"]["readme"]]
    parts += [*project["project"]["license-files"], "pyproject.toml", project["tool"]["hatch"]["version"]["path"]]
    missing = [part for part in parts if not any(part == path or part.startswith(f"{path}/") for path in sent)]
    assert missing == []
