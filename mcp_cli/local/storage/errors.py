"""What can go wrong in storage. Raised by the store, turned into Kubernetes' words by the API server."""

from __future__ import annotations


class StorageError(Exception):
    """Base of everything that storage raises."""


class Exists(StorageError):
    """An object with that key is there already."""


class Missing(StorageError):
    """No object has that key."""


class Conflict(StorageError):
    """The object changed since it was read."""


class Compacted(StorageError):
    """The revision asked for is older than the history that is kept."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {revision} ({oldest})")
        self.revision = revision
        self.oldest = oldest


class StorageFull(StorageError):
    """The disk has no room; nothing was written and nothing was lost."""


class DatabaseBroken(StorageError):
    """The database file cannot be used as one."""
