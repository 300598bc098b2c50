"""`--arg k=v` -> a tool's arguments, typed by its input schema.

Role: pure. A value is read as what the schema says it is; what the schema does not know stays text. Called by `tools
call` and, for the answers to a server's questions, by `asking`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from mcp_cli.documents import json_of
from mcp_cli.errors import WrongUsage

Schema = dict[str, Any]

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def arguments_of(pairs: tuple[str, ...], schema: Schema, flag: str = "--arg") -> dict[str, Any]:
    """The arguments that `K=V` pairs give; a key given more than once makes a list."""
    texts: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise WrongUsage(f'{flag} "{pair}" is not NAME=VALUE', f"For example {flag} timezone=Europe/Berlin.")
        texts.setdefault(key, []).append(value)
    properties = _named(schema.get("properties"))
    for key in texts:
        if key not in properties and schema.get("additionalProperties") is False:
            raise WrongUsage(f'there is no argument "{key}"', _known(key, list(properties)))
    return {key: _one_or_many(key, values, properties.get(key) or {}, schema) for key, values in texts.items()}


def missing(arguments: dict[str, Any], schema: Schema) -> list[str]:
    """Required arguments that nobody gave, with their types."""
    properties = _named(schema.get("properties"))
    absent = [name for name in _listed(schema.get("required")) if isinstance(name, str) and name not in arguments]
    return [f"{name} ({type_word(resolved(properties.get(name) or {}, schema))})" for name in absent]


def _known(key: str, names: list[str]) -> str:
    near = get_close_matches(key, names, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"It takes: {', '.join(names) or 'none'}."


def _one_or_many(key: str, texts: list[str], schema: Schema, root: Schema) -> Any:
    found = resolved(schema, root)
    if "array" in types_of(found) and (len(texts) > 1 or not _is_json_list(texts[0])):
        items = resolved(found.get("items") if isinstance(found.get("items"), dict) else {}, root)
        return [typed(key, text, items, root) for text in texts]
    return typed(key, texts[-1], found, root)


def _is_json_list(text: str) -> bool:
    return text.lstrip().startswith("[")


def typed(key: str, text: str, schema: Schema, root: Schema) -> Any:
    """One value; WrongUsage where it cannot be what the schema says."""
    found = resolved(schema, root)
    types = types_of(found)
    for kind in types:
        value, fits = _as(kind, text)
        if fits:
            return value
    if not types or "string" in types:
        return text
    raise WrongUsage(
        f'"{text}" is no {type_word(found)}, which {key} takes', f"For example {key}={_example(types[0])}."
    )


def _as(kind: str, text: str) -> tuple[Any, bool]:
    """The text as a JSON type; strings are taken last, by the caller."""
    if kind == "boolean" and text.lower() in _WORDS:
        return _WORDS[text.lower()], True
    if kind == "string" or kind not in _JSON_TYPES:
        return None, False
    try:
        value = json_of(text)
    except ValueError:
        return None, False
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, _JSON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    return value, fits


def resolved(schema: Any, root: Schema, depth: int = 8) -> Schema:
    """The schema behind a local `$ref`; a reference elsewhere is never followed and stands for anything."""
    if not isinstance(schema, dict):
        return {}
    reference = schema.get("$ref")
    if not isinstance(reference, str) or depth == 0:
        return schema
    if not reference.startswith("#/"):
        return {}
    node: Any = root
    for part in reference[2:].split("/"):
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return resolved(node, root, depth - 1)


def types_of(schema: Schema) -> list[str]:
    """The JSON types a schema allows, the more special before strings."""
    found = schema.get("type")
    types = [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]
    for keyword in ("anyOf", "oneOf"):
        for option in _listed(schema.get(keyword)):
            types += types_of(option) if isinstance(option, dict) else []
    values = [*_listed(schema.get("enum")), *([schema["const"]] if "const" in schema else [])]
    if not types:
        types = [name for value in values for name, kinds in _ALL if type(value) in kinds]
    return sorted(dict.fromkeys(types), key=lambda name: name == "string")


_ALL = (("string", (str,)), ("boolean", (bool,)), ("integer", (int,)), ("number", (float,)), ("null", (type(None),)))


def _listed(value: Any) -> list[Any]:
    """A server's schema may hold anything."""
    return value if isinstance(value, list) else []


def _named(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def type_word(schema: Schema) -> str:
    values = _listed(schema.get("enum"))
    if values:
        return "one of " + ", ".join(str(value) for value in values)
    return " or ".join(types_of(schema)) or "any value"


def _example(kind: str) -> str:
    return {"integer": "3", "number": "1.5", "boolean": "true", "array": '["a","b"]', "object": '{"a":1}'}.get(
        kind, "null"
    )
