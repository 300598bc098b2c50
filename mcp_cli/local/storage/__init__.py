"""Storage of the embedded API server: objects with one global revision, their history, and watches on it.

Knows JSON texts and keys, nothing of Kubernetes. Called by the API server only; nobody else opens the database.
"""

from __future__ import annotations

from mcp_cli.local.storage.errors import Compacted, Conflict, DatabaseBroken, Exists, Missing, StorageError, StorageFull
from mcp_cli.local.storage.store import Page, Row, Store
from mcp_cli.local.storage.watch import Change, Watcher

__all__ = [
    "Change",
    "Compacted",
    "Conflict",
    "DatabaseBroken",
    "Exists",
    "Missing",
    "Page",
    "Row",
    "StorageError",
    "StorageFull",
    "Store",
    "Watcher",
]
