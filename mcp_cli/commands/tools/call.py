"""`mcp tools call`: call a tool of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.completing import complete_tool
from mcp_cli.errors import CliError, Silent, WrongUsage
from mcp_cli.groups import Command
from mcp_cli.references import server_argument
from mcp_cli.session import Session, cluster_options

if TYPE_CHECKING:
    from mcp_operator.client.sync import McpClient

EXAMPLES = """
mcp tools call time get_current_time --arg timezone=Europe/Berlin
mcp tools call time convert_time --args '{"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}'
jq .request call.json | mcp tools call time get_current_time --args-file -
mcp tools call everything trigger-elicitation-request --input name=Ada
mcp tools call time get_current_time --arg timezone=UTC -o json | jq .content
"""


@dataclass(frozen=True, slots=True)
class Options:
    """One call."""

    server: str
    tool: str
    pairs: tuple[str, ...]
    document: dict[str, Any]
    inputs: tuple[str, ...]


@click.command("call", cls=Command, examples=EXAMPLES, surplus="An argument of the tool: --arg NAME=VALUE.")
@cluster_options(formats=("json", "yaml", "jsonpath="))
@server_argument()
@click.argument("tool", shell_complete=complete_tool)
@click.option(
    "--arg", "pairs", multiple=True, metavar="NAME=VALUE", help="An argument, typed by the tool's input schema."
)
@click.option("--args", "text", metavar="JSON", help="The arguments as a JSON object; --arg adds to it.")
@click.option("--args-file", type=click.Path(), metavar="FILE", help="The same from a file, or - for stdin.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An answer to what the server asks.")
def command(
    session: Session,
    name: str,
    tool: str,
    pairs: tuple[str, ...],
    text: str | None,
    args_file: str | None,
    inputs: tuple[str, ...],
) -> None:
    """Call a tool of a server and print what it answers.

    --arg values become what the tool's schema says: numbers, booleans, lists (also by repeating the argument), JSON
    objects. Progress goes to stderr. A tool that answers with an error ends the command with exit code 1. When the
    server asks for input, it is prompted for on a terminal and taken from --input elsewhere. -o json prints the whole
    result.
    """
    if text is not None and args_file is not None:
        raise WrongUsage("--args and --args-file exclude each other", "Give one of them.")
    run(Options(name, tool, pairs, _document(text, args_file), inputs), session)


def _document(text: str | None, path: str | None) -> dict[str, Any]:
    """The JSON object of --args or --args-file; empty without either."""
    if text is None and path is None:
        return {}
    import sys
    from pathlib import Path

    from mcp_cli.documents import Unreadable, json_of

    where = "--args" if text is not None else "stdin" if path == "-" else str(path)
    hint = 'The arguments are an object, for example {"timezone": "UTC"}.'
    try:
        if text is None:
            data = sys.stdin.buffer.read() if path == "-" else Path(str(path)).read_bytes()
            text = data.decode("utf-8-sig")
        document = json_of(text)
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{where} is not text in UTF-8", hint) from error
    except Unreadable as error:
        raise WrongUsage(f"{where} {error}", hint) from error
    if not isinstance(document, dict):
        raise WrongUsage(f"{where} is no JSON object", hint)
    return document


def run(options: Options, session: Session) -> None:
    """Look the tool up, type the arguments, call, print."""
    from mcp_cli.live import LiveLine
    from mcp_cli.mcpclient import connected

    with connected(session, options.server, options.inputs) as client:
        arguments = _arguments(client, options)
        with LiveLine() as line:
            result = client.call_tool(options.tool, arguments, on_progress=lambda p: line.show(_progress(p)))
    _print(session, options, result)


def _arguments(client: McpClient, options: Options) -> dict[str, Any]:
    from mcp_cli.arguments import arguments_of, missing

    said = _tool(client, options)["inputSchema"]
    schema = said if isinstance(said, dict) else {}
    arguments = options.document | arguments_of(options.pairs, schema)
    absent = missing(arguments, schema)
    if absent:
        flags = " ".join(f"--arg {word.partition(' ')[0]}=VALUE" for word in absent)
        unknown = [f'"{name}"' for name in arguments if name not in (schema.get("properties") or {})]
        known = f" It knows no {', '.join(unknown)}." if unknown else ""
        raise WrongUsage(f"{options.tool} needs {', '.join(absent)}", f"Give {flags}.{known}")
    return arguments


def _tool(client: McpClient, options: Options) -> dict[str, Any]:
    from difflib import get_close_matches

    tools = {tool["name"]: tool for tool in client.list_tools()}
    if options.tool in tools:
        return {"inputSchema": {}} | tools[options.tool]
    near = get_close_matches(options.tool, list(tools), n=1)
    guess = f'Did you mean "{near[0]}"?' if near else f"It has: {', '.join(tools) or 'none'}."
    raise CliError(f'{options.server} has no tool "{options.tool}"', guess)


def _progress(progress: Any) -> str:
    done = f"{progress.progress:g}" + (f"/{progress.total:g}" if progress.total else "")
    return f"{done} {progress.message or ''}".rstrip()


def _print(session: Session, options: Options, result: dict[str, Any]) -> None:
    """The result to stdout; the words of a tool's error to stderr, unless a program asked for the whole result."""
    from mcp_cli.output.harmless import harmless
    from mcp_cli.views.content import result_text

    failed = bool(result.get("isError"))
    if session.output or not failed:
        session.printer.show(result, text=lambda: result_text(result))
    if failed:
        if not session.output:
            session.say(f"error: {options.tool} failed: {harmless(result_text(result))}")
        raise Silent
