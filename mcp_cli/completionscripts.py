"""The completion scripts of the shells.

Role: text; each script asks the program itself for what to offer. Called by `mcp completion` and by the generator of
the files in completions/.
"""

from __future__ import annotations

PROGRAMS = ("mcp", "kubectl-mcp")
VARIABLE = "_MCP_COMPLETE"

KUBECTL = """#!/bin/sh
# Completion of `kubectl mcp`: put this on the PATH as kubectl_complete-mcp.
exec mcp __complete "$@"
"""


def script(shell: str) -> str:
    """The script of one shell, for every name of the program."""
    if shell == "kubectl":
        return KUBECTL
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    parts = [_for_program(found.source_template, name).strip("\n") for name in PROGRAMS]
    if shell == "zsh":
        return _zsh(found.source_template)
    return "\n\n".join(parts) + "\n"


def _for_program(template: str, name: str) -> str:
    return template % {"complete_func": _function(name), "complete_var": VARIABLE, "prog_name": name}


def _function(name: str) -> str:
    return f"_{name.replace('-', '_')}_completion"


def _zsh(template: str) -> str:
    """One autoloaded file serves both names; zsh says which was called in the first word."""
    text = _for_program(template, PROGRAMS[0]).strip("\n")
    names = " ".join(PROGRAMS)
    return (
        text.replace(f"#compdef {PROGRAMS[0]}", f"#compdef {names}").replace(
            f"compdef {_function(PROGRAMS[0])} mcp", f"compdef {_function(PROGRAMS[0])} {names}"
        )
        + "\n"
    )
