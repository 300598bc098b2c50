"""One command's session: the shared flags, and what is made from them on first use.

Role: `Session` (flags, cluster, namespace, printer) and the decorators that give a command its flags. Not its job:
choosing the cluster (`target`) or asking it (`kube`). Called by every command module; on the path of every `--help`,
so it imports little.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property, update_wrapper
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
        self.headers = True

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

        return printer_for(self.output, self.formats, headers=self.headers)

    def hide_headers(self) -> None:
        """Tables come without their line of headers from now on."""
        self.headers = False
        self.__dict__.pop("printer", None)

    def show_objects(self, objects: list[dict[str, Any]]) -> None:
        """One object as it is, several as a List."""
        single = len(objects) == 1
        self.printer.show(
            objects[0] if single else {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects}
        )

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
    output = given.get("output") or ""
    if from_environment and not _accepts(formats, output) and _accepts((*LISTS, *DOCUMENTS), output):
        given["output"] = None  # another command's; what is none's is a mistake, and said
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
    """Every session flag, as decorators in the order of the help."""
    options = [*_what_options(formats), *_which_options(), *_how_options()]
    return options if all_namespaces else options[:1] + options[2:]


def _shared(*names: str, **attributes: Any) -> Callable[..., Any]:
    """An option whose environment default is `MCP_` and its name."""
    from mcp_cli.groups import SharedOption

    flag = next(name for name in names if name.startswith("--"))
    variable = "MCP_" + flag[2:].upper().replace("-", "_")
    return click.option(*names, cls=SharedOption, envvar=variable, **attributes)


def _what_options(formats: tuple[str, ...]) -> list[Callable[..., Any]]:
    from mcp_cli.completing import complete_namespace, complete_output

    shown = ", ".join(known + "…" if known.endswith("=") else known for known in formats)
    completer = complete_output(formats)
    return [
        _shared("-n", "--namespace", shell_complete=complete_namespace, help="Namespace; default: the context's."),
        _shared("-A", "--all-namespaces", is_flag=True, help="Look in all namespaces."),
        _shared("-o", "--output", metavar="FORMAT", shell_complete=completer, help=f"One of: {shown}."),
        click.option("--format", "output", hidden=True),
    ]


def _which_options() -> list[Callable[..., Any]]:
    from mcp_cli.completing import complete_context

    return [
        _shared("--kubeconfig", type=click.Path(), help="Kubeconfig file to use."),
        _shared("--context", shell_complete=complete_context, help="Context of the kubeconfig to use."),
        _shared("--local", is_flag=True, help="Use the embedded cluster, whatever else is there."),
    ]


def _how_options() -> list[Callable[..., Any]]:
    seconds = Duration()
    return [
        _shared("--timeout", type=seconds, help="Give the whole command up after this time (30s, 5m)."),
        _shared("--request-timeout", type=seconds, help="Give one request up after this time."),
        _shared("-v", "--verbose", count=True, help="Say each request on stderr."),
        _shared("--no-color", is_flag=True, help="No colour, not even on a terminal."),
    ]


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
        from mcp_cli.durations import spoken
        from mcp_cli.live import LiveLine

        said = f": {LiveLine.said}" if LiveLine.said else ""
        raise TimedOut(
            f"the command did not end within {spoken(self.seconds)} (--timeout){said}",
            "Raise --timeout, or leave it out." + (" What was begun goes on in the background." if said else ""),
        )


def stdin_is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
