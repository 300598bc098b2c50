"""JSON, YAML and names: results for programs.

Role: documents without what only the server can use, so that they can be applied again. Called through `printer_for`.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mcp_cli.output.harmless import escaped, needs_escapes
from mcp_cli.output.stream import put

if TYPE_CHECKING:
    from mcp_cli.output.table import Table

_SERVER_SIDE = ("managedFields", "resourceVersion", "selfLink")
_READ_AS_OTHER = re.compile(
    r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?|0[oxb][\da-fA-F_]+|[yYnN]|\.(inf|nan)", re.IGNORECASE
)


def clean(document: Any) -> Any:
    """The document without managed fields and resource versions: they would keep it from being applied again."""
    if not isinstance(document, dict):
        return document
    if document.get("kind", "").endswith("List") and isinstance(document.get("items"), list):
        items = [clean(item) for item in document["items"]]
        return {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
    metadata = document.get("metadata")
    if "kind" not in document or not isinstance(metadata, dict):
        return document
    return document | {"metadata": {k: v for k, v in metadata.items() if k not in _SERVER_SIDE}}


def takes_unicode() -> bool:
    """Whether stdout takes every character; elsewhere documents hold escapes of their own form, which readers know."""
    return codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name == "utf-8"


def json_text(value: Any, **form: Any) -> str:
    """JSON for stdout: readable where it can be, and never obeyed by a terminal."""
    import json

    return escaped(json.dumps(value, ensure_ascii=not takes_unicode(), **form))


def items_of(document: Any) -> list[Any]:
    """What stands for one line each: a list's items, the one list of an answer (`{"tools": [...]}`), else the whole."""
    if isinstance(document, dict) and "items" in document:
        return list(document["items"])
    if isinstance(document, dict) and len(document) == 1:
        (only,) = document.values()
        if isinstance(only, list):
            return only
    return [document]


class JsonPrinter:
    """One indented JSON document."""

    human = False

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        click.echo(json_text(clean(document), indent=4))


class YamlPrinter:
    """One YAML document, or several for a list of documents."""

    human = False

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        click.echo(to_yaml(clean(document)), nl=False)


class NamePrinter:
    """`kind.group/name`, a line an object."""

    human = False

    def show(
        self, document: Any, table: Callable[[], Table] | None = None, text: Callable[[], str] | None = None
    ) -> None:
        from mcp_cli.output.naming import reference

        for item in items_of(document):
            put(" ".join(reference(item).split("\n")))


def to_yaml(document: Any) -> str:
    """YAML that YAML 1.1 and 1.2 readers understand alike; texts of several lines stay readable."""
    import yaml

    try:
        text = _dumped(document, getattr(yaml, "CSafeDumper", yaml.SafeDumper), unicode=takes_unicode())
    except UnicodeEncodeError:  # half of a character: only the dumper in Python has an escape for it
        return _dumped(document, yaml.SafeDumper, unicode=False)
    return _dumped(document, yaml.SafeDumper, unicode=False) if needs_escapes(text) else text


def _dumped(document: Any, base: Any, *, unicode: bool) -> str:
    import yaml

    class Dumper(base):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else "'" if _READ_AS_OTHER.fullmatch(value) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    made: str = yaml.dump(
        document, Dumper=Dumper, sort_keys=False, allow_unicode=unicode, width=10_000, default_flow_style=False
    )
    return made
