"""A file of either format, with one entry or many: text -> entries and what was wrong with the others. Pure.

Known: an item or a list of the official API's format (JSON); one document of the Docker layout, several in one YAML
stream, or a list of them under `servers` or, by name, under `registry`. Called by readers of files and addresses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mcp_operator.catalog import docker, official
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.model import ServerEntry

_LISTS = ("servers", "registry", "items")


def entries_of(text: str, source: str, origin: str) -> Iterator[ServerEntry | MalformedEntry]:
    """Every entry of a document; a document that is none at all is one MalformedEntry."""
    try:
        items = _json_items(text, origin) if text.lstrip()[:1] in ("{", "[") else _yaml_items(text, origin)
    except MalformedEntry as error:
        yield error
        return
    for number, item in enumerate(items, 1):
        named = origin if len(items) == 1 else f"{origin}, entry {number}"
        try:
            yield _entry(item, source, named)
        except MalformedEntry as error:
            yield error


def _entry(item: Any, source: str, origin: str) -> ServerEntry:
    if isinstance(item, str):
        return docker.parse(item, source, origin)
    if not isinstance(item, dict):
        raise MalformedEntry(f"{origin}: is no entry")
    return official.parse(item, source, origin)


def _json_items(text: str, origin: str) -> list[Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedEntry(f"{origin}: is no JSON: {error}") from error
    items = _listed(document)
    return [json.dumps(item) if _is_docker(item) else item for item in items]


def _yaml_items(text: str, origin: str) -> list[Any]:
    import yaml

    from mcp_operator.catalog import plainyaml

    documents = [document for document in plainyaml.documents(text, origin) if document is not None]
    items = [item for document in documents for item in _listed(document)]
    if len(documents) == 1 and items == [documents[0]] and _is_docker(documents[0]):
        return [text]
    return [yaml.safe_dump(item, sort_keys=False, allow_unicode=True) if _is_docker(item) else item for item in items]


def _listed(document: Any) -> list[Any]:
    """The entries of an index, or the document itself as the only one."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return [document]
    found = next((document[key] for key in _LISTS if isinstance(document.get(key), dict | list)), None)
    if isinstance(found, dict):
        return [{"name": name, **item} if isinstance(item, dict) else item for name, item in found.items()]
    return [document] if found is None else found


def _is_docker(item: Any) -> bool:
    """Packages, remotes and the wrapper `server` are the official format's; an image, `run` or `about` are Docker's."""
    if not isinstance(item, dict) or isinstance(item.get("server"), dict):
        return False
    return not {"packages", "remotes", "$schema"} & item.keys() and bool(
        {"image", "run", "about", "remote"} & item.keys()
    )
