"""The entry point of `mcp` and of the kubectl plugin `kubectl-mcp`.

Role: name the program, put the error boundary around it. Not its job: any command, or the tree of them (`root`), which
is imported inside the boundary: an interrupt while a library is read is an interrupt like any other. Called by the
console scripts.
"""

from __future__ import annotations

import os
import sys

from mcp_cli.errors import WrongUsage, boundary, program_name

COMPLETE_VARIABLE = "_MCP_COMPLETE"


def main() -> None:
    """Run the command line and leave with its exit code."""
    name = program_name(sys.argv[0])
    _have_streams()
    _never_fail_on_a_character()
    sys.exit(boundary(lambda: run(sys.argv[1:], name)))


def _have_streams() -> None:
    """A closed stream (`<&-`) is nothing to read and takes nothing; what is opened later must not get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  (lives as long)


def _never_fail_on_a_character() -> None:
    """What the locale cannot write (the marks of `status`, a tool's emoji) is written as its escape."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _as_text(word: str) -> str:
    """A word of the command line whose bytes are no text to this locale: UTF-8 all the same, or the name of a file."""
    try:
        word.encode()
        return word
    except UnicodeEncodeError:
        if os.path.lexists(word.partition("=")[2] if word.startswith("--") else word):
            return word
    try:
        return os.fsencode(word).decode()
    except UnicodeDecodeError as error:
        raise WrongUsage(f'the argument "{word}" is not UTF-8', "Names and values are text in UTF-8.") from error


def run(arguments: list[str], name: str = "mcp") -> int:
    """One command line; gives its exit code or raises what went wrong."""
    from mcp_cli.root import root

    arguments = [word if word.isascii() else _as_text(word) for word in arguments]
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(root(), {}, name, COMPLETE_VARIABLE, instruction)
    answer = root().main(arguments, prog_name=name, standalone_mode=False, complete_var=COMPLETE_VARIABLE)
    return answer if isinstance(answer, int) else 0


if __name__ == "__main__":
    main()
