"""The sources that a user has configured: a YAML file under the user's configuration directory, written atomically."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mcp_operator.catalog.errors import CatalogError

SourceType = Literal["builtin", "directory"]
BUILTIN_PRIORITY = 100
DEFAULT_PRIORITY = 50
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries come from. Of two entries of one name, that of the source with the higher priority is taken."""

    name: str
    type: SourceType
    path: str = ""
    priority: int = DEFAULT_PRIORITY


BUILTIN = Source("builtin", "builtin", priority=BUILTIN_PRIORITY)


def load(path: Path) -> list[Source]:
    """The sources, the builtin one among them, by falling priority. Raises CatalogError for a broken file."""
    configured = [_parse(item, path) for item in _read(path)]
    named = {source.name: source for source in (BUILTIN, *configured)}
    return sorted(named.values(), key=lambda source: (-source.priority, source.name))


def save(path: Path, sources: Sequence[Source]) -> None:
    """Write all but an unchanged builtin source; the old file stays whole until the new one is."""
    import yaml

    listed = [
        {key: value for key, value in asdict(source).items() if value != ""} for source in sources if source != BUILTIN
    ]
    text = yaml.safe_dump({"sources": listed}, sort_keys=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as error:
        raise CatalogError(
            f"cannot write {path}: {error.strerror}", "check its permissions and the free space"
        ) from error


def check_name(name: str) -> None:
    """Raises CatalogError for a name that cannot stand in a flag, a file or an object."""
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise CatalogError(f"{name!r} is no name for a source", "use lower-case letters, digits, '-' and '.'")


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _read(path: Path) -> list[Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text()) or {}
    except FileNotFoundError:
        return []
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError(f"cannot read {path}: {error}", "repair it, or remove it to start over") from error
    listed = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise CatalogError(f"{path} holds no list 'sources'", "repair it, or remove it to start over")
    return listed


def _parse(item: Any, path: Path) -> Source:
    try:
        source = Source(**item)
    except TypeError as error:
        raise CatalogError(
            f"{path}: {item!r} is no source: {error}", "repair it, or remove it to start over"
        ) from error
    if source.type not in ("builtin", "directory"):
        raise CatalogError(f"{path}: {source.name} has the unknown type {source.type!r}", "known: directory")
    return source
