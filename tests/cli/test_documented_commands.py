"""Every command line that help, README and docs show is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mcp_cli import generating
from mcp_cli.root import root

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
PAGES = dict(generating.commands())
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
ENDS = {"|", "||", "&&", ";", "(", ")", "<(", ">", "&"}


def command_lines(text: str) -> Iterator[list[str]]:
    """The words of each `mcp …` in lines of a shell: after a pipe, in `$(…)` and `<(…)`, without redirections."""
    for line in text.splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;()<>")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words = list(lexer)
        starts = [i for i, word in enumerate(words) if word == "mcp" and (i == 0 or _begins(words[i - 1]))]
        for start in starts:
            end = next(
                (i for i in range(start, len(words)) if words[i] in ENDS or set(words[i]) <= set("|&;()<>")), None
            )
            yield words[start + 1 : end]


def _begins(before: str) -> bool:
    return set(before) <= set("|&;()<>$") or before.endswith("$") or before == "xargs" or "=" in before


def take(words: list[str]) -> None:
    """Parse as the program does, down to the command, and do nothing."""
    command, context = root(), None
    name, rest = "mcp", words
    while True:
        context = command.make_context(name, list(rest), parent=context)
        if not isinstance(command, click.Group):
            return
        found, command_found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command_found is not None
        name, command = found or "", command_found


def shell_blocks(markdown: str) -> Iterator[str]:
    """The fenced blocks without a language: command lines, and in the tour what they print."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL):
        if language or "─" in block:
            continue  # a manifest, a drawing
        lines = block.splitlines()
        tour = any(line.startswith("$ ") for line in lines)
        yield "\n".join(line for line in lines if "mcp" in line and (line.startswith("$ ") or not tour))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "root")
def test_examples_of_the_help(path: str) -> None:
    lines = list(command_lines(PAGES[path].examples))
    assert lines
    for words in lines:
        take(words)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    for block in shell_blocks((ROOT / name).read_text()):
        for words in command_lines(block):
            if "start | stop" not in " ".join(words):
                take(words)


def test_lines_are_found_where_a_shell_runs_them() -> None:
    text = """
$ mcp get servers -o json | jq .
KUBECONFIG=$(mcp local kubeconfig) kubectl get x
source <(mcp completion bash)
a | mcp deploy -f -   # mcp is said here
mcp completion fish > "${x}/file.fish"
mcp get -o name | xargs mcp delete
"""
    assert list(command_lines(text)) == [
        ["get", "servers", "-o", "json"],
        ["local", "kubeconfig"],
        ["completion", "bash"],
        ["deploy", "-f", "-"],
        ["completion", "fish"],
        ["get", "-o", "name"],
        ["delete"],
    ]


def test_a_wrong_flag_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        take(["deploy", "time", "--replica-count", "3"])
    with pytest.raises(click.UsageError):
        take(["tools", "ask", "time"])
