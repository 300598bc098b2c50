"""What rendering has to know besides the MCPServer itself."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_operator.api import names
from mcp_operator.version import __version__

RUNNER_IMAGE = f"{names.RUNNER_IMAGE_REPOSITORY}:{__version__}"


@dataclass(frozen=True, slots=True)
class RenderContext:
    """`sessions`: whether the running server was seen to give out session ids (None: not seen yet).

    `checksum`: of the ConfigMaps and Secrets that the spec names, so that a change of one rolls the pods.
    """

    runner_image: str = RUNNER_IMAGE
    cluster_domain: str = "cluster.local"
    sessions: bool | None = None
    checksum: str | None = None
