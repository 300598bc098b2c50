"""The bridge's command line.

Role: arguments to one frozen value. Called by: `main.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How the bridge serves, and what it runs."""

    command: tuple[str, ...]
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 8080
    path: str = "/mcp"
    allowed_hosts: tuple[str, ...] = ()
    max_sessions: int = 32
    session_idle: float = 600.0
    max_in_flight: int = 1024
    max_body: int = 16 * MIB
    max_message: int = 48 * MIB
    keep_alive: float = 15.0
    drain: float = 20.0
    termination_log: str | None = None
    secret_env: tuple[str, ...] = ()


EPILOG = """examples:
  mcp-bridge --port 8080 -- mcp-server-time
  mcp-bridge --host $POD_IP --allowed-host time.default.svc --max-sessions 8 -- /mcp/app/server --verbose
  mcp-bridge install --runtime python --package mcp-server-time --into ./app   (see `mcp-bridge install --help`)

The command is started at once, inherits the environment, and ends the bridge when it ends, with its exit code.
/healthz says that it lives, /readyz that it has answered, /metrics counts."""


def parse(argv: Sequence[str]) -> Options:
    """The options of `mcp-bridge [flags] -- COMMAND ARG...`; SystemExit(2) on wrong usage."""
    flags, command = split_command(argv)
    parser = build_parser()
    values = parser.parse_args(flags)
    if not command:
        parser.error("no command to run; write it after --, as in: mcp-bridge --port 8080 -- mcp-server-time")
    if not values.path.startswith("/"):
        parser.error(f"--path must begin with a slash: {values.path}")
    return Options(
        command=tuple(command),
        hosts=listen_on(values.host or ["127.0.0.1"]),
        port=values.port,
        path=values.path.rstrip("/") or "/",
        allowed_hosts=tuple(values.allowed_host or ()),
        max_sessions=values.max_sessions,
        session_idle=values.session_idle,
        max_in_flight=values.max_in_flight,
        max_body=values.max_body * MIB,
        max_message=values.max_message * MIB,
        keep_alive=values.keep_alive,
        drain=values.drain,
        termination_log=values.termination_log,
        secret_env=tuple(values.secret_env or ()),
    )


def split_command(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    arguments = list(argv)
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def listen_on(hosts: Sequence[str]) -> tuple[str, ...]:
    """The addresses to bind: those asked for, and loopback, which port-forwarding and people on the machine use."""
    wildcard = any(host in ("0.0.0.0", "::") for host in hosts)
    local = any(host.startswith("127.") or host in ("localhost", "::1") for host in hosts)
    return tuple(dict.fromkeys([*hosts] if wildcard or local else [*hosts, "127.0.0.1"]))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcp-bridge",
        usage="mcp-bridge [flags] -- COMMAND [ARG ...]",
        description="Serve a stdio MCP server over streamable HTTP, to clients of both protocol eras.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", action="append", metavar="ADDRESS", help="address to listen on, repeatable (default 127.0.0.1); "
        "one that is not loopback serves 127.0.0.1 too")  # fmt: skip
    add("--port", type=port, default=8080, help="default 8080; 0 lets the system choose and prints the choice")
    add("--path", default="/mcp", help="where MCP is served (default /mcp)")
    add("--allowed-host", action="append", metavar="NAME", help="a further Host and Origin that is welcome, "
        "repeatable: a name, *.suffix, or * for any")  # fmt: skip
    add("--max-sessions", type=positive, default=32, help="legacy sessions at once, a process each (default 32)")
    add("--session-idle", type=seconds, default=600.0, metavar="SECONDS",
        help="end a legacy session after (default 600)")  # fmt: skip
    add("--max-in-flight", type=positive, default=1024, help="requests being answered at once (default 1024)")
    add("--max-body", type=positive, default=16, metavar="MIB", help="largest request (default 16)")
    add("--max-message", type=positive, default=48, metavar="MIB", help="largest message of the server (default 48)")
    add("--keep-alive", type=period, default=15.0, metavar="SECONDS", help="comment on quiet streams (default 15)")
    add("--drain", type=seconds, default=20.0, metavar="SECONDS",
        help="finish open requests after SIGTERM (default 20)")  # fmt: skip
    add("--termination-log", metavar="FILE", help="leave there why the server ended, as the kubelet reads it")
    add("--secret-env", action="append", metavar="NAME", help="a variable whose value is never repeated of the "
        "server's last words, repeatable; NAME may hold *; names that sound secret are known")  # fmt: skip
    return parser


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError("must be between 0 and 65535")
    return int(text)


def seconds(text: str) -> float:
    """A time; `inf` is one that never comes."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a number of seconds") from None
    if not value >= 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def period(text: str) -> float:
    """The time between two things that are done again and again."""
    value = seconds(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0 and finite")
    return value
