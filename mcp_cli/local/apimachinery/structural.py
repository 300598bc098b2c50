"""Validation of custom resources against the structural schema of their CRD, in the words of the API server.

Role: pure; walks object and schema together and collects causes. Formats stand in `formats`, CEL rules in `cel`.
Called by `validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery import formats
from mcp_cli.local.apimachinery.errors import Cause
from mcp_cli.local.apimachinery.schema import Schema, from_crd

# A cause that belongs to a whole object names no field.
NOWHERE = "<nil>"
BOUNDS = {"int32": 2**31, "int64": 2**63}
META = frozenset({"apiVersion", "kind", "metadata"})


def validate(schema: Schema, obj: dict[str, Any]) -> list[Cause]:
    """All that is wrong with a custom resource, its metadata aside."""
    causes: list[Cause] = []
    for key in schema.required:
        if key not in obj:
            causes.append(wrong.required(key))
    for key, value in obj.items():
        child = schema.child(key)
        if key not in META and child is not None:
            causes.extend(check(child, value, key))
    causes.extend(_rules(schema, obj, ""))
    causes.extend(_list_types(schema, obj, ""))
    return causes


def check(schema: Schema, value: Any, path: str) -> list[Cause]:
    """What is wrong at this place and below it, duplicates in lists aside."""
    if value is None and schema.nullable:
        return []
    mistaken = _type(schema, value, path)
    if mistaken is not None:
        causes = [mistaken, *_rules(schema, value, path)]
        if schema.type == "integer" and isinstance(value, float):
            text = f"Checked value must be of type integer (default format) in {path}"
            causes.append(wrong.invalid(NOWHERE, "", text))
        return causes
    causes = list(_format(schema, value, path))
    if isinstance(value, dict):
        causes.extend(_members(schema, value, path))
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            causes.extend(check(schema.items, item, f"{path}[{index}]"))
    causes.extend(_rules(schema, value, path))
    return causes


def _members(schema: Schema, value: dict[str, Any], path: str) -> Iterator[Cause]:
    for key in schema.required:
        if key not in value:
            yield wrong.required(f"{path}.{key}")
    if schema.embedded:
        for key in ("apiVersion", "kind"):
            if not value.get(key):
                yield wrong.required(f"{path}.{key}")
    for key, member in value.items():
        child = schema.child(key)
        if child is not None:
            yield from check(child, member, f"{path}.{key}")


def type_name(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _type(schema: Schema, value: Any, path: str) -> Cause | None:
    found = type_name(value)
    wanted = "integer,string" if schema.int_or_string else schema.type
    if not wanted or found in wanted.split(",") or (wanted == "number" and found == "integer"):
        return None
    return wrong.wrong_type(path, found, f'{path} in body must be of type {wanted}: "{found}"')


def _format(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    if isinstance(value, int) and schema.format in BOUNDS and schema.type == "integer":
        if not -BOUNDS[schema.format] <= value < BOUNDS[schema.format]:
            text = f"Checked value must be of type integer with format {schema.format} in {path}"
            yield wrong.invalid(NOWHERE, "", text)
    elif isinstance(value, str) and schema.format and not formats.fits(schema.format, value):
        yield wrong.wrong_type(path, value, f"{path} in body must be of type {schema.format}: {wrong.shown(value)}")


def _rules(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    rules = schema.rules
    if not rules:
        return
    if "enum" in rules and value not in rules["enum"]:
        yield wrong.not_supported(path, value, [str(option) for option in rules["enum"]])
    for keyword, checker in CHECKS.items():
        if keyword in rules:
            yield from checker(rules, value, path)
    yield from _combinations(rules, schema, value, path)


def _number(rules: dict[str, Any], value: Any, path: str) -> Iterator[Cause]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high, step = rules.get("minimum"), rules.get("maximum"), rules.get("multipleOf")
    if step and abs(value / step - round(value / step)) > 1e-9:
        yield wrong.invalid(path, value, f"{path} in body should be a multiple of {step}")
    if low is not None and (value < low or (value == low and rules.get("exclusiveMinimum"))):
        words = "greater than" if rules.get("exclusiveMinimum") else "greater than or equal to"
        yield wrong.invalid(path, value, f"{path} in body should be {words} {low}")
    if high is not None and (value > high or (value == high and rules.get("exclusiveMaximum"))):
        words = "less than" if rules.get("exclusiveMaximum") else "less than or equal to"
        yield wrong.invalid(path, value, f"{path} in body should be {words} {high}")


def _text(rules: dict[str, Any], value: Any, path: str) -> Iterator[Cause]:
    if not isinstance(value, str):
        return
    low, high, pattern = rules.get("minLength"), rules.get("maxLength"), rules.get("pattern")
    if high is not None and len(value) > high:
        yield wrong.too_long(path, high)
    elif low is not None and len(value) < low:
        yield wrong.invalid(path, value, f"{path} in body should be at least {low} chars long")
    elif pattern is not None and not re.search(formats.python_pattern(pattern), value):
        yield wrong.invalid(path, value, f"{path} in body should match '{pattern}'")


def _count(rules: dict[str, Any], value: Any, path: str) -> Iterator[Cause]:
    for kind, word, low, high in (
        (list, "items", "minItems", "maxItems"),
        (dict, "properties", "minProperties", "maxProperties"),
    ):
        if not isinstance(value, kind):
            continue
        if rules.get(low) is not None and len(value) < rules[low]:
            yield wrong.invalid(path, len(value), f"{path} in body should have at least {rules[low]} {word}")
        if rules.get(high) is not None and len(value) > rules[high]:
            yield wrong.too_many(path, len(value), rules[high])


Checker = Callable[[dict[str, Any], Any, str], Iterator[Cause]]


def _first_of(*keywords: str) -> Callable[[Checker], dict[str, Checker]]:
    """One checker serves several keywords and runs once, for the first of them that is there."""

    def build(checker: Checker) -> dict[str, Checker]:
        def guarded(own: str) -> Checker:
            def run(rules: dict[str, Any], value: Any, path: str) -> Iterator[Cause]:
                if next(keyword for keyword in keywords if keyword in rules) == own:
                    yield from checker(rules, value, path)

            return run

        return {keyword: guarded(keyword) for keyword in keywords}

    return build


CHECKS: dict[str, Checker] = {
    **_first_of("minimum", "maximum", "multipleOf")(_number),
    **_first_of("minLength", "maxLength", "pattern")(_text),
    **_first_of("minItems", "maxItems", "minProperties", "maxProperties")(_count),
}


def _combinations(rules: dict[str, Any], schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    """The logical keywords; a sub-schema only checks values, it specifies no structure."""
    if "allOf" in rules:
        results = [_sub(raw, value, path) for raw in rules["allOf"]]
        failed = [causes for causes in results if causes]
        if failed:
            yield from (cause for causes in failed for cause in causes)
            none = ". None validated" if len(failed) == len(results) else ""
            yield wrong.invalid(NOWHERE, "", f'"{path}" must validate all the schemas (allOf){none}')
    if "anyOf" in rules and not (schema.int_or_string and _only_types(rules["anyOf"])):
        results = [_sub(raw, value, path) for raw in rules["anyOf"]]
        if all(results):
            yield wrong.invalid(NOWHERE, "", f'"{path}" must validate at least one schema (anyOf)')
            yield from min(results, key=len)
    if "oneOf" in rules:
        yield from _one_of([_sub(raw, value, path) for raw in rules["oneOf"]], path)
    if "not" in rules and not _sub(rules["not"], value, path):
        yield wrong.invalid(NOWHERE, "", f'"{path}" must not validate the schema (not)')


def _one_of(results: list[list[Cause]], path: str) -> Iterator[Cause]:
    valid = sum(1 for causes in results if not causes)
    if valid == 1:
        return
    found = "Found none valid" if valid == 0 else f"Found {valid} valid alternatives"
    yield wrong.invalid(NOWHERE, "", f'"{path}" must validate one and only one schema (oneOf). {found}')
    if valid == 0:
        yield from min(results, key=len)


def _only_types(options: list[dict[str, Any]]) -> bool:
    return all(set(option) == {"type"} for option in options)


def _sub(raw: dict[str, Any], value: Any, path: str) -> list[Cause]:
    return check(from_crd(raw), value, path)


def _list_types(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    """Duplicates in sets and maps, everywhere."""
    if isinstance(value, dict):
        for key, member in value.items():
            child = schema.child(key)
            if child is not None and not (not path and key in META):
                yield from _list_types(child, member, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and schema.items is not None:
        if schema.list_type in ("set", "map"):
            yield from _duplicates(schema, value, path)
        for index, item in enumerate(value):
            yield from _list_types(schema.items, item, f"{path}[{index}]")


def _duplicates(schema: Schema, items: list[Any], path: str) -> Iterator[Cause]:
    seen: list[Any] = []
    for index, item in enumerate(items):
        identity: Any = item
        if schema.list_type == "map":
            if not isinstance(item, dict):
                continue
            identity = {key: item[key] for key in sorted(schema.list_keys) if key in item}
        if identity in seen:
            yield wrong.duplicate(f"{path}[{index}]", identity)
        seen.append(identity)
