"""What the fixture `cluster` hands to a test: one control plane and a namespace that is the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcp_operator.runtime.client import KubeClient

EMBEDDED = "embedded"


@dataclass(frozen=True)
class Cluster:
    """One control plane as a test sees it."""

    name: str  # "embedded", or the name of the folder with the binaries ("1.36")
    version: str  # what the server says of itself ("v1.36.3")
    kubeconfig: Path
    namespace: str  # made for this test, deleted after it
    kubectl_path: str | None
    cache: Path  # discovery cache of kubectl, one for each control plane

    @property
    def embedded(self) -> bool:
        return self.name == EMBEDDED

    @property
    def minor(self) -> int:
        """20 of v1.20.2."""
        return int(self.version.split(".")[1])

    def kubectl(self, *args: str, input: str | dict[str, Any] | None = None, check: bool = True) -> str:
        """Run the real kubectl in this test's namespace (unless the arguments name another); its standard output.

        `input` goes to standard input, a dict as JSON. A failing kubectl fails the test with its standard error,
        unless `check=False`. Without a kubectl on the machine the test is skipped.
        """
        done = self.run_kubectl(*args, input=input)
        if check and done.returncode:
            pytest.fail(f"kubectl {' '.join(args)} exited {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def run_kubectl(self, *args: str, input: str | dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """The same, with the exit code and both outputs."""
        return subprocess.run(
            self.kubectl_argv(*args),
            input=json.dumps(input) if isinstance(input, dict) else input,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "KUBECACHEDIR": str(self.cache)},
        )

    def kubectl_argv(self, *args: str) -> list[str]:
        """The command line, for a test that runs kubectl in the background."""
        if self.kubectl_path is None:
            pytest.skip("no kubectl on PATH, nor in KUBEBUILDER_ASSETS")
        return [
            self.kubectl_path,
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={self.cache}",
            f"--namespace={self.namespace}",
            *args,
        ]

    def kubectl_json(self, *args: str) -> Any:
        """`kubectl ... -o json`, parsed."""
        return json.loads(self.kubectl(*args, "-o", "json"))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[KubeClient]:
        """An asynchronous client, closed at the end: `async with cluster.client() as kube: ...`."""
        from mcp_operator.runtime.client import KubeClient

        kube = await KubeClient.connect(kubeconfig=str(self.kubeconfig))
        try:
            yield kube
        finally:
            await kube.close()
