"""What can go wrong for a person, and the one place that turns it into words and an exit code.

Role: the exception hierarchy of the command line and the boundary around it. An error is two lines on stderr: what and
why, then what to do next. Not its job: deciding whether something is an error. Called by `main`; raised by everything
in `mcp_cli`.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import IO

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_TIMED_OUT = 124
EXIT_INTERRUPTED = 130

PLUGIN = "kubectl-mcp"
DEBUG_VARIABLE = "MCP_DEBUG"


class CliError(Exception):
    """A failure with words: `message` says what and why, `hint` what to do next."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUsage(CliError):
    """Flags or arguments that do not go together; found before anything was done."""

    exit_code = EXIT_USAGE


class TimedOut(CliError):
    """A wait ended without what it waited for."""

    exit_code = EXIT_TIMED_OUT


class Silent(CliError):
    """The command failed and has said so already; only the exit code is left to give."""

    def __init__(self, exit_code: int = EXIT_FAILED) -> None:
        super().__init__("")
        self.exit_code = exit_code


class ClusterProblem(CliError):
    """The cluster cannot be found, reached or logged in to."""


class ApiProblem(CliError):
    """The API server refused: `status` is HTTP's, `reason` is Kubernetes' word for it."""

    def __init__(self, message: str, hint: str = "", *, status: int = 0, reason: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.reason = reason


class NotFound(ApiProblem):
    """The object is not there."""


class KindMissing(ApiProblem):
    """The cluster does not serve this kind at all."""


class Forbidden(ApiProblem):
    """The user may not do that."""


class Conflict(ApiProblem):
    """The object was changed by someone else, or exists already."""


class Invalid(ApiProblem):
    """The object breaks the rules of its kind."""


class Expired(ApiProblem):
    """A resource version too old to watch from."""


def boundary(program: Callable[[], int | None]) -> int:
    """Run `program`; give its exit code, or that of its failure after saying it."""
    try:
        code = program() or EXIT_OK
        _stdout().flush()
    except BrokenPipeError:
        _detach_stdout()
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        return _report(error)
    return code


def _report(error: Exception) -> int:
    import click

    _flush_results()
    if isinstance(error, click.Abort) and error.__cause__ is None:
        click.echo(err=True)  # a prompt leaves the cursor behind its question; elsewhere Click has ended the line
    message, hint, code = explain(error)
    if debugging():
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if message:
        say_error(message, hint)
    return code


def explain(error: Exception) -> tuple[str, str, int]:
    """The words and the exit code of an exception."""
    import click

    if isinstance(error, CliError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, click.Abort):
        return "", "", EXIT_INTERRUPTED
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "mcp"
        hint = getattr(error, "hint", "") or f"`{where} --help` shows how it is used."
        return error.format_message(), hint, EXIT_USAGE
    if isinstance(error, click.ClickException):
        return error.format_message(), "", error.exit_code
    if hasattr(error, "hint"):
        return str(error), str(error.hint or ""), EXIT_FAILED
    if isinstance(error, OSError) and error.filename:
        return (
            f"{error.filename}: {(error.strerror or str(error)).lower()}",
            "Check the path and its permissions.",
            EXIT_FAILED,
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
        words = (error.strerror or str(error)).lower()
        return f"the results cannot be written: {words}", "Free some space, or write elsewhere.", EXIT_FAILED
    return _unforeseen(error)


def _unforeseen(error: Exception) -> tuple[str, str, int]:
    """Errors of our own lower layers are written for people; anything else is a defect and says so."""
    if type(error).__module__.startswith(("mcp_operator.", "mcp_cli.")):
        return str(error) or type(error).__name__, "", EXIT_FAILED
    words = f"internal error: {type(error).__name__}: {error}"
    return (
        words,
        f"This is a defect in mcp: run it again with {DEBUG_VARIABLE}=1 and report what it prints.",
        EXIT_FAILED,
    )


def say_error(message: str, hint: str = "") -> None:
    """Two lines on stderr; red where a person looks at a terminal."""
    import click

    from mcp_cli.output.style import colour_for

    coloured = colour_for(sys.stderr)
    label = click.style("error:", fg="red", bold=True) if coloured else "error:"
    click.echo(f"{label} {_one_line(message)}", err=True)
    if hint:
        click.echo(f"       {_one_line(hint)}", err=True)


def _one_line(text: str) -> str:
    from mcp_cli.output.harmless import harmless

    return harmless(_as_called(" ".join(text.split())))


def _as_called(text: str) -> str:
    """Commands in the words are written with `mcp`, and shown with the name in use (`kubectl mcp`)."""
    return text.replace("`mcp ", f"`{program_name(sys.argv[0])} ")


def program_name(argv0: str) -> str:
    """`kubectl mcp` when called as a plugin, else `mcp`."""
    return "kubectl mcp" if os.path.basename(argv0) == PLUGIN else "mcp"  # noqa: PTH119  (pathlib costs start-up)


def debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def _flush_results() -> None:
    """What was printed before the failure comes before its words, even when both streams go to one file."""
    try:
        _stdout().flush()
    except OSError:
        _detach_stdout()


def _stdout() -> IO[str]:
    """The stream of results; a closed one (`>&-`) takes nothing and is no reason to fail in another way."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  (lives as long as the program)
    return sys.stdout


def _detach_stdout() -> None:
    """The reader has gone: keep the interpreter from complaining about it when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
