"""One command's session: the shared flags, and what is made from them on first use.

Role: `Session` (flags, cluster, namespace, printer) and the decorators that give a command its flags. Not its job:
choosing the cluster (`target`) or asking it (`kube`). Called by every command module; on the path of every `--help`,
so it imports little.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial, update_wrapper
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mcp_cli.errors import TimedOut, WrongUsage

if TYPE_CHECKING:
    from mcp_cli.kube import Cluster
    from mcp_cli.output import Printer

LISTS = ("table", "wide", "json", "yaml", "name", "jsonpath=", "custom-columns=")
OBJECTS = ("json", "yaml", "name", "jsonpath=")
DOCUMENTS = ("text", "json", "yaml")

SESSION_FLAGS = (
    "namespace",
    "all_namespaces",
    "kubeconfig",
    "context",
    "local",
    "output",
    "timeout",
    "request_timeout",
    "verbose",
    "no_color",
)


class Duration(click.ParamType):
    """`30s`, `5m`, `1h30m`, or seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        from mcp_cli.durations import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Session:
    """The shared flags of one command, and the cluster behind them."""

    def __init__(self, *, formats: tuple[str, ...] = (), **flags: Any) -> None:
        self.namespace_flag: str | None = flags.get("namespace")
        self.all_namespaces: bool = bool(flags.get("all_namespaces"))
        self.kubeconfig: str | None = flags.get("kubeconfig")
        self.context: str | None = flags.get("context")
        self.local: bool = bool(flags.get("local"))
        self.output: str = flags.get("output") or ""
        self.timeout: float = flags.get("timeout") or 0.0
        self.request_timeout: float | None = flags.get("request_timeout") or None
        self.verbose: int = int(flags.get("verbose") or 0)
        self.formats = formats

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster, chosen and connected to on first use."""
        from mcp_cli.kube import Cluster
        from mcp_cli.target import choose

        target = choose(local=self.local, kubeconfig=self.kubeconfig, context=self.context)
        return Cluster(target, request_timeout=self.request_timeout, verbose=self.verbose)

    @property
    def namespace(self) -> str:
        """The namespace of single objects: the flag, else the context's."""
        return self.namespace_flag or self.cluster.namespace

    @property
    def scope(self) -> str:
        """The namespace of lists: empty for all."""
        return "" if self.all_namespaces else self.namespace

    @property
    def namespace_offline(self) -> str | None:
        """The namespace that can be known without a cluster; for what is only printed."""
        if self.namespace_flag or self.local:
            return self.namespace_flag
        from mcp_cli.target import namespace_without_cluster

        return namespace_without_cluster(kubeconfig=self.kubeconfig, context=self.context)

    @cached_property
    def printer(self) -> Printer:
        """The printer of `-o`; nothing else writes results."""
        from mcp_cli.output import printer_for

        return printer_for(self.output, self.formats)

    def check_output(self) -> None:
        """Refuse a format or an expression that cannot be used, before anything is done."""
        if self.output:
            _ = self.printer

    def say(self, words: str = "") -> None:
        """Something for the person, not a result."""
        click.echo(words, err=True)


