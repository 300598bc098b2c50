"""A real single-node Kubernetes for tests: containerd, runc and a kubelet in namespaces of their own.

Role: bring the node up and down with the `realnode` program of the envtest folder, and load images. Needs root.
Called by the fixtures of `tests/e2e`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ENVTEST = Path(__file__).parents[3] / "shared" / "envtest"


def missing() -> str | None:
    """Why there can be no real node on this machine; None where there can."""
    if not (ENVTEST / "realnode").exists():
        return f"needs the real node of {ENVTEST}"
    if os.geteuid() != 0:
        return "needs root: a real node makes namespaces and mounts"
    lacking = [program for program in ("runc", "nft", "openssl", "xz", "kubectl", "npm") if not shutil.which(program)]
    return f"needs {', '.join(lacking)}" if lacking else None


@dataclass(frozen=True)
class RealNode:
    """A running node."""

    folder: Path
    kubeconfig: Path

    @classmethod
    def up(cls, folder: Path) -> RealNode:
        """Start one that has the Node.js image too; ready when its node is."""
        kubeconfig = _realnode("up", str(folder), "--also", "node").strip()
        return cls(folder, Path(kubeconfig))

    @staticmethod
    def base_image() -> Path:
        """An archive with Debian, Python, uv and Node, whose layers the node has."""
        done = subprocess.run([str(ENVTEST / "use"), "node"], capture_output=True, text=True, check=True)
        return Path(done.stdout.strip()) / "images" / "node.tar.xz"

    def load(self, archive: Path) -> None:
        _realnode("load", str(self.folder), str(archive))

    def down(self) -> None:
        _realnode("down", str(self.folder), "--purge")

    def kubectl(self, *args: str, input: str | None = None) -> str:
        """Output of kubectl; a failure is an AssertionError with its words."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *args]
        done = subprocess.run(command, input=input, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stderr}{done.stdout}"
        return done.stdout


def _realnode(*args: str) -> str:
    done = subprocess.run([str(ENVTEST / "realnode"), *args], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"realnode {' '.join(args)} exited {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
