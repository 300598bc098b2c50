"""`$(VAR)` in commands, arguments and environment values. Pure; the grammar is Kubernetes' own.

A name that is not known stays as it is; `$$(VAR)` is the way to write `$(VAR)` itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with every known reference replaced."""

    def value(match: re.Match[str]) -> str:
        if match.group(1) == "$":
            return "$"
        return variables.get(match.group(2), match.group(0))

    return _REFERENCE.sub(value, text)
