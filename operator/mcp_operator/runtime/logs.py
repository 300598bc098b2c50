"""Structured logs: one JSON object a line, with the correlation id of the reconcile that wrote it.

Role: formats what `logging` gets, and carries the id through tasks in a context variable. Called by the entry point
(`set_up`) and the controllers' worker loop (`correlation`).
"""

from __future__ import annotations

import json
import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

_context: ContextVar[dict[str, str] | None] = ContextVar("mcp_log_context", default=None)


@contextmanager
def correlation(**fields: str) -> Iterator[str]:
    """Every line logged inside carries the fields and one new id."""
    identity = uuid.uuid4().hex[:12]
    token = _context.set({"correlation_id": identity, **fields})
    try:
        yield identity
    finally:
        _context.reset(token)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
            **(_context.get() or {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """The root logger writes JSON to stderr; the HTTP libraries speak only of trouble."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("aiohttp", "asyncio", "httpx", "httpcore", "kubernetes"):
        logging.getLogger(name).setLevel(logging.WARNING)
