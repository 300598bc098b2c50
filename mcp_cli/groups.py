"""Click's side of the command table: groups that import a command only to run it, and commands with examples.

Role: turn rows of `table` into Click objects; write help in one shape. Not its job: any command.
Called by `main`, and by every command module for `Command`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from mcp_cli import table

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_OPTIONAL_VALUE = "--dry-run"
_OPTIONAL_DEFAULT = "client"
_JOINED = "A value of --dry-run is joined to it: --dry-run=client or --dry-run=server."
_MODES = ("none", "client", "server")


class Command(click.Command):
    """A command with examples; it takes `--dry-run` with or without `=VALUE`, and never the word after it."""

    def __init__(self, *args: Any, examples: str = "", surplus: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(*args, **kwargs)
        self.examples = examples.strip("\n")
        self.surplus = surplus

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Click's parser knows no command in some of its errors; `surplus` is the hint where a word is too many."""
        try:
            return super().parse_args(ctx, bare_dry_run(args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            if error.message.startswith("Got unexpected extra argument"):
                error.hint = _JOINED if _split_dry_run(args) else self.surplus  # type: ignore[attr-defined]
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, the ones that every command has after them."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                (shared if getattr(param, "shared", False) else own).append(record)
        for title, records in (("Options", own), ("Session options", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter, program(ctx))


class SharedOption(click.Option):
    """An option that every command has; help shows it apart from the command's own."""

    shared = True


def bare_dry_run(args: list[str]) -> list[str]:
    """Give a bare `--dry-run` its value, so that the parser does not take the next word for it."""
    end = args.index("--") if "--" in args else len(args)
    named = [f"{_OPTIONAL_VALUE}={_OPTIONAL_DEFAULT}" if word == _OPTIONAL_VALUE else word for word in args[:end]]
    return named + args[end:]


def _split_dry_run(args: list[str]) -> bool:
    """Whether a value of `--dry-run` stands after it as a word of its own."""
    return any(word == _OPTIONAL_VALUE and value in _MODES for word, value in pairwise(args))


class Group(click.Group):
    """A group whose commands come from the table."""

    def __init__(self, path: str, examples: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(name=path.rpartition(" ")[2] or None, **kwargs)
        self.path = path
        self.examples = examples.strip("\n")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [row.name for row in table.visible(self.path)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = table.children(self.path).get(cmd_name)
        return load(row) if row else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Alone it is a question, as with kubectl: its help is the answer, and goes where answers go."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in table.children(self.path) and not name.startswith("-"):
            raise _unknown(ctx, name, [row.name for row in table.visible(self.path)], table.elsewhere(self.path, name))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = table.visible(self.path)
        width = max(len(row.name) for row in rows)
        for section in (*table.SECTIONS, ""):
            lines = [(f"{row.name:<{width}}", row.summary) for row in rows if row.section == section]
            if lines:
                with formatter.section(section or "Commands"):
                    formatter.write_dl(lines)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter, program(ctx))
        formatter.write_paragraph()
        formatter.write_text(f'"{ctx.command_path} COMMAND --help" tells more about a command.')

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(r.name, help=r.summary) for r in table.visible(self.path) if r.name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def load(row: table.Row) -> click.Command:
    """The Click object of a row; imports the command's module, and nothing for a group."""
    if row.is_group:
        from mcp_cli.grouptexts import TEXTS

        text, examples = TEXTS[row.path]
        return Group(row.path, help=text, short_help=row.summary, examples=examples)
    command = import_module(f"mcp_cli.commands.{row.module}").command
    command.short_help = row.summary
    return command


def program(ctx: click.Context) -> str:
    """The name the user called: `mcp`, or `kubectl mcp` as a plugin."""
    return ctx.find_root().info_name or "mcp"


def write_examples(examples: str, formatter: click.HelpFormatter, name: str) -> None:
    """Examples are written with `mcp` and shown with the name in use."""
    if not examples:
        return
    with formatter.section("Examples"):
        for line in examples.splitlines():
            shown = f"{name} {line[4:]}" if line.startswith("mcp ") else line.replace("| mcp ", f"| {name} ")
            formatter.write(f"{'':>{formatter.current_indent}}{shown}\n" if shown else "\n")


def _unknown(ctx: click.Context, name: str, known: Iterable[str], elsewhere: list[str]) -> click.UsageError:
    """`elsewhere` is what another program's word means here, and commands of that name in other groups."""
    from difflib import get_close_matches

    near = [f"`{program(ctx)} {path}`" for path in elsewhere[:2]] or get_close_matches(name, list(known), n=2)
    ask = f" Did you mean {' or '.join(near)}?" if near else ""
    return click.UsageError(f'there is no command "{name}".{ask}', ctx)
