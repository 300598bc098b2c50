"""Man pages and completion scripts, written from the table and the commands.

Role: pure text: `files()` gives every generated file's path and content. Not its job: writing them
(`tools/generate.py`) or checking that the committed ones are current (a test). Called by those two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from mcp_cli import table
from mcp_cli.completionscripts import script
from mcp_cli.groups import Group, load
from mcp_cli.root import root

COMPLETIONS = {"mcp.bash": "bash", "_mcp": "zsh", "mcp.fish": "fish", "kubectl_complete-mcp": "kubectl"}
MANUAL = "mcp manual"


def files() -> dict[str, str]:
    """Every generated file, by its path below the root of the tree."""
    found = {f"completions/{name}": script(shell) for name, shell in COMPLETIONS.items()}
    for path, command in commands():
        found[f"man/{page_name(path)}.1"] = page(path, command)
    return found


def commands() -> Iterator[tuple[str, click.Command]]:
    """The root and every visible command with its path; an alias has no page of its own."""
    yield "", root()
    hidden = {row.path for row in table.COMMANDS if row.hidden}
    for row in table.COMMANDS:
        if row.path not in hidden:
            yield row.path, load(row)


def page_name(path: str) -> str:
    return "-".join(["mcp", *path.split()])


def page(path: str, command: click.Command) -> str:
    """One page in roff: name, synopsis, description, commands or options, examples, see also."""
    ctx = context_of(path, command)
    lines = [f'.TH "{page_name(path).upper()}" "1" "" "" "{MANUAL}"', ".SH NAME"]
    lines.append(f"{page_name(path)} \\- {_escaped(_summary(path).rstrip('.'))}")
    lines += [".SH SYNOPSIS", f".B {ctx.command_path}", _escaped(" ".join(command.collect_usage_pieces(ctx)))]
    lines += [".SH DESCRIPTION", *_paragraphs(command.help or "")]
    if isinstance(command, Group):
        for row in table.visible(path):
            lines += [".TP", f"\\fB{_escaped(row.name)}\\fP", _escaped(row.summary)]
    lines += _options(command, ctx)
    lines += _examples(command)
    lines += [".SH EXIT STATUS", "0 done, 1 failed, 2 wrong usage, 124 timed out waiting, 130 interrupted."]
    return "\n".join([*lines, *_see_also(path)]) + "\n"


def context_of(path: str, command: click.Command) -> click.Context:
    """A context whose command path reads as the user types it."""
    top = root()
    ctx = click.Context(top, info_name="mcp", **top.context_settings)
    for word in path.split()[:-1]:
        ctx = click.Context(click.Group(word), info_name=word, parent=ctx)
    return click.Context(command, info_name=path.split()[-1], parent=ctx, **command.context_settings) if path else ctx


def _summary(path: str) -> str:
    row = next((row for row in table.COMMANDS if row.path == path), None)
    return row.summary if row else "kubectl for MCP servers"


def _options(command: click.Command, ctx: click.Context) -> list[str]:
    lines = [".SH OPTIONS"]
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record and isinstance(param, click.Option):
            lines += [".TP", f"\\fB{_escaped(record[0])}\\fP", _escaped(record[1])]
    return lines


def _examples(command: click.Command) -> list[str]:
    examples = getattr(command, "examples", "")
    return [".SH EXAMPLES", ".nf", *(_escaped(line) for line in examples.splitlines()), ".fi"] if examples else []


def _see_also(path: str) -> list[str]:
    parent = path.rpartition(" ")[0]
    near = [row.path for row in table.visible(path)] if isinstance(_loaded(path), Group) else []
    names = [page_name(parent)] * bool(path) + [page_name(one) for one in near]
    return [".SH SEE ALSO", ", ".join(f"\\fB{_escaped(name)}\\fP(1)" for name in names)] if names else []


def _loaded(path: str) -> click.Command:
    row = next((row for row in table.COMMANDS if row.path == path), None)
    return load(row) if row else root()


def _paragraphs(text: str) -> list[str]:
    """The long text, a `.PP` between paragraphs."""
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return [line for part in parts for line in (".PP", _escaped(part))]


def _escaped(text: str) -> str:
    """Roff reads backslashes, and a dot or quote at the start of a line."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain
