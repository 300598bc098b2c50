"""The templates of the Docker registry's layout: `{{name|filter|filter:value}}` in commands, volumes and variables.

Role: read and expand them; `name` may be nested (`server.volume.share`). Not its job: knowing what a name stands for,
which the caller's `lookup` says. Pure.

The filters: `volume` turns a path into a mount at the same place (`/a` -> `/a:/a`), `volume-target` into the place
where it is mounted, `or:VALUE` gives a value (JSON) where there is none, `into` makes several words of a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp_operator.catalog.errors import CatalogError

Lookup = Callable[[str], Any]

# One that begins inside another ends the search for the end of that one: a text of braces is read in one go.
_TEMPLATE = re.compile(r"\{\{((?:(?!\{\{).)*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
_PLAIN_FILTERS = ("into", "volume", "volume-target")


class TemplateError(CatalogError):
    """A template that cannot be read or expanded: `str()` shows it and says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """One `{{...}}`: the name, then filters as `(filter, value)`."""

    source: str
    name: str
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def optional(self) -> bool:
        """Whether it says itself what stands in for a missing value."""
        return any(name == "or" for name, _ in self.filters)


def templates(text: str) -> list[Template]:
    """The templates of a text, in their order. Raises TemplateError."""
    return [_parse(found[0], found[1]) for found in _TEMPLATE.finditer(text)]


def expand(text: str, lookup: Lookup) -> list[str] | None:
    """The words that a text stands for: one, or for a lone template over a list any number.

    None when a value is missing (`lookup` gave None) and the template has nothing in its place. Raises TemplateError.
    """
    found = templates(text)
    if not found:
        return [text]
    values = [_value(template, lookup) for template in found]
    if any(value is None for value in values):
        return None
    if len(found) == 1 and text.strip() == found[0].source:
        value = values[0]
        return [_word(item, found[0]) for item in value] if isinstance(value, list) else [_word(value, found[0])]
    words = iter([_word(value, template) for value, template in zip(values, found, strict=True)])
    return [_TEMPLATE.sub(lambda _: next(words), text)]


def _parse(source: str, inside: str) -> Template:
    name, *filters = (part.strip() for part in inside.split("|"))
    if not _NAME.fullmatch(name):
        raise TemplateError(f"the template {source} names no value", "it has to read {{name}} or {{name|filter}}")
    return Template(source, name, tuple(_filter(text, source) for text in filters))


def _filter(text: str, source: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if name == "or" and colon:
        try:
            json.loads(value)
        except (ValueError, RecursionError) as error:
            raise TemplateError(
                f"the template {source:.200}: {value[:200]!r} is no JSON value", "for example or:[]"
            ) from error
        return name, value
    if name not in _PLAIN_FILTERS or colon:
        known = ", ".join((*_PLAIN_FILTERS, "or:VALUE"))
        raise TemplateError(f"the template {source} has the unknown filter {text!r}", f"known: {known}")
    return name, ""


def _value(template: Template, lookup: Lookup) -> Any:
    value = lookup(template.name)
    for name, argument in template.filters:
        if name == "or" and value is None:
            value = json.loads(argument)
        elif name in ("volume", "volume-target") and value is not None:
            convert = _mount if name == "volume" else _target
            value = (
                [convert(_word(item, template)) for item in value] if isinstance(value, list) else convert(str(value))
            )
    return value


def _mount(path: str) -> str:
    return path if ":" in path else f"{path}:{path}"


def _target(path: str) -> str:
    return path.split(":")[1] if ":" in path else path


def _word(value: Any, template: Template) -> str:
    """A value as one word."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    what = "a list" if isinstance(value, list) else "an object"
    raise TemplateError(f"the template {template.source} stands for {what} where one word belongs", "give one value")
