"""The runner image for a real node, made without a registry: base image, our wheel, and an installer cache.

Role: what `operator/Dockerfile` builds where a container engine is, from plain folders, plus wheels of one Python
server and the npm cache of one Node server: a pod of the test node reaches no registry. Called by the node's tests.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from mcp_operator.render.context import RUNNER_IMAGE

ROOT = Path(__file__).parents[2]
PYTHON_SERVER = "mcp-server-time"
NODE_SERVER = "@modelcontextprotocol/server-everything"
# Where the base image's Python (Debian's) looks for packages, and where its programs are.
_SITE = "usr/local/lib/python3.11/dist-packages"
_BIN = "usr/local/bin"
_SCRIPT = "#!/usr/bin/env python3\nimport sys\nfrom mcp_operator.bridge.main import main\nsys.exit(main())\n"
_ENVIRONMENT = {
    "UV_FIND_LINKS": "/opt/mcp/wheels",
    "UV_NO_INDEX": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "npm_config_cache": "/opt/mcp/npm",
    "npm_config_offline": "true",
}


def build(envtest: Path, base: Path, folder: Path) -> Path:
    """The archive of the image, for `realnode load`. `base` is an archive with Debian, Python, uv and Node."""
    layer = folder / "layer"
    _bridge(layer, folder)
    _wheels(layer / "opt/mcp/wheels")
    _npm_cache(layer / "opt/mcp/npm", folder)
    for path in [layer, *layer.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    archive = folder / "runner.tar"
    env = [word for item in _ENVIRONMENT.items() for word in ("--env", "=".join(item))]
    base_flags = ["--from", str(base), "--thin", "--user", "1000", "--workdir", "/tmp"]
    _run(str(envtest / "mkimage"), str(archive), RUNNER_IMAGE, str(layer), *base_flags, *env)
    return archive


def _bridge(layer: Path, folder: Path) -> None:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("mcp_operator-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(layer / _SITE)
    script = layer / _BIN / "mcp-bridge"
    script.parent.mkdir(parents=True)
    script.write_text(_SCRIPT)


def _wheels(target: Path) -> None:
    platform = ["--only-binary=:all:", "--python-version=3.11", "--platform=manylinux_2_28_x86_64"]
    platform += ["--platform=manylinux2014_x86_64", "--platform=manylinux_2_17_x86_64"]
    _run(sys.executable, "-m", "pip", "download", "--quiet", *platform, "--dest", str(target), PYTHON_SERVER)


def _npm_cache(target: Path, folder: Path) -> None:
    prefix = folder / "npm-prefix"
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    _run("npm", "install", "--prefix", str(prefix), "--cache", str(target), *flags, NODE_SERVER)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} exited {done.returncode}: {done.stderr[-2000:]}")
