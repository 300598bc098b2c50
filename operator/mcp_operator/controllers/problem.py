"""Why a server is not as it should be: the value that travels from wherever it is found to the status. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_operator.bridge.masking import mask_forms

# It stands in the status five times over, and some words are a stranger's: credentials do not get there.
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """`reason` is one CamelCase word, `message` a sentence for people that does not change while the problem stays."""

    reason: str
    message: str
    fatal: bool = False
    """Nothing will help but a change."""
    again: float | None = None
    """Seconds after which to look again, where no event will tell."""

    def __post_init__(self) -> None:
        line = mask_forms(" ".join(self.message.split()))
        object.__setattr__(self, "message", line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")
