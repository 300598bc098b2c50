"""One thing that is wrong with a field, in words for people. Pure; called by the validation of every kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: where (`spec.image`), what to do about it, and a CamelCase reason."""

    path: str
    message: str
    reason: str = "InvalidSpec"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
