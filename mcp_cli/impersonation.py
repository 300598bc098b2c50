"""Who a kubeconfig's user acts as, in the command line's words.

Role: the headers of every request, or a refusal that says what to do; what a kubeconfig may say is the runtime's. Not
its job: credentials (`logins`). Called by `target`.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.runtime import impersonation

from mcp_cli.errors import ClusterProblem

KEYS = impersonation.KEYS
HEADER_PREFIX = "impersonate-"

_HINT = "Correct the user in the kubeconfig, or choose another with --context."


def headers(user: dict[str, Any], source: str) -> tuple[tuple[str, str], ...]:
    """One header a value: groups, and values of an extra key, repeat their name."""
    try:
        return impersonation.headers(user, source)
    except impersonation.CannotActAs as error:
        raise ClusterProblem(str(error), _HINT) from error
