"""How packages are written, which program is the server, and what installers' complaints mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp_operator.bridge import node_package, python_package
from mcp_operator.bridge.packages import Installed, InstallError, parse_spec

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("runtime", "text", "name", "version"),
    [
        ("python", "mcp-server-time", "mcp-server-time", None),
        ("python", "mcp-server-time==2026.10.19", "mcp-server-time", "2026.10.19"),
        ("python", "mcp-server-time@latest", "mcp-server-time", None),
        ("python", "fastmcp[cli]==4.1", "fastmcp[cli]", "4.1"),
        ("node", "@modelcontextprotocol/server-everything", "@modelcontextprotocol/server-everything", None),
        ("node", "@scope/server-everything@2026.8.31", "@scope/server-everything", "2026.8.31"),
        ("node", "mcp-thing@^1.2.0", "mcp-thing", "^1.2.0"),
        ("node", "mcp-thing@latest", "mcp-thing", None),
    ],
)  # fmt: skip
def test_package_is_read_as_people_write_it(runtime: str, text: str, name: str, version: str | None) -> None:
    spec = parse_spec(runtime, text)
    assert (spec.name, spec.version) == (name, version)


@pytest.mark.parametrize(
    "text", ["", "-r file", "../up", "a b", "--index-url=x", "a==1 --pre", "git+https://x/y", "a/b/c"]
)
@pytest.mark.parametrize("runtime", ["python", "node"])
def test_what_is_no_package_is_refused(runtime: str, text: str) -> None:
    with pytest.raises(InstallError):
        parse_spec(runtime, text)


@pytest.mark.parametrize(
    ("name", "programs", "asked", "found"),
    [
        ("mcp-server-time", ["mcp-server-time", "x"], None, "mcp-server-time"),
        ("MCP_Server.Time", ["x", "mcp-server-time"], None, "mcp-server-time"),
        ("@scope/server-x", ["server-x", "y"], None, "server-x"),
        ("@scope/server-x", ["mcp-x"], None, "mcp-x"),
        ("a", ["b", "c"], "c", "c"),
    ],
)
def test_main_program(name: str, programs: list[str], asked: str | None, found: str) -> None:
    assert Installed(Path(), name, "1", dict.fromkeys(programs, "")).main_program(asked) == found


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("npm error code E404\nnpm error 404 Not Found - GET https://x/y", "does not exist"),
        ("npm error code ETARGET\nnpm error notarget No matching version", "no version 9.9"),
        ("npm error code ENOTCACHED\nnpm error request to x failed", "not in the cache"),
        ("npm error code ECONNREFUSED\nnpm error errno", "no network"),
        (
            "npm error code 1\nnpm error path /x/thing\nnpm error command failed\n"
            "npm error command sh -c node install.js\n"
            "npm error Downloading https://x/y.tar.gz\nnpm error /x/lib.js:162\nnpm error \t\tthrow new Error(`x`);\n"
            "npm error Error: Installation failed: getaddrinfo ENOTFOUND x\nnpm error     at install (/x/lib.js:162:9)",
            "no network: thing@9.9 could not be fetched "
            "(its script `node install.js`: Error: Installation failed: getaddrinfo ENOTFOUND x)",
        ),
        ("npm error code EBADENGINE\nnpm error A complete log of this run can be found in: /x", "code EBADENGINE"),
    ],
)
def test_npm_is_understood(words: str, meaning: str) -> None:
    said = node_package.explain(parse_spec("node", "thing@9.9"), words)
    assert meaning in said
    assert "\n" not in said and "complete log" not in said


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (
            "error: No solution\n  cause: Because thing was not found in the package registry and you require",
            "does not exist",
        ),
        ("error: No solution\n  cause: Because there is no version of thing==9.9 and you require", "no version 9.9"),
        (
            "error: No solution found\n  cause: Because only the following versions of thing are available:\n"
            "          thing<=0.5\n          thing==0.6\n         and thing==0.6 was yanked (reason: Renaming), we can",
            "the publisher withdrew every version of thing that would do (Renaming); ",
        ),
        ("error: Failed to fetch: `https://x`\n  cause: tcp connect error", "no network"),
        ("error: Because dependency was not found in the package registry", "could not be installed"),
    ],
)
def test_uv_is_understood(words: str, meaning: str) -> None:
    said = python_package.explain(parse_spec("python", "thing==9.9"), words)
    assert meaning in said
    assert "\n" not in said
