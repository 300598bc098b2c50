"""What a conversation asks of its driver: each effect is one piece of I/O, or one call back to the user.

A flow is a generator that yields effects and is sent their results; `mcp_operator.client.sync` and `.aio` run the same
flows. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mcp_operator.protocol.questions import Question

T = TypeVar("T")


@dataclass(slots=True)
class Reply:
    """An HTTP response whose body is still to be read. `handle` belongs to the driver."""

    status: int
    headers: Mapping[str, str]
    handle: Any = None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request; the result is a Reply as soon as its head is there. Header names of a Reply are lower case."""

    verb: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    # A stream that the server may leave silent for as long as it likes.
    endless: bool = False
    # Someone may be asked while this request is open, and people take their time.
    asking: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of a body, b"" at its end."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Shut:
    """Let go of a response, read or not."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to the user; the result is the content to accept with, or None to decline."""

    question: Question


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a request has come; the driver passes it to the caller."""

    progress: float
    total: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    progress: Progress


@dataclass(frozen=True, slots=True)
class Spawn:
    """Run a flow beside this one; the result is a handle, given when that flow is Ready, over, or slow to start."""

    flow: Generator[Any, Any, None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """Said by a spawned flow when the one that spawned it may go on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End a spawned flow; an error of the user's answers there is raised here."""

    handle: Any


Effect = Open | Read | Shut | Sleep | Ask | Tell | Spawn | Ready | Stop
Flow = Generator[Effect, Any, T]