def cluster_options(
    *, formats: tuple[str, ...] = OBJECTS, all_namespaces: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the session flags and, as first argument, the session they make."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(**params: Any) -> Any:
            ctx = click.get_current_context()
            given = {name: params.pop(name) for name in SESSION_FLAGS if name in params}
            session = make_session(ctx, given, formats)
            session.check_output()
            with deadline(session.timeout):
                return function(session, **params)

        wrapped = update_wrapper(run, function)
        for option in reversed(_session_options(formats, all_namespaces)):
            wrapped = option(wrapped)
        return wrapped

    return decorate


def make_session(ctx: click.Context, given: dict[str, Any], formats: tuple[str, ...]) -> Session:
    """The command's own flags win over those before the command, which win over the environment."""
    before: dict[str, Any] = ctx.find_root().obj or {}
    for name, value in before.items():
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            given[name] = value
    if given.pop("no_color", False):
        from mcp_cli.output.style import forbid_colour

        forbid_colour()
    from_environment = ctx.get_parameter_source("output") is ParameterSource.ENVIRONMENT
    if from_environment and not _accepts(formats, given.get("output") or ""):
        given["output"] = None
    if (
        given.get("namespace")
        and ctx.get_parameter_source("all_namespaces") is ParameterSource.COMMANDLINE
        and given.get("all_namespaces")
    ):
        if ctx.get_parameter_source("namespace") is ParameterSource.COMMANDLINE:
            raise WrongUsage("--namespace and --all-namespaces exclude each other", "Give one of them.")
        given["namespace"] = None
    return Session(formats=formats, **given)


def _accepts(formats: tuple[str, ...], output: str) -> bool:
    return any(output == known or (known.endswith("=") and output.startswith(known)) for known in formats)


def _session_options(formats: tuple[str, ...], all_namespaces: bool) -> list[Callable[..., Any]]:
    from mcp_cli.completing import complete_context, complete_namespace, complete_output
    from mcp_cli.groups import SharedOption

    shared = partial(click.option, cls=SharedOption)
    shown = ", ".join(known + "…" if known.endswith("=") else known for known in formats)
    options = [
        shared(
            "-n",
            "--namespace",
            envvar="MCP_NAMESPACE",
            shell_complete=complete_namespace,
            help="Namespace; default: the context's.",
        ),
        shared("-A", "--all-namespaces", is_flag=True, envvar="MCP_ALL_NAMESPACES", help="Look in all namespaces."),
        shared(
            "-o",
            "--output",
            envvar="MCP_OUTPUT",
            metavar="FORMAT",
            shell_complete=complete_output(formats),
            help=f"One of: {shown}.",
        ),
        shared("--format", "output", hidden=True),
        shared("--kubeconfig", envvar="MCP_KUBECONFIG", type=click.Path(), help="Kubeconfig file to use."),
        shared(
            "--context", envvar="MCP_CONTEXT", shell_complete=complete_context, help="Context of the kubeconfig to use."
        ),
        shared("--local", is_flag=True, envvar="MCP_LOCAL", help="Use the embedded cluster, whatever else is there."),
        shared(
            "--timeout",
            type=Duration(),
            envvar="MCP_TIMEOUT",
            help="Give the whole command up after this time (30s, 5m).",
        ),
        shared(
            "--request-timeout",
            type=Duration(),
            envvar="MCP_REQUEST_TIMEOUT",
            help="Give one request up after this time.",
        ),
        shared("-v", "--verbose", count=True, envvar="MCP_VERBOSE", help="Say each request on stderr."),
        shared("--no-color", is_flag=True, envvar="MCP_NO_COLOR", help="No colour, not even on a terminal."),
    ]
    return options if all_namespaces else options[:1] + options[2:]


@dataclass(frozen=True, slots=True)
class Writing:
    """How a change is made: tried or done, and whether to wait for what follows from it."""

    dry_run: str = "none"
    wait: bool = False
    wait_timeout: float = 300.0

    @property
    def on_server(self) -> bool:
        return self.dry_run == "server"

    @property
    def suffix(self) -> str:
        """What kubectl appends to its messages."""
        return {"client": " (dry run)", "server": " (server dry run)"}.get(self.dry_run, "")


def writing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a writing command `--dry-run`, `--wait` and `--wait-timeout` as one `writing` value."""

    def run(*args: Any, dry_run: str, wait: bool, wait_timeout: float, **params: Any) -> Any:
        if wait and dry_run != "none":
            raise WrongUsage(
                "--wait and --dry-run exclude each other", "A dry run changes nothing that could be waited for."
            )
        return function(*args, writing=Writing(dry_run, wait, wait_timeout), **params)

    wrapped = update_wrapper(run, function)
    choices = click.Choice(["none", "client", "server"])
    for option in (
        click.option(
            "--wait-timeout", type=Duration(), default=300.0, help="Give up waiting after this time (default 5m)."
        ),
        click.option("--wait/--no-wait", help="Wait until it is done."),
        click.option(
            "--dry-run",
            type=choices,
            default="none",
            metavar="[=none|client|server]",
            help="Only show what would be done; alone it means client.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


class deadline:
    """`with deadline(seconds)`: the whole command's time; nothing where it is 0."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        if self.seconds:
            import signal

            signal.signal(signal.SIGALRM, self._over)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        if self.seconds:
            import signal

            signal.setitimer(signal.ITIMER_REAL, 0)

    def _over(self, *_: object) -> None:
        from mcp_cli.durations import human

        raise TimedOut(
            f"the command did not end within {human(self.seconds)} (--timeout)", "Raise --timeout, or leave it out."
        )


def stdin_is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
